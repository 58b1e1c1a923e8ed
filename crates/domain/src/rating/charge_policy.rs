//! When a segment is paid for: the line of the tariff says so, and the charge keeps it from the moment the message is taken.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which event captures what was held for a segment. A segment that ends without it is voided.
///
/// Text and serde form: `submit`, `accepted`, `delivered`, `verified`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargePolicy {
    /// The message was taken: captured in the same commit, whatever becomes of it.
    Submit,
    /// The operator took the segment: `submit_sm_resp` with status 0.
    Accepted,
    /// The receipt says delivered.
    #[default]
    Delivered,
    /// The one-time password that the message carried was verified.
    Verified,
}

/// The text is no charge policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the charge policy is submit, accepted, delivered or verified")]
pub struct ChargePolicyError;

impl ChargePolicy {
    /// All policies in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Submit, Self::Accepted, Self::Delivered, Self::Verified];

    /// The number kept in the database.
    pub const fn code(self) -> i16 {
        match self {
            Self::Submit => 0,
            Self::Accepted => 1,
            Self::Delivered => 2,
            Self::Verified => 3,
        }
    }

    /// The policy of a database number.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.code() == code)
    }

    /// The name used outside, as in serde.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Verified => "verified",
        }
    }
}

impl fmt::Display for ChargePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ChargePolicy {
    type Err = ChargePolicyError;

    fn from_str(text: &str) -> Result<Self, ChargePolicyError> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text).ok_or(ChargePolicyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_fixed_and_go_round() {
        for (policy, code, name) in [
            (ChargePolicy::Submit, 0, "submit"),
            (ChargePolicy::Accepted, 1, "accepted"),
            (ChargePolicy::Delivered, 2, "delivered"),
            (ChargePolicy::Verified, 3, "verified"),
        ] {
            assert_eq!((policy.code(), ChargePolicy::from_code(code)), (code, Some(policy)));
            assert_eq!((policy.to_string().as_str(), name.parse()), (name, Ok(policy)));
            assert_eq!(serde_json::to_string(&policy).unwrap(), format!("\"{name}\""));
        }
        assert_eq!((ChargePolicy::from_code(4), ChargePolicy::from_code(-1)), (None, None));
        assert_eq!("Delivered".parse::<ChargePolicy>(), Err(ChargePolicyError));
        assert_eq!(ChargePolicy::default(), ChargePolicy::Delivered);
    }
}
