//! The form of a smsc_message_id that answer and receipt are matched by: a connector's rules, applied to both sides.

use crate::profile::{IdRadix, ReceiptIdSettings};

/// Where an id was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdSide {
    /// In the answer to a submit_sm.
    Answer,
    /// In a receipt.
    Receipt,
}

/// An id with the usual rules, those of a profile that says nothing: NULs and white space around it trimmed (Q-B5), ASCII in
/// capitals (Q-B3), leading zeros of an id of hexadecimal digits dropped (Q-B2). `" 00ab12\0"` gives `AB12`, `"000"` gives
/// `0`. Ids of another form, such as UUIDs, keep their zeros.
#[must_use]
pub fn normalise_id(raw: &str) -> String {
    dressed(trimmed(raw), true, true)
}

impl ReceiptIdSettings {
    /// The id as it is compared. In this order: blanks and NULs trimmed, the side's prefix taken off, cut to the
    /// characters that count, then read as a number of up to 128 bits if a base is named, else compared as text. An id that
    /// is no number in its base is text.
    #[must_use]
    pub fn comparable(&self, raw: &str, side: IdSide) -> String {
        let (prefix, radix) = match side {
            IdSide::Answer => (&self.submit_prefix, radix_of(self.submit_radix, self.receipt_radix)),
            IdSide::Receipt => (&self.receipt_prefix, radix_of(self.receipt_radix, self.submit_radix)),
        };
        let id = self.cut(self.without_prefix(trimmed(raw), prefix));
        match radix.and_then(|radix| u128::from_str_radix(without_0x(id, radix), radix).ok()) {
            Some(number) => format!("{number:X}"),
            None => dressed(id, self.fold_case, self.strip_zeros),
        }
    }

    fn without_prefix<'a>(&self, id: &'a str, prefix: &str) -> &'a str {
        let Some(head) = id.get(..prefix.len()) else { return id };
        let is_prefix = if self.fold_case { head.eq_ignore_ascii_case(prefix) } else { head == prefix };
        if is_prefix { id.get(prefix.len()..).unwrap_or(id) } else { id }
    }

    fn cut<'a>(&self, id: &'a str) -> &'a str {
        match usize::from(self.significant_chars) {
            0 => id,
            count => id.char_indices().nth(count).map_or(id, |(end, _)| id.get(..end).unwrap_or(id)),
        }
    }
}

/// Whether an id says which message is meant: not when it is empty or zero (Q-B9).
#[must_use]
pub fn names_a_message(raw: &str) -> bool {
    trimmed(raw).chars().any(|c| c != '0')
}

fn trimmed(raw: &str) -> &str {
    raw.trim_matches(|c: char| c == '\0' || c.is_whitespace())
}

/// The base of a side. Whoever names the base of one side does so because the other has another.
fn radix_of(own: IdRadix, other: IdRadix) -> Option<u32> {
    match (own, other) {
        (IdRadix::Decimal, _) | (IdRadix::AsIs, IdRadix::Hex) => Some(10),
        (IdRadix::Hex, _) | (IdRadix::AsIs, IdRadix::Decimal) => Some(16),
        (IdRadix::AsIs, IdRadix::AsIs) => None,
    }
}

fn without_0x(id: &str, radix: u32) -> &str {
    let hex = id.strip_prefix("0x").or_else(|| id.strip_prefix("0X"));
    // A sign would be read, too.
    let id = hex.filter(|_| radix == 16).unwrap_or(id);
    if id.starts_with('+') { "" } else { id }
}

fn dressed(id: &str, fold_case: bool, strip_zeros: bool) -> String {
    let numeric = !id.is_empty() && id.bytes().all(|octet| octet.is_ascii_hexdigit());
    let id = match id.trim_start_matches('0') {
        _ if !(strip_zeros && numeric) => id,
        "" => "0",
        significant => significant,
    };
    if fold_case { id.to_ascii_uppercase() } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_differ_only_in_dress_are_equal() {
        for (raw, expected) in [
            ("0123456789", "123456789"),
            ("  7b1f\0", "7B1F"),
            ("7B1F", "7B1F"),
            ("0000", "0"),
            ("", ""),
            ("\0 ", ""),
            ("0-abc", "0-ABC"),
            ("00f3b2a1-0000-4000-8000-0123456789ab", "00F3B2A1-0000-4000-8000-0123456789AB"),
        ] {
            assert_eq!(normalise_id(raw), expected, "{raw:?}");
            assert_eq!(ReceiptIdSettings::default().comparable(raw, IdSide::Receipt), expected, "{raw:?}");
        }
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for raw in ["00aF", "x00 ", "\0\0", "٠12", "ß9"] {
            let once = normalise_id(raw);
            assert_eq!(normalise_id(&once), once);
        }
    }

    /// Regression A.2 #5: every way in which an id was seen to differ between answer and receipt, with the rule that joins them.
    #[test]
    fn regression_a2_05_the_matrix_of_id_forms() {
        for (rule, answer, receipt) in [
            ("{}", "7b1f", "7B1F"),
            ("{}", "0007B1F", "7b1f"),
            ("{}", "7B1F", "00000000007B1F"),
            ("{}", "1234567890\0", " 1234567890 "),
            (r#"{"submit_radix":"hex","receipt_radix":"decimal"}"#, "5C4E7A12", "1548646930"),
            (r#"{"submit_radix":"hex"}"#, "0x5c4e7a12", "1548646930"),
            (r#"{"submit_radix":"hex"}"#, "5C4E7A12", "0001548646930"),
            (r#"{"submit_radix":"decimal","receipt_radix":"hex"}"#, "1548646930", "5c4e7a12"),
            (r#"{"receipt_radix":"hex"}"#, "0001548646930", "00005C4E7A12"),
            (r#"{"submit_radix":"hex"}"#, "FEDCBA9876543210", "18364758544493064720"),
            (
                r#"{"submit_radix":"hex"}"#,
                "ffffffffffffffffffffffffffffffff",
                "340282366920938463463374607431768211455",
            ),
            (r#"{"submit_radix":"hex"}"#, "not-a-number", "NOT-A-NUMBER"),
            (r#"{"submit_prefix":"SMSC1-"}"#, "smsc1-4711", "4711"),
            (r#"{"receipt_prefix":"MT:"}"#, "4711", "MT:4711"),
            (r#"{"submit_prefix":"A","submit_radix":"hex"}"#, "A1F", "31"),
            (r#"{"significant_chars":9}"#, "1234567890123", "123456789"),
            (r#"{"significant_chars":10}"#, "00f3b2a1-0000-4000-8000-0123456789ab", "00F3B2A1-0"),
        ] {
            let rule: ReceiptIdSettings = serde_json::from_str(rule).unwrap();
            let keys = (rule.comparable(answer, IdSide::Answer), rule.comparable(receipt, IdSide::Receipt));
            assert_eq!(keys.0, keys.1, "{answer} and {receipt}");
        }
    }

    #[test]
    fn what_differs_stays_apart() {
        for (rule, answer, receipt) in [
            (r#"{"strip_zeros":false}"#, "007", "7"),
            (r#"{"fold_case":false}"#, "7b", "7B"),
            ("{}", "31", "1F"),
            (r#"{"submit_radix":"hex"}"#, "1F", "+31"),
            ("{}", "1234567890123", "123456789"),
        ] {
            let rule: ReceiptIdSettings = serde_json::from_str(rule).unwrap();
            let keys = (rule.comparable(answer, IdSide::Answer), rule.comparable(receipt, IdSide::Receipt));
            assert_ne!(keys.0, keys.1, "{answer} and {receipt}");
        }
    }

    #[test]
    fn nothing_and_zero_name_no_message() {
        for raw in ["", " ", "0", "0000", "\0\0", " 0\0"] {
            assert!(!names_a_message(raw), "{raw:?}");
        }
        assert!(names_a_message("10") && names_a_message("0a"));
    }
}
