//! Data goes to standard output, as text for people or as JSON lines for programs; everything else goes to standard error.

use std::io::Write as _;

use clap::ValueEnum;
use serde_json::Value;

use crate::exit::Failure;

/// What `--output` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// One JSON document on each line.
    Json,
}

impl Output {
    /// Prints `json`, or what `table` gives.
    pub(crate) fn print(self, json: &Value, table: impl FnOnce() -> String) -> Result<(), Failure> {
        match self {
            Self::Json => text(&format!("{json}\n")),
            Self::Table => {
                let mut lines = table();
                if !lines.ends_with('\n') {
                    lines.push('\n');
                }
                text(&lines)
            }
        }
    }
}

/// Prints `lines` as they are. A reader that went away (a closed pipe) is no failure.
pub(crate) fn text(lines: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(lines.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
