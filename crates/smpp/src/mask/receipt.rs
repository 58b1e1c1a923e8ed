//! What of a receipt's text may be seen: the fields of a receipt (SMPP 3.4, appendix B) with values that are words of ids and
//! states, up to the text that it quotes. Whatever stands between them is masked.

use std::ops::Range;

use super::shown::is_word;

/// Names of fields, and the longest value of each.
const FIELDS: [(&[u8], usize); 7] = [
    (b"id:", 64),
    (b"sub:", 3),
    (b"dlvrd:", 3),
    (b"submit date:", 20),
    (b"done date:", 20),
    (b"stat:", 10),
    (b"err:", 10),
];
/// Here the words of the message begin.
const QUOTED: &[u8] = b"text:";

pub(super) fn shown(text: &[u8], show: &mut impl FnMut(Range<usize>)) {
    let mut at = 0;
    // How long the value may be that a name announced.
    let mut announced = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if begins_with(rest, QUOTED) {
            return show(at..at + QUOTED.len());
        }
        if let Some((name, octets_max)) = FIELDS.iter().find(|(name, _)| begins_with(rest, name)) {
            show(at..at + name.len());
            at += name.len();
            announced = *octets_max;
            continue;
        }
        let length = rest.iter().position(|octet| is_space(*octet)).unwrap_or(rest.len());
        if length == 0 {
            show(at..at + 1);
            at += 1;
            continue;
        }
        let word = rest.get(..length).unwrap_or_default();
        if length <= announced && is_word(word) {
            show(at..at + length);
        }
        announced = 0;
        at += length;
    }
}

const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | 0 | b'\t' | b'\r' | b'\n')
}

/// In capitals or not.
fn begins_with(text: &[u8], name: &[u8]) -> bool {
    text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let mut copy = vec![b'*'; text.len()];
        shown(text.as_bytes(), &mut |part| copy[part.clone()].copy_from_slice(&text.as_bytes()[part]));
        String::from_utf8(copy).expect("of letters")
    }

    #[test]
    fn the_fields_of_a_receipt_are_shown_and_no_other_words() {
        for (text, expected) in [
            (
                "id:a1 sub:001 dlvrd:001 submit date:2611230600 done date:2611230601 stat:DELIVRD err:000 text:code 1234",
                "id:a1 sub:001 dlvrd:001 submit date:2611230600 done date:2611230601 stat:DELIVRD err:000 text:*********",
            ),
            ("ID: a1 Stat: UNDELIV Text: code", "ID: a1 Stat: UNDELIV Text:*****"),
            ("code 1234 id:a1 stat:DELIVRD 1234", "**** **** id:a1 stat:DELIVRD ****"),
            ("id:a1 stat:your-code-is-1234", "id:a1 stat:*****************"),
            ("id:a1 pin:1234 err:text:1234", "id:a1 ******** err:text:****"),
            ("sub:1234 err: code", "sub:**** err: code"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }
}
