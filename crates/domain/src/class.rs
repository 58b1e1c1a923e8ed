//! Traffic classes: what kind of message it is decides its lane, validity and what doubt means.

use serde::{Deserialize, Serialize};

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrafficClass {
    /// One-time passwords: first in every queue, worthless after minutes.
    Otp,
    /// Notifications that one person waits for.
    Transactional,
    /// Campaigns.
    Marketing,
}

/// A priority lane of a queue; lane 0 is served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lane(pub u8);

impl Lane {
    /// How many lanes there are, numbered from 0.
    pub const COUNT: usize = 3;

    /// All lanes, the first served first.
    pub const ALL: [Self; Self::COUNT] = [Self(0), Self(1), Self(2)];

    /// Position in an array of [`Lane::COUNT`] entries; a number past the end counts as the last lane.
    pub fn index(self) -> usize {
        usize::from(self.0).min(Self::COUNT - 1)
    }
}

impl TrafficClass {
    /// All classes in the order of their codes.
    pub const ALL: [Self; 3] = [Self::Otp, Self::Transactional, Self::Marketing];

    /// The number kept in the database.
    pub const fn code(self) -> i16 {
        match self {
            Self::Otp => 0,
            Self::Transactional => 1,
            Self::Marketing => 2,
        }
    }

    /// The class of a database number.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.code() == code)
    }

    /// The name used outside, as in serde.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Otp => "otp",
            Self::Transactional => "transactional",
            Self::Marketing => "marketing",
        }
    }

    /// The lane its messages wait in.
    pub const fn lane(self) -> Lane {
        match self {
            Self::Otp => Lane(0),
            Self::Transactional => Lane(1),
            Self::Marketing => Lane(2),
        }
    }

    /// Validity in seconds of a message that does not say: five minutes for an OTP, else a day.
    pub const fn default_validity_s(self) -> u32 {
        match self {
            Self::Otp => 300,
            Self::Transactional | Self::Marketing => 86_400,
        }
    }

    /// Whether a segment whose submit was never answered may be sent again. A second OTP confuses more
    /// than a missing one; a notification is better twice than never.
    pub const fn resend_after_unknown(self) -> bool {
        !matches!(self, Self::Otp)
    }
}

impl std::fmt::Display for TrafficClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_names_and_lanes() {
        for (class, code, name, lane, validity_s) in [
            (TrafficClass::Otp, 0, "otp", 0, 300),
            (TrafficClass::Transactional, 1, "transactional", 1, 86_400),
            (TrafficClass::Marketing, 2, "marketing", 2, 86_400),
        ] {
            assert_eq!((class.code(), TrafficClass::from_code(code)), (code, Some(class)));
            assert_eq!((class.lane(), class.default_validity_s()), (Lane(lane), validity_s));
            assert_eq!(serde_json::to_string(&class).unwrap(), format!("\"{name}\""));
            assert_eq!((class.to_string(), class.as_str()), (name.to_owned(), name));
        }
        assert_eq!((TrafficClass::from_code(3), TrafficClass::from_code(-1)), (None, None));
    }

    #[test]
    fn only_an_otp_is_never_sent_twice() {
        let resent: Vec<_> = TrafficClass::ALL.into_iter().filter(|class| class.resend_after_unknown()).collect();
        assert_eq!(resent, [TrafficClass::Transactional, TrafficClass::Marketing]);
    }

    #[test]
    fn every_lane_has_an_index() {
        assert_eq!(Lane::ALL.map(Lane::index), [0, 1, 2]);
        assert_eq!(Lane(200).index(), 2);
    }
}
