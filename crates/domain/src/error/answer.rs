//! What an operator's command_status means for the segment, by the generic profile.
//!
//! Vendors differ, so a connector's profile may overrule a line. Unknown values are kept as numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ErrorCode;

/// What to do after an answer to a submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerClass {
    /// The operator has it.
    Accepted,
    /// The link is too fast: pause it, send the same segment again, count no attempt.
    Throttled,
    /// This segment later on the same link, a limited number of times, then another link.
    RetryLater,
    /// This operator will not take it as it is; another one may.
    FailOver,
    /// No operator will take it.
    Permanent(ErrorCode),
}

/// An operator's refusal of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryError {
    /// As it came in the answer; never zero by itself.
    pub command_status: u32,
}

impl DeliveryError {
    /// What to do about it.
    pub const fn class(self) -> AnswerClass {
        classify(self.command_status)
    }

    /// The code to report when nothing more will be tried.
    pub const fn code(self) -> ErrorCode {
        match self.class() {
            AnswerClass::Permanent(code) => code,
            AnswerClass::Throttled | AnswerClass::RetryLater => ErrorCode::OperatorUnavailable,
            AnswerClass::FailOver | AnswerClass::Accepted => ErrorCode::OperatorRejected,
        }
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command_status 0x{:08X}", self.command_status)
    }
}

impl std::error::Error for DeliveryError {}

/// The class of a command_status (SMPP 3.4, 5.1.3; SMPP 5.0, 4.7.6) in the generic profile.
///
/// What is neither known nor in the vendors' range fails over: with one operator's private code in hand,
/// another operator is the better guess than more of the same.
pub const fn classify(command_status: u32) -> AnswerClass {
    use AnswerClass::{Accepted, FailOver, Permanent, RetryLater, Throttled};
    match command_status {
        0x00 => Accepted,
        // Too fast.
        0x58 => Throttled,
        // System error, queue full (the SMSC's or the subscriber's), temporary application error, delivery
        // failure, unknown error, service type unavailable; the vendors' own range; and statuses that say
        // the bind is not what we believed, so that the session will be made anew.
        0x08 | 0x14 | 0x64 | 0xfe | 0xff | 0x102 | 0x400..=0x4ff | 0x04 | 0x05 | 0x0d..=0x0f => RetryLater,
        0x01 => Permanent(ErrorCode::MessageTooLong),
        0x0a | 0x48 | 0x49 => Permanent(ErrorCode::InvalidSender),
        0x0b | 0x50 | 0x51 => Permanent(ErrorCode::InvalidDestination),
        // Permanent application error, message rejected.
        0x65 | 0x66 => Permanent(ErrorCode::OperatorRejected),
        // Submit failed (credit, content or routing), flags, schedule, validity, TLVs, and all the rest.
        _ => FailOver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generic_profile() {
        use AnswerClass::{Accepted, FailOver, Permanent, RetryLater, Throttled};
        for (command_status, class) in [
            (0x00, Accepted),
            (0x58, Throttled),
            (0x14, RetryLater),
            (0x08, RetryLater),
            (0x64, RetryLater),
            (0x04, RetryLater),
            (0x0d, RetryLater),
            (0x0f, RetryLater),
            (0x400, RetryLater),
            (0x4ff, RetryLater),
            (0x45, FailOver),
            (0x61, FailOver),
            (0x62, FailOver),
            (0xc0, FailOver),
            (0xc4, FailOver),
            (0x104, FailOver),
            (0x500, FailOver),
            (u32::MAX, FailOver),
            (0x01, Permanent(ErrorCode::MessageTooLong)),
            (0x0a, Permanent(ErrorCode::InvalidSender)),
            (0x48, Permanent(ErrorCode::InvalidSender)),
            (0x0b, Permanent(ErrorCode::InvalidDestination)),
            (0x51, Permanent(ErrorCode::InvalidDestination)),
            (0x65, Permanent(ErrorCode::OperatorRejected)),
            (0x66, Permanent(ErrorCode::OperatorRejected)),
        ] {
            assert_eq!(classify(command_status), class, "0x{command_status:X}");
        }
    }

    #[test]
    fn a_refusal_has_a_code_and_shows_its_status() {
        for (command_status, code) in [
            (0x58, ErrorCode::OperatorUnavailable),
            (0x08, ErrorCode::OperatorUnavailable),
            (0x45, ErrorCode::OperatorRejected),
            (0x0b, ErrorCode::InvalidDestination),
        ] {
            assert_eq!(DeliveryError { command_status }.code(), code);
        }
        assert_eq!(DeliveryError { command_status: 0x45 }.to_string(), "command_status 0x00000045");
    }
}
