//! What a receipt says: the state's word (SMPP 3.4 appendix B), its number (§5.2.28) and the network's error code.

/// A state in a receipt. `Enroute` and `Accepted` are intermediate, the others final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReceiptState {
    Enroute,
    Delivered,
    Expired,
    Deleted,
    Undelivered,
    Accepted,
    Unknown,
    Rejected,
}

impl ReceiptState {
    /// The word after `stat:`.
    pub(crate) const fn stat(self) -> &'static str {
        match self {
            Self::Enroute => "ENROUTE",
            Self::Delivered => "DELIVRD",
            Self::Expired => "EXPIRED",
            Self::Deleted => "DELETED",
            Self::Undelivered => "UNDELIV",
            Self::Accepted => "ACCEPTD",
            Self::Unknown => "UNKNOWN",
            Self::Rejected => "REJECTD",
        }
    }

    /// The value of TLV message_state.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Enroute => 1,
            Self::Delivered => 2,
            Self::Expired => 3,
            Self::Deleted => 4,
            Self::Undelivered => 5,
            Self::Accepted => 6,
            Self::Unknown => 7,
            Self::Rejected => 8,
        }
    }

    /// The error code that goes with it when the scenario names none: absent subscriber, time out, barred …
    pub(crate) const fn usual_error(self) -> u16 {
        match self {
            Self::Enroute | Self::Delivered | Self::Accepted => 0,
            Self::Undelivered => 27,
            Self::Expired => 254,
            Self::Deleted => 252,
            Self::Unknown => 255,
            Self::Rejected => 13,
        }
    }
}
