//! The sandbox: what is played for which number. Nothing that is sent to one of its numbers is billed, or leaves the platform.
//!
//! ```
//! use sambac_domain::sandbox::{Play, play};
//! use sambac_domain::{ErrorCode, Msisdn, ReceiptState};
//! let number = |digits: &[u8]| Msisdn::from_digits(digits).unwrap();
//! let delivered = Play::Receipt { state: ReceiptState::Delivered, error: 0, after_ms: 0 };
//! assert_eq!(play(number(b"99955000001")), Some(delivered));
//! assert_eq!(play(number(b"447700900123")), None);
//! ```

mod markdown;

use crate::error::ErrorCode;
use crate::number::Msisdn;
use crate::receipt::ReceiptState;

pub use markdown::sandbox_markdown;

/// What the sandbox's numbers begin with, within the test network.
const PREFIX: &[u8] = b"99955";
/// The longest that a receipt is held back.
const DELAY_S_MAX: u32 = 300;
/// How many numbers there are for error codes.
const ERROR_NUMBERS: u32 = 1_000_000;

/// What becomes of a message to a number of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// It is taken, and a receipt comes.
    Receipt {
        /// What the receipt tells.
        state: ReceiptState,
        /// The operator's error code, 0 to 999.
        error: u16,
        /// How long after the message.
        after_ms: u64,
    },
    /// It is taken, and no receipt comes.
    NoReceipt,
    /// The operator refuses it with this command_status.
    Refused(u32),
    /// The operator does not answer.
    NoAnswer,
    /// The platform refuses it, and keeps nothing.
    Problem(ErrorCode),
}

/// What is played for the numbers of one group: the two digits behind the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Delivered,
    Late,
    Undeliverable,
    Expired,
    Rejected,
    Unknown,
    NoReceipt,
    Deleted,
    Refused,
    NoAnswer,
    Problem,
}

impl Group {
    const ALL: [(&'static str, Self); 11] = [
        ("00", Self::Delivered),
        ("01", Self::Late),
        ("02", Self::Undeliverable),
        ("03", Self::Expired),
        ("04", Self::Rejected),
        ("05", Self::Unknown),
        ("06", Self::NoReceipt),
        ("07", Self::Deleted),
        ("08", Self::Refused),
        ("09", Self::NoAnswer),
        ("90", Self::Problem),
    ];

    fn of(digits: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| name.as_bytes() == digits).map(|(_, group)| group)
    }

    fn play(self, number: u32) -> Option<Play> {
        let receipt = |state, error, after_ms| Play::Receipt { state, error, after_ms };
        let error = u16::try_from(number % 1_000).unwrap_or_default();
        Some(match self {
            Self::Delivered => receipt(ReceiptState::Delivered, 0, 0),
            Self::Late => receipt(ReceiptState::Delivered, 0, u64::from(number.min(DELAY_S_MAX)) * 1_000),
            Self::Undeliverable => receipt(ReceiptState::Undeliverable, error, 0),
            Self::Expired => receipt(ReceiptState::Expired, error, 0),
            Self::Rejected => receipt(ReceiptState::Rejected, error, 0),
            Self::Unknown => receipt(ReceiptState::Unknown, error, 0),
            Self::Deleted => receipt(ReceiptState::Deleted, error, 0),
            Self::NoReceipt => Play::NoReceipt,
            Self::Refused => Play::Refused(number),
            Self::NoAnswer => Play::NoAnswer,
            Self::Problem => {
                Play::Problem(ErrorCode::ALL.iter().copied().find(|error| error_number(*error) == number)?)
            }
        })
    }
}

/// Whether a number is the sandbox's.
#[must_use]
pub fn is_sandbox(number: Msisdn) -> bool {
    number.digits().as_bytes().starts_with(PREFIX)
}

/// What is played for a number; `None` when it is none of the sandbox's, or one for which nothing is played.
#[must_use]
pub fn play(number: Msisdn) -> Option<Play> {
    let digits = number.digits();
    let (group, rest) = digits.as_bytes().strip_prefix(PREFIX)?.split_at_checked(2)?;
    let number = std::str::from_utf8(rest).ok().filter(|rest| rest.len() >= 4)?.parse().ok()?;
    Group::of(group)?.play(number)
}

/// The last six digits of the number that is refused with a code: they follow from its name, so that they stay what they are when
/// codes are added.
#[must_use]
pub fn error_number(error: ErrorCode) -> u32 {
    // FNV-1a.
    let hash =
        error.code().bytes().fold(0x811c_9dc5_u32, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193));
    hash % ERROR_NUMBERS
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn played(digits: &str) -> Option<Play> {
        play(Msisdn::from_digits(digits.as_bytes()).expect(digits))
    }

    #[test]
    fn each_group_plays_its_outcome() {
        let receipt = |state, error, after_ms| Some(Play::Receipt { state, error, after_ms });
        for (digits, wanted) in [
            ("99955000000", receipt(ReceiptState::Delivered, 0, 0)),
            ("99955001234", receipt(ReceiptState::Delivered, 0, 0)),
            ("99955010002", receipt(ReceiptState::Delivered, 0, 2_000)),
            ("99955019999", receipt(ReceiptState::Delivered, 0, 300_000)),
            ("99955020017", receipt(ReceiptState::Undeliverable, 17, 0)),
            ("99955030000", receipt(ReceiptState::Expired, 0, 0)),
            ("99955040099", receipt(ReceiptState::Rejected, 99, 0)),
            ("99955050000", receipt(ReceiptState::Unknown, 0, 0)),
            ("99955060000", Some(Play::NoReceipt)),
            ("99955070000", receipt(ReceiptState::Deleted, 0, 0)),
            ("99955080011", Some(Play::Refused(11))),
            ("99955090000", Some(Play::NoAnswer)),
            ("99955100000", None),
            ("9995500000", None),
            ("9995500", None),
            ("99954000000", None),
            ("447700900123", None),
        ] {
            assert_eq!(played(digits), wanted, "{digits}");
        }
    }

    #[test]
    fn each_error_has_a_number_of_its_own() {
        let numbers: HashSet<u32> = ErrorCode::ALL.iter().map(|error| error_number(*error)).collect();
        assert_eq!(numbers.len(), ErrorCode::ALL.len());
        for error in ErrorCode::ALL {
            assert_eq!(played(&format!("9995590{:06}", error_number(*error))), Some(Play::Problem(*error)));
        }
        assert_eq!(played("9995590000000"), None, "nobody's");
        // As they are told to people, for ever.
        assert_eq!(error_number(ErrorCode::InsufficientFunds), 865_641);
    }
}
