//! What a command_status means and what becomes of the segment (smsc-quirks, section D).

use serde::{Deserialize, Serialize};

use super::section::section;
use super::status_map::StatusMap;
use super::{Profile, QueueFull};
use crate::error::{AnswerClass, DeliveryError, ErrorCode, classify};

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

/// Fields that a refused segment goes once more without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Without {
    /// validity_period and schedule_delivery_time.
    Times,
    /// Optional parameters that hold no part of the message.
    Tlvs,
}

/// What to do about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// With the segment, and with the link.
    pub action: Action,
    /// After how long, where the error map or a setting says so.
    pub after_ms: Option<u64>,
    /// That time grows with each attempt, up to three times.
    pub grows: bool,
    /// What the segment goes without, at once, when it has not yet: before anything else.
    pub without: Option<Without>,
    /// Whether a person is told.
    pub alert: bool,
    /// What is reported when nothing more is tried.
    pub code: ErrorCode,
}

/// What becomes of a segment that was sent and not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownPolicy {
    /// By the message's class: an OTP goes to the route's next connector only, others are sent again.
    ByClass,
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
        /// Attempts at one segment over all connectors before it fails; the platform's number if 0.
        attempts_max: u8 = 0, ["Q-D3"], 0..=100;
        /// Attempts here after which a temporary refusal sends the segment to the route's next connector, if there is one.
        attempts_before_fail_over: u8 = 2, ["Q-D3"], 1..=100;
        /// Whether a segment refused for its validity or schedule (0x61, 0x62) goes once more without these fields.
        resend_without_times: bool = false, ["Q-D7"];
        /// Whether a segment refused for its optional parameters (0xC0 to 0xC4) goes once more without those it can do without.
        resend_without_tlvs: bool = false, ["Q-D8"];
        /// What becomes of a segment without an answer: "by_class" or "wait".
        unanswered: UnknownPolicy = UnknownPolicy::ByClass, ["Q-D3"];
    }
}

impl Profile {
    /// What to do about a segment refused with this command_status: as the error map says, or else as usual.
    #[must_use]
    pub fn verdict(&self, command_status: u32) -> Verdict {
        let code = DeliveryError { command_status }.code();
        let mapped = self.errors.actions.get(command_status);
        let is_tlv = TLV_STATUSES.contains(&command_status);
        let verdict = Verdict {
            action: usual(classify(command_status)),
            after_ms: None,
            grows: false,
            without: self.errors.without(command_status),
            alert: is_tlv,
            code,
        };
        match (mapped, command_status) {
            (Some(entry), _) => Verdict {
                action: entry.action,
                after_ms: entry.after_ms,
                alert: entry.alert || is_tlv || entry.action == Action::Stop,
                code: if entry.action == Action::Permanent { permanent(code) } else { code },
                ..verdict
            },
            (None, QUEUE_FULL) if self.flow.queue_full == QueueFull::Link => {
                Verdict { action: Action::Pause, ..verdict }
            }
            (None, QUEUE_FULL) => Verdict { after_ms: Some(self.flow.queue_full_delay_ms), grows: true, ..verdict },
            (None, _) => verdict,
        }
    }
}

/// ESME_RMSGQFUL.
const QUEUE_FULL: u32 = 0x14;
/// Statuses about validity and schedule, and those about optional parameters.
const TIME_STATUSES: std::ops::RangeInclusive<u32> = 0x61..=0x62;
const TLV_STATUSES: std::ops::RangeInclusive<u32> = 0xc0..=0xc4;

impl ErrorSettings {
    fn without(&self, command_status: u32) -> Option<Without> {
        if self.resend_without_times && TIME_STATUSES.contains(&command_status) {
            return Some(Without::Times);
        }
        (self.resend_without_tlvs && TLV_STATUSES.contains(&command_status)).then_some(Without::Tlvs)
    }
}

const fn usual(class: AnswerClass) -> Action {
    match class {
        AnswerClass::Throttled => Action::Throttle,
        AnswerClass::RetryLater => Action::Retry,
        AnswerClass::FailOver | AnswerClass::Accepted => Action::FailOver,
        AnswerClass::Permanent(_) => Action::Permanent,
    }
}

/// What is made the end by the error map is the operator's refusal, unless its status has a better name.
const fn permanent(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::OperatorUnavailable => ErrorCode::OperatorRejected,
        code => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(settings: &str) -> Profile {
        Profile::parse(settings).expect("settings")
    }

    fn does(profile: &Profile, command_status: u32) -> (Action, Option<u64>, bool) {
        let verdict = profile.verdict(command_status);
        (verdict.action, verdict.after_ms, verdict.alert)
    }

    #[test]
    fn what_the_map_does_not_name_has_its_usual_meaning() {
        let usual = Profile::default();
        for (command_status, action, after_ms, alert) in [
            (0x58, Action::Throttle, None, false),
            (0x08, Action::Retry, None, false),
            (0x14, Action::Retry, Some(60_000), false),
            (0x45, Action::FailOver, None, false),
            (0x0b, Action::Permanent, None, false),
            (0xc1, Action::FailOver, None, true),
            (0x102, Action::Retry, None, false),
            (0x104, Action::FailOver, None, false),
            (0x4a1, Action::Retry, None, false),
        ] {
            assert_eq!(does(&usual, command_status), (action, after_ms, alert), "0x{command_status:X}");
        }
        assert_eq!(usual.verdict(0x0b).code, ErrorCode::InvalidDestination);
    }

    #[test]
    fn the_map_overrules_it() {
        let profile = profile(
            r#"{ "errors": { "actions": {
                "0x45": { "action": "permanent" }, "0x08": { "action": "permanent" }, "0x0A": { "action": "fail_over" },
                "0x14": { "action": "throttle" }, "0x400-0x4FF": { "action": "retry", "after_ms": 7, "alert": true },
                "0x0D": { "action": "stop" }
            } } }"#,
        );
        assert_eq!(does(&profile, 0x45), (Action::Permanent, None, false));
        assert_eq!(profile.verdict(0x08).code, ErrorCode::OperatorRejected);
        assert_eq!(does(&profile, 0x0a), (Action::FailOver, None, false));
        assert_eq!(does(&profile, 0x14), (Action::Throttle, None, false));
        assert_eq!(does(&profile, 0x4a1), (Action::Retry, Some(7), true));
        assert_eq!(does(&profile, 0x0d), (Action::Stop, None, true), "a person is told of a stop");
    }

    #[test]
    fn queue_full_is_about_the_message_or_the_link() {
        let link = profile(r#"{ "flow": { "queue_full": "link" } }"#);
        assert_eq!(does(&link, 0x14), (Action::Pause, None, false));
        assert!(Profile::default().verdict(0x14).grows);
    }

    #[test]
    fn fields_are_left_out_only_when_the_profile_says_so() {
        let profile = profile(r#"{ "errors": { "resend_without_times": true, "resend_without_tlvs": true } }"#);
        let without = [0x61, 0x62, 0xc0, 0xc4, 0x63].map(|status| profile.verdict(status).without);
        let (times, tlvs) = (Some(Without::Times), Some(Without::Tlvs));
        assert_eq!(without, [times, times, tlvs, tlvs, None]);
        assert_eq!([0x61, 0xc0].map(|status| Profile::default().verdict(status).without), [None, None]);
    }
}
