//! The text of a message from its parts.

use super::Part;
use crate::text::{Reading, decode_user_data};

/// The text of these parts, which are in order; `None` when a data_coding says that they are no text.
///
/// Parts of one alphabet are read as one: phones cut in the middle of surrogate pairs and escapes. Packed septets, and parts
/// that differ, are read one by one.
#[must_use]
pub fn text(parts: &[Part], reading: &Reading) -> Option<String> {
    let (first, others) = parts.split_first()?;
    if others.iter().all(|part| belongs(part, first)) && !reading.packed {
        let (header, _) = first.split();
        let octets: Vec<u8> = parts.iter().flat_map(|part| part.split().1).copied().collect();
        return decode_user_data(first.data_coding, header.as_ref(), &octets, reading).text;
    }
    let texts = parts.iter().map(|part| {
        let (header, octets) = part.split();
        decode_user_data(part.data_coding, header.as_ref(), octets, reading).text
    });
    texts.collect()
}

/// Whether a part goes on where `first` began: same data_coding, same language, no byte order mark of its own.
fn belongs(part: &Part, first: &Part) -> bool {
    let language = |part: &Part| {
        let (header, _) = part.split();
        let elements = header.iter().flat_map(crate::text::udh::Udh::elements).filter(|element| is_shift(element.iei));
        elements.map(|element| (element.iei, element.data.to_vec())).collect::<Vec<_>>()
    };
    let marked = matches!(part.split().1, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..]);
    part.data_coding == first.data_coding && !marked && language(part) == language(first)
}

/// National language single shift and locking shift (23.040, 9.2.3.24.15 and .16).
fn is_shift(iei: u8) -> bool {
    matches!(iei, 0x24 | 0x25)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Encoding, encode, gsm7};

    fn part(no: u8, data_coding: u8, header: &[u8], octets: &[u8]) -> Part {
        Part { no, data_coding, udh: !header.is_empty(), octets: [header, octets].concat() }
    }

    #[test]
    fn pairs_and_escapes_that_were_cut_are_whole_again() {
        let octets = encode("Ваш 🙂 ответ", Encoding::Ucs2).unwrap();
        let (one, two) = octets.split_at(10); // In the middle of the surrogate pair.
        let parts = [part(1, 8, &[5, 0, 3, 7, 2, 1], one), part(2, 8, &[5, 0, 3, 7, 2, 2], two)];
        assert_eq!(text(&parts, &Reading::default()).as_deref(), Some("Ваш 🙂 ответ"));
        let parts = [part(1, 0, &[], &[b'5', gsm7::ESCAPE]), part(2, 0, &[], &[0x65])];
        assert_eq!(text(&parts, &Reading::default()).as_deref(), Some("5€"));
    }

    #[test]
    fn parts_that_differ_are_read_one_by_one() {
        let ucs2 = encode("да", Encoding::Ucs2).unwrap();
        let parts = [part(1, 0, &[], b"yes "), part(2, 8, &[], &ucs2)];
        assert_eq!(text(&parts, &Reading::default()).as_deref(), Some("yes да"));
        let little: Vec<u8> = "\u{feff}ok".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let parts = [part(1, 8, &[], &little), part(2, 8, &[], &little)];
        assert_eq!(text(&parts, &Reading::default()).as_deref(), Some("okok"));
    }

    #[test]
    fn packed_parts_have_fill_bits_of_their_own() {
        let header = |no| [5, 0, 3, 7, 2, no];
        let packed = |text: &str| gsm7::pack(&gsm7::encode(text).unwrap(), gsm7::fill_bits(6));
        let parts = [part(1, 0, &header(1), &packed("Hello, ")), part(2, 0, &header(2), &packed("world"))];
        let reading = Reading { packed: true, ..Reading::default() };
        assert_eq!(text(&parts, &reading).as_deref(), Some("Hello, world"));
    }

    #[test]
    fn binary_is_no_text() {
        assert_eq!(text(&[part(1, 4, &[], &[1, 2])], &Reading::default()), None);
        assert_eq!(text(&[], &Reading::default()), None);
    }
}
