//! Data goes to standard output, as text for people or as JSON lines for programs; everything else goes to standard error.

use std::borrow::Cow;
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
                text(&harmless(&lines))
            }
        }
    }
}

/// A text for a terminal: what operators and clients have sent stands in it, and its control characters are for nobody's terminal
/// to obey.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if obeyed(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
        shown
    });
    Cow::Owned(escaped)
}

/// Prints `lines` as they are. A reader that went away (a closed pipe) is no failure.
pub(crate) fn text(lines: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(lines.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_of_others_do_nothing_to_a_terminal() {
        assert_eq!(harmless("ID\n\t384\n"), "ID\n\t384\n");
        assert_eq!(harmless("\u{1b}[2Ja\r\u{9b}é"), "\\u{1b}[2Ja\\r\\u{9b}é");
    }
}
