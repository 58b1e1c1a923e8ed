//! What the simulator saw and did, as JSON lines in the order in which it happened: the oracle of fault tests.
//!
//! ```json
//! {"at_us":1767225600000000,"event":"submit","session":1,"system_id":"sambac","sequence":7,"source":"Bank","destination":"999000000000","text_sha256":"…"}
//! ```
//!
//! Lines are formatted by hand into one buffer and written when it is large or every 50 ms, whichever comes first, and at
//! the end. A journal that cannot be written is an error in the log, once: its reader must not trust it then.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often [`Journal::flush`] is to be called.
pub(crate) const FLUSH_INTERVAL: Duration = Duration::from_millis(50);

const BUFFER_OCTETS: usize = 256 * 1024;

/// An open journal.
pub(crate) struct Journal {
    with_text: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    file: File,
    buffer: Vec<u8>,
    failed: bool,
}

/// One line being written; complete when dropped.
pub(crate) struct Line<'a>(MutexGuard<'a, Inner>);

impl Journal {
    /// Opens `path` for appending. `with_text`: whether messages are written down in hexadecimal, beside their digest.
    pub(crate) fn open(path: &Path, with_text: bool) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let inner = Inner { file, buffer: Vec::with_capacity(BUFFER_OCTETS + 4096), failed: false };
        Ok(Self { with_text, inner: Mutex::new(inner) })
    }

    /// Whether messages are written down.
    pub(crate) fn with_text(&self) -> bool {
        self.with_text
    }

    /// Begins a line.
    pub(crate) fn line(&self, at_us: i64, event: &str, session: u64) -> Line<'_> {
        let mut inner = self.lock();
        inner.buffer.extend_from_slice(b"{\"at_us\":");
        push_number(&mut inner.buffer, at_us.unsigned_abs());
        inner.buffer.extend_from_slice(b",\"event\":\"");
        inner.buffer.extend_from_slice(event.as_bytes());
        inner.buffer.extend_from_slice(b"\",\"session\":");
        push_number(&mut inner.buffer, session);
        Line(inner)
    }

    /// Writes out what is in the buffer.
    pub(crate) fn flush(&self) {
        self.lock().flush();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Line<'_> {
    /// Adds a number.
    pub(crate) fn number(mut self, key: &str, value: u64) -> Self {
        self.key(key);
        push_number(&mut self.0.buffer, value);
        self
    }

    /// Adds a text; octets that are not ASCII are read as Latin-1.
    pub(crate) fn text(mut self, key: &str, value: &[u8]) -> Self {
        self.key(key);
        push_text(&mut self.0.buffer, value);
        self
    }

    /// Adds octets in hexadecimal.
    pub(crate) fn hex(mut self, key: &str, value: &[u8]) -> Self {
        self.key(key);
        self.0.buffer.push(b'"');
        push_hex(&mut self.0.buffer, value);
        self.0.buffer.push(b'"');
        self
    }

    fn key(&mut self, key: &str) {
        let buffer = &mut self.0.buffer;
        buffer.extend_from_slice(b",\"");
        buffer.extend_from_slice(key.as_bytes());
        buffer.extend_from_slice(b"\":");
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.0.buffer.extend_from_slice(b"}\n");
        if self.0.buffer.len() >= BUFFER_OCTETS {
            self.0.flush();
        }
    }
}

impl Inner {
    fn flush(&mut self) {
        if let Err(error) = self.file.write_all(&self.buffer)
            && !self.failed
        {
            self.failed = true;
            tracing::error!(%error, "the journal cannot be written and is not complete");
        }
        self.buffer.clear();
    }
}

fn push_number(buffer: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    buffer.extend_from_slice(&digits[at..]);
}

fn push_text(buffer: &mut Vec<u8>, value: &[u8]) {
    buffer.push(b'"');
    for &octet in value {
        match octet {
            b'"' | b'\\' => buffer.extend_from_slice(&[b'\\', octet]),
            0x20..0x7F => buffer.push(octet),
            _ => {
                buffer.extend_from_slice(b"\\u00");
                push_hex(buffer, &[octet]);
            }
        }
    }
    buffer.push(b'"');
}

fn push_hex(buffer: &mut Vec<u8>, value: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for octet in value {
        buffer.push(DIGITS[usize::from(octet >> 4)]);
        buffer.push(DIGITS[usize::from(octet & 0xF)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_json_in_order() {
        let folder = crate::scratch::Folder::new("journal");
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::open(&path, false).expect("the folder can be written");
        let _ = journal.line(1, "bind", 0).text("system_id", b"a\"\\\x01\xE9");
        let _ = journal.line(u32::MAX.into(), "submit", 10).number("sequence", 0).hex("udh", &[0x05, 0xAF]);
        journal.flush();
        let text = std::fs::read_to_string(&path).expect("it was flushed");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
        assert_eq!(
            lines[0],
            serde_json::json!({"at_us": 1, "event": "bind", "session": 0, "system_id": "a\"\\\u{1}é"})
        );
        let submit =
            serde_json::json!({"at_us": u32::MAX, "event": "submit", "session": 10, "sequence": 0, "udh": "05af"});
        assert_eq!(lines[1..], [submit]);
    }

    #[test]
    fn a_full_buffer_is_written_without_being_asked() {
        let folder = crate::scratch::Folder::new("journal-full");
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::open(&path, false).expect("the folder can be written");
        for number in 0..10_000 {
            let _ = journal.line(number, "submit", 1);
        }
        let written = std::fs::metadata(&path).expect("it exists").len();
        assert!(written >= BUFFER_OCTETS as u64, "{written}");
    }
}
