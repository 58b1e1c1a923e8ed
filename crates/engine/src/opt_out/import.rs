//! Many numbers at once, from a file: all of them, or none and everything that is wrong.
//!
//! ```text
//! number,sender,note
//! +447700900123,,asked by phone
//! +447700900124,MyBank,
//! ```

use std::collections::HashMap;
use std::io::Read;

use csv::{ByteRecord, ReaderBuilder, Trim};
use sambac_domain::error::ErrorCode;
use sambac_domain::id::AccountId;
use sambac_domain::number::{self, Sender};
use sambac_store::rows::OptOutSource;

use super::WantedOptOut;
use crate::Engine;
use crate::refusal::Refusal;
use crate::tariff::csv::delimiter;

/// Numbers that one file may have: all of them come in one commit.
pub const IMPORT_LINES_MAX: usize = 10_000;
/// Faulty lines that are told.
const FAULTS_TOLD_MAX: usize = 100;
/// Characters of a note.
pub(super) const NOTE_CHARS_MAX: usize = 200;

/// Where each column is.
struct Columns {
    number: usize,
    sender: Option<usize>,
    note: Option<usize>,
}

impl Engine {
    /// Puts the numbers of a file on the list, all or none; tells how many there were. The account's webhooks are not told of each.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidRequest`] with the lines to blame (`/lines/3/number`), [`ErrorCode::Conflict`] when the list has no room,
    /// [`ErrorCode::ServiceUnavailable`].
    pub async fn import_opt_outs(&self, (account, by): (AccountId, &str), file: &[u8]) -> Result<usize, Refusal> {
        let wanted = read(file)?;
        self.0.has_room(account, wanted.len())?;
        let count = wanted.len();
        let said = |wanted: WantedOptOut| (self.0.said(account, &wanted, (OptOutSource::Import, by)), None);
        self.0.say(wanted.into_iter().map(said).collect(), false).await?;
        Ok(count)
    }
}

fn read(file: &[u8]) -> Result<Vec<WantedOptOut>, Refusal> {
    let unreadable = |error: String| blamed(vec![("/lines/1".to_owned(), error)]);
    let (delimiter, file) = delimiter(file).map_err(unreadable)?;
    let mut lines = ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).flexible(true).from_reader(file);
    let columns = lines.byte_headers().map_err(|error| error.to_string()).and_then(columns).map_err(unreadable)?;
    let (mut wanted, mut faults, mut seen) = (Vec::new(), Vec::new(), HashMap::new());
    each_record(&mut lines, |line, record| {
        let read = record.map_err(|error| vec![(String::new(), error)]).and_then(|record| columns.read(record));
        match read {
            Ok(one) => match seen.insert((one.number, one.sender), line) {
                None => wanted.push(one),
                Some(earlier) => faults.push((format!("/lines/{line}"), format!("is the same as line {earlier}"))),
            },
            Err(wrong) => {
                faults.extend(wrong.into_iter().map(|(column, why)| (format!("/lines/{line}{column}"), why)));
            }
        }
        let is_too_long = wanted.len() > IMPORT_LINES_MAX;
        if is_too_long {
            faults.push((format!("/lines/{line}"), format!("a file has up to {IMPORT_LINES_MAX} numbers")));
        }
        !is_too_long && faults.len() < FAULTS_TOLD_MAX
    });
    if faults.is_empty() && wanted.is_empty() {
        faults.push(("/lines/2".to_owned(), "there is no number in it".to_owned()));
    }
    if faults.is_empty() { Ok(wanted) } else { Err(blamed(faults)) }
}

/// Hands over each line that is not empty, until that wants no more.
fn each_record<R: Read>(lines: &mut csv::Reader<R>, mut take: impl FnMut(u64, Result<&ByteRecord, String>) -> bool) {
    let mut record = ByteRecord::new();
    loop {
        let goes_on = match lines.read_byte_record(&mut record) {
            Ok(false) => return,
            Ok(true) if record.iter().all(<[u8]>::is_empty) => true,
            Ok(true) => take(record.position().map_or(0, csv::Position::line), Ok(&record)),
            Err(error) => {
                take(lines.position().line(), Err(error.to_string()));
                false
            }
        };
        if !goes_on {
            return;
        }
    }
}

fn columns(head: &ByteRecord) -> Result<Columns, String> {
    let (mut number, mut sender, mut note) = (None, None, None);
    for (at, name) in head.iter().enumerate() {
        let place = match name.to_ascii_lowercase().as_slice() {
            b"number" => &mut number,
            b"sender" => &mut sender,
            b"note" => &mut note,
            _ => return Err("the columns are number, sender and note".to_owned()),
        };
        if place.replace(at).is_some() {
            return Err("a column is there twice".to_owned());
        }
    }
    let number = number.ok_or("there is no column \"number\": the first line names the columns")?;
    Ok(Columns { number, sender, note })
}

impl Columns {
    fn read(&self, record: &ByteRecord) -> Result<WantedOptOut, Vec<(String, String)>> {
        let mut faults = Vec::new();
        let mut text = |at: Option<usize>, column: &str| {
            let octets = at.and_then(|at| record.get(at)).unwrap_or_default();
            std::str::from_utf8(octets).map_or_else(
                |_| {
                    faults.push((format!("/{column}"), "is not UTF-8".to_owned()));
                    String::new()
                },
                str::to_owned,
            )
        };
        let (number, sender, note) =
            (text(Some(self.number), "number"), text(self.sender, "sender"), text(self.note, "note"));
        let number =
            number::parse(&number, None).map_err(|error| faults.push(("/number".to_owned(), error.to_string())));
        let sender = match sender.as_str() {
            "" => Ok(None),
            sender => {
                Sender::parse(sender).map(Some).map_err(|error| faults.push(("/sender".to_owned(), error.to_string())))
            }
        };
        if note.chars().count() > NOTE_CHARS_MAX || note.chars().any(char::is_control) {
            let why = format!("is longer than {NOTE_CHARS_MAX} characters or has control characters");
            faults.push(("/note".to_owned(), why));
        }
        match (number, sender) {
            (Ok(number), Ok(sender)) if faults.is_empty() => Ok(WantedOptOut { number, sender, note }),
            _ => Err(faults),
        }
    }
}

fn blamed(faults: Vec<(String, String)>) -> Refusal {
    Refusal { faults, ..Refusal::new(ErrorCode::InvalidRequest, "the file is not taken; each line to blame is told") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(file: &str) -> Vec<(String, String)> {
        read(file.as_bytes()).expect_err("it is wrong").faults
    }

    /// A file is read whatever spreadsheet wrote it.
    #[test]
    fn a_file_is_read_with_its_columns_in_any_order() {
        let file = "\u{feff}Note;Number;sender\r\nasked;+447700900123;\r\n\r\n;447700900124;MyBank\r\n";
        let wanted = read(file.as_bytes()).expect("it is right");
        let told: Vec<_> = wanted
            .iter()
            .map(|one| (one.number.as_u64(), one.sender.map(|it| it.to_string()), one.note.as_str()))
            .collect();
        assert_eq!(told, [(447_700_900_123, None, "asked"), (447_700_900_124, Some("MyBank".to_owned()), "")]);
    }

    /// Everything that is wrong is told, by line and column.
    #[test]
    fn all_that_is_wrong_is_told() {
        let file = "number,sender\n+447700900123,\nnobody,much too long a name\n+447700900123,\n+447700900124,MyBank\n";
        let lines: Vec<_> = faults(file).into_iter().map(|(at, _)| at).collect();
        assert_eq!(lines, ["/lines/3/number", "/lines/3/sender", "/lines/4"]);
        assert_eq!(faults("number,age\n")[0].1, "the columns are number, sender and note");
        assert_eq!(faults("number\n")[0], ("/lines/2".to_owned(), "there is no number in it".to_owned()));
        assert_eq!(faults("")[0].0, "/lines/1");
        let long: String =
            std::iter::once("number\n".to_owned()).chain((0..10_001).map(|no| format!("+999{no:08}\n"))).collect();
        assert_eq!(faults(&long).last().expect("a fault").0, "/lines/10002");
    }
}
