//! The ways by which a code is sent, one after the other.

use serde::{Deserialize, Serialize};

/// How a code goes to its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A short message.
    Sms,
    /// A call that says it. Not offered yet.
    Voice,
}

/// One way, and when the next one begins.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The channel.
    pub channel: Channel,
    /// The sender, where this step has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Seconds after which the next step begins, unless the code has arrived: 15 to 900. The last step has no use for it.
    #[serde(default = "next_after_s")]
    pub next_after_s: u16,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sms, Self::Voice];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Voice => "voice",
        }
    }

    /// Whether a code can be sent so today.
    pub const fn is_available(self) -> bool {
        matches!(self, Self::Sms)
    }
}

impl Step {
    /// Seconds that may be between two steps.
    pub const NEXT_AFTER_S: std::ops::RangeInclusive<u16> = 15..=900;

    /// A short message from the sender of the code.
    pub const fn sms() -> Self {
        Self { channel: Channel::Sms, sender: None, next_after_s: 60 }
    }
}

fn next_after_s() -> u16 {
    Step::sms().next_after_s
}
