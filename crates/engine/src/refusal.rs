//! Why a request was not taken: an entry of the error catalogue and what is particular to this case.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use sambac_domain::error::ErrorCode;

/// A refusal that leaves no trace: nothing was stored, held or sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The catalogue's entry: HTTP status, command_status and retry advice follow from it.
    pub code: ErrorCode,
    /// What is particular to this case, for the client to read. Never holds a secret or anybody else's data.
    pub detail: String,
    /// The field that is to blame, as a JSON pointer (`/to`), where one is.
    pub field: Option<Cow<'static, str>>,
    /// When several fields are to blame: each as a JSON pointer, with what is wrong with it.
    pub faults: Vec<(String, String)>,
    /// After how long the same would be taken, where that is known.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with a particular text.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), field: None, faults: Vec::new(), retry_after: None }
    }

    /// The same, blaming `field`.
    #[must_use]
    pub fn at(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(field.into());
        self
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, code.title())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.code(), self.detail)
    }
}

impl std::error::Error for Refusal {}
