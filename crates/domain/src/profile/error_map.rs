//! What a command_status means and what becomes of the segment (smsc-quirks, section D).

use serde::{Deserialize, Serialize};

use super::section::section;
use super::status_map::StatusMap;

/// What to do with a refused segment, or with the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Try again here, later; an attempt is counted.
    Retry,
    /// Try the route's next connector; the end when there is none.
    FailOver,
    /// The end: no connector would take it.
    Permanent,
    /// The link is too fast: it slows down, and the segment goes again without an attempt being counted.
    Throttle,
    /// The link rests, and the segment goes again without an attempt being counted.
    Pause,
    /// The connector stops until a person starts it; the segment goes by the route's next connector.
    Stop,
}

/// An entry of the error map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorAction {
    /// What to do.
    pub action: Action,
    /// After how long, for `retry` and `pause`; the usual pause if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
    /// Whether a person is told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alert: bool,
}

/// What becomes of a segment that was sent and not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownPolicy {
    /// By the message's class: an OTP goes to the route's next connector only, others are sent again.
    ByClass,
    /// Ask with query_sm what became of it, then as by class when that does not tell.
    QueryThenByClass,
    /// Never sent again: it waits for a receipt or for the end of its validity.
    Wait,
}

section! {
    /// What a command_status means, and what becomes of the segment.
    ErrorSettings {
        /// By command_status ("0x45" or "0x400-0x4FF"): { action, after_ms, alert }. What is not named has its usual meaning.
        actions: StatusMap<ErrorAction> = StatusMap::default(), ["Q-A4", "Q-D3", "Q-D4", "Q-D5", "Q-D6", "Q-I2"];
        /// Pause before a segment is tried again here.
        retry_delay_ms: u64 = 5_000, ["Q-D3"], 10..=3_600_000;
        /// Attempts here after which a temporary refusal sends the segment to the route's next connector, if there is one.
        attempts_before_fail_over: u8 = 2, ["Q-D3"], 1..=100;
        /// Whether a segment refused for its validity or schedule (0x61, 0x62) goes once more without these fields.
        resend_without_times: bool = false, ["Q-D7"];
        /// Whether a segment refused for its optional parameters (0xC0 to 0xC4) goes once more without those it can do without.
        resend_without_tlvs: bool = false, ["Q-D8"];
        /// What becomes of a segment without an answer: "by_class", "query_then_by_class" or "wait".
        unanswered: UnknownPolicy = UnknownPolicy::ByClass, ["Q-I4"];
    }
}
