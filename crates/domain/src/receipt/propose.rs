//! Which rule would make an unmatched receipt's id equal to an answer's (Q-B1 to Q-B4)?

use super::id::IdSide;
use crate::profile::{IdRadix, ReceiptIdSettings};

/// Fewer characters than these may be the same by accident.
const COMMON_CHARS_MIN: usize = 6;
/// The longest prefix that is thought of.
const PREFIX_CHARS_MAX: usize = 16;

impl ReceiptIdSettings {
    /// Whether answer and receipt are the same under these rules.
    #[must_use]
    pub fn joins(&self, answer: &str, receipt: &str) -> bool {
        self.comparable(answer, IdSide::Answer) == self.comparable(receipt, IdSide::Receipt)
    }

    /// The first change of these rules, from the plainest to the boldest, that makes the two ids one; `None` when they are
    /// one already, or when no change of a single kind does it.
    #[must_use]
    pub fn propose(&self, answer: &str, receipt: &str) -> Option<Self> {
        if self.joins(answer, receipt) {
            return None;
        }
        let (answer, receipt) = (answer.trim_matches(['\0', ' ']), receipt.trim_matches(['\0', ' ']));
        let plain = [
            Self { strip_zeros: true, fold_case: true, ..self.clone() },
            Self { submit_radix: IdRadix::Hex, receipt_radix: IdRadix::Decimal, ..self.clone() },
            Self { submit_radix: IdRadix::Decimal, receipt_radix: IdRadix::Hex, ..self.clone() },
        ];
        let bold = [self.with_prefix(answer, receipt), self.with_cut(answer, receipt)];
        plain.into_iter().chain(bold.into_iter().flatten()).find(|rule| rule.joins(answer, receipt))
    }

    /// One id is the other with something before it.
    fn with_prefix(&self, answer: &str, receipt: &str) -> Option<Self> {
        let prefix = |long: &str, short: &str| {
            let head = long.len().checked_sub(short.len()).filter(|head| (1..=PREFIX_CHARS_MAX).contains(head))?;
            let same = long.get(head..)?.eq_ignore_ascii_case(short) && short.len() >= COMMON_CHARS_MIN;
            same.then(|| long.get(..head).map(str::to_owned)).flatten()
        };
        if let Some(submit_prefix) = prefix(answer, receipt) {
            return Some(Self { submit_prefix, ..self.clone() });
        }
        prefix(receipt, answer).map(|receipt_prefix| Self { receipt_prefix, ..self.clone() })
    }

    /// One id is the beginning of the other.
    fn with_cut(&self, answer: &str, receipt: &str) -> Option<Self> {
        let count = answer.len().min(receipt.len());
        let same = answer.get(..count)?.eq_ignore_ascii_case(receipt.get(..count)?) && count >= COMMON_CHARS_MIN;
        let significant_chars = u8::try_from(count).ok().filter(|count| same && *count <= 64)?;
        Some(Self { significant_chars, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> ReceiptIdSettings {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_plainest_rule_that_fits_is_proposed() {
        for (now, answer, receipt, proposed) in [
            ("{}", "5C4E7A12", "1548646930", r#"{"submit_radix":"hex","receipt_radix":"decimal"}"#),
            ("{}", "1548646930", "05c4e7a12", r#"{"submit_radix":"decimal","receipt_radix":"hex"}"#),
            (r#"{"strip_zeros":false}"#, "0004711", "4711", "{}"),
            ("{}", "SMSC1-4711471", "4711471", r#"{"submit_prefix":"SMSC1-"}"#),
            ("{}", "4711471", "MT4711471", r#"{"receipt_prefix":"MT"}"#),
            ("{}", "12345678901234", "123456789", r#"{"significant_chars":9}"#),
        ] {
            assert_eq!(rule(now).propose(answer, receipt), Some(rule(proposed)), "{answer} and {receipt}");
        }
    }

    #[test]
    fn nothing_is_proposed_for_strangers_and_equals() {
        for (answer, receipt) in [("4711", "4711"), ("4711", "0815"), ("123", "12"), ("a1", "1"), ("", "77")] {
            assert_eq!(ReceiptIdSettings::default().propose(answer, receipt), None, "{answer} and {receipt}");
        }
    }
}
