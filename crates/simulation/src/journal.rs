//! Everything that happened, in order: what the outside saw, never what the engine says of itself. Its digest is the run's.

use std::fmt::Write as _;

use sambac_domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

/// What happened so far.
#[derive(Default)]
pub(crate) struct Journal {
    digest: Sha256,
    line: String,
    events: u64,
    /// Whether each event is printed.
    pub(crate) is_shown: bool,
}

impl Journal {
    /// Something happened.
    pub(crate) fn note(&mut self, at: Timestamp, what: std::fmt::Arguments<'_>) {
        self.line.clear();
        // Writing to a String does not fail.
        let _ = writeln!(self.line, "{} {what}", at.0);
        self.digest.update(self.line.as_bytes());
        self.events += 1;
        if self.is_shown {
            show(&self.line);
        }
    }

    /// How much happened.
    pub(crate) const fn events(&self) -> u64 {
        self.events
    }

    /// The digest of all of it, in order.
    pub(crate) fn hash(&self) -> String {
        self.digest.clone().finalize().iter().fold(String::new(), |mut text, octet| {
            let _ = write!(text, "{octet:02x}");
            text
        })
    }
}

#[expect(clippy::print_stderr, reason = "whoever looks into a run wants to see it")]
fn show(line: &str) {
    eprint!("{line}");
}
