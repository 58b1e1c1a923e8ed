//! The error catalogue: every refusal and failure that a client can see, once.
//!
//! A row joins what REST says (problem+json `code`, HTTP status), what SMPP says (command_status), whether
//! trying again can help, and what to tell a person. `docs/reference/errors.md` is made from it.
//!
//! ```
//! use sambac_domain::error::ErrorCode;
//! let code = ErrorCode::InsufficientFunds;
//! assert_eq!((code.code(), code.http_status()), ("insufficient_funds", 402));
//! assert_eq!("insufficient_funds".parse(), Ok(code));
//! ```

mod answer;
mod catalogue;
mod markdown;

pub use answer::{AnswerClass, DeliveryError, classify};
pub use catalogue::ErrorCode;
pub use markdown::catalogue_markdown;

use std::fmt;
use std::str::FromStr;

use crate::as_text::serde_as_text;

/// Whether and when the same request can be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It will not succeed.
    Never,
    /// The same request may succeed later: wait and back off.
    SameLater,
    /// When the cause is removed, by a change of the request or of the account.
    AfterFix,
    /// The same request, after this many seconds.
    AfterS(u32),
}

impl Retry {
    /// Whether the unchanged request can succeed later.
    pub const fn is_worthwhile(self) -> bool {
        matches!(self, Self::SameLater | Self::AfterS(_))
    }
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("no"),
            Self::SameLater => f.write_str("later, with back-off"),
            Self::AfterFix => f.write_str("after the fix"),
            Self::AfterS(seconds) => write!(f, "after {seconds} s"),
        }
    }
}

/// One line of the catalogue.
#[derive(Debug, Clone, Copy)]
struct Row {
    code: &'static str,
    http_status: u16,
    command_status: u32,
    retry: Retry,
    title: &'static str,
    advice: &'static str,
}

impl ErrorCode {
    /// The word that clients match on, such as `insufficient_funds`. Never changes.
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// The HTTP status of a REST answer that carries it.
    pub const fn http_status(self) -> u16 {
        self.row().http_status
    }

    /// The command_status told to an ESME (SMPP 3.4, 5.1.3, and 5.0, 4.7.6).
    pub const fn command_status(self) -> u32 {
        self.row().command_status
    }

    /// Whether trying again can help.
    pub const fn retry(self) -> Retry {
        self.row().retry
    }

    /// A few words for people; the problem's `title`.
    pub const fn title(self) -> &'static str {
        self.row().title
    }

    /// Why it happens and what to do about it, in full sentences.
    pub const fn advice(self) -> &'static str {
        self.row().advice
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl std::error::Error for ErrorCode {}

/// The text is no code of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a code of the error catalogue")]
pub struct UnknownCode;

impl FromStr for ErrorCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|error| error.code() == text).ok_or(UnknownCode)
    }
}

serde_as_text!(ErrorCode);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_go_round() {
        let distinct: HashSet<_> = ErrorCode::ALL.iter().map(|error| error.code()).collect();
        assert_eq!(distinct.len(), ErrorCode::ALL.len());
        for &error in ErrorCode::ALL {
            assert_eq!(error.code().parse(), Ok(error));
            assert_eq!(serde_json::to_string(&error).unwrap(), format!("\"{error}\""));
        }
        assert_eq!("Internal".parse::<ErrorCode>(), Err(UnknownCode));
    }

    #[test]
    fn a_code_is_its_variant_in_snake_case() {
        for &error in ErrorCode::ALL {
            assert_eq!(error.code().replace('_', ""), format!("{error:?}").to_lowercase());
        }
    }

    #[test]
    fn every_row_is_sound() {
        for &error in ErrorCode::ALL {
            assert!((400..600).contains(&error.http_status()), "{error}");
            assert_ne!(error.command_status(), 0, "{error}: zero means success");
            assert!(!error.title().is_empty() && !error.title().ends_with('.'), "{error}");
            assert!(error.advice().ends_with('.') && !error.advice().contains('|'), "{error}");
            let is_throttle = matches!(error.http_status(), 429 | 503);
            assert!(!is_throttle || error.retry().is_worthwhile(), "{error}: the status asks for another try");
        }
    }

    #[test]
    fn the_ones_that_clients_depend_on() {
        for (error, http_status, command_status, retry) in [
            (ErrorCode::InsufficientFunds, 402, 0x45, Retry::AfterFix),
            (ErrorCode::RateLimited, 429, 0x58, Retry::SameLater),
            (ErrorCode::QueueFull, 503, 0x14, Retry::SameLater),
            (ErrorCode::IdempotencyInProgress, 409, 0x08, Retry::AfterS(1)),
            (ErrorCode::IdempotencyMismatch, 422, 0x45, Retry::AfterFix),
            (ErrorCode::InvalidDestination, 422, 0x0b, Retry::AfterFix),
            (ErrorCode::Unauthenticated, 401, 0x0e, Retry::AfterFix),
            (ErrorCode::SubmitUnknown, 504, 0x08, Retry::Never),
        ] {
            assert_eq!(
                (error.http_status(), error.command_status(), error.retry()),
                (http_status, command_status, retry)
            );
        }
    }
}
