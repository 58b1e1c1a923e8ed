//! Entries of the audit log as lines of a file: everything that is sealed, so that the file can be verified without the database.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use sambac_domain::{AccountId, Timestamp};
use sambac_store::rows::AuditRow;
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    number: i64,
    at_micros: i64,
    actor: String,
    action: String,
    subject: String,
    account: Option<String>,
    address: String,
    detail: String,
    hash: String,
}

/// Writes a file.
pub(super) struct Writer {
    file: BufWriter<File>,
    count: u64,
    failed: Option<std::io::Error>,
}

impl Writer {
    /// A new file; one that is there is left as it is.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let file = File::create_new(path);
        let file = file.map_err(|error| Failure::because(Exit::Failed, format!("{}: {error}", path.display())))?;
        Ok(Self { file: BufWriter::new(file), count: 0, failed: None })
    }

    /// Writes a page; false once that has failed.
    pub(super) fn take(&mut self, rows: &[AuditRow]) -> bool {
        let written = rows.iter().try_for_each(|row| {
            serde_json::to_writer(&mut self.file, &Line::of(row))?;
            self.count += 1;
            self.file.write_all(b"\n")
        });
        self.failed = written.err();
        self.failed.is_none()
    }

    /// How many lines were written.
    pub(super) fn end(mut self) -> Result<u64, Failure> {
        match self.failed.or(self.file.flush().err()) {
            None => Ok(self.count),
            Some(error) => Err(Failure::because(Exit::Failed, error.to_string())),
        }
    }
}

/// The entries of a file.
pub(super) fn read(path: &Path) -> Result<impl Iterator<Item = Result<AuditRow, Failure>>, Failure> {
    let name = path.display().to_string();
    let wrong = move |why: String| Failure::because(Exit::Failed, format!("{name}: {why}"));
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    Ok(BufReader::new(file).lines().enumerate().map(move |(place, line)| {
        let line = line.map_err(|error| wrong(error.to_string()))?;
        let read = serde_json::from_str::<Line>(&line).ok().and_then(Line::row);
        read.ok_or_else(|| wrong(format!("line {} is no entry of an audit log", place + 1)))
    }))
}

impl Line {
    fn of(row: &AuditRow) -> Self {
        let AuditRow { id, at, actor, action, subject, account_id, address, detail, hash } = row.clone();
        let account = account_id.map(|id| id.to_string());
        Self { number: id, at_micros: at.0, actor, action, subject, account, address, detail, hash }
    }

    fn row(self) -> Option<AuditRow> {
        let Self { number, at_micros, actor, action, subject, account, address, detail, hash } = self;
        let account_id = account.map(|text| text.parse::<AccountId>()).transpose().ok()?;
        Some(AuditRow {
            id: number,
            at: Timestamp(at_micros),
            actor,
            action,
            subject,
            account_id,
            address,
            detail,
            hash,
        })
    }
}
