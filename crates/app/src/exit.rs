//! How a command ends: the exit codes that scripts may rely on, listed in `sambac --help`.

use std::fmt;
use std::process::ExitCode;

use crate::output::harmless;

/// An exit code other than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did not work; the message says why.
    Failed = 1,
    /// The configuration, a scenario or a provisioning file is wrong.
    Configuration = 3,
    /// The platform refused the request, or the message was not delivered.
    Refused = 4,
    /// The platform does not answer.
    Unreachable = 5,
    /// Another process has the data folder open.
    Locked = 6,
    /// Everything was tried, and not all was as it should be.
    CheckFailed = 7,
    /// The database's files cannot be relied upon.
    Damaged = 8,
}

/// The codes in words, for the help text.
pub(crate) const HELP: &str = "Exit codes: 0 done; 1 failed; 2 wrong arguments; 3 wrong configuration or input file; \
4 refused, or not delivered; 5 the platform does not answer; 6 the data folder is in use; 7 everything was tried, and a check failed; \
8 the database's files cannot be relied upon.";

/// Why a command failed, in one message for a person.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A failure with its exit code; the message is `error` and what caused it.
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        let error: anyhow::Error = error.into();
        Self { exit, message: format!("{error:#}") }
    }

    /// A failure in words.
    pub(crate) fn because(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// As the process tells it.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(Exit::Failed, error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&harmless(&self.message))
    }
}
