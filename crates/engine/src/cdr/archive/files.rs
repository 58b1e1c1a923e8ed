//! The folder of archives: names, digests, and the files' records for whoever verifies the ledger.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sambac_domain::{Day, SegmentId};
use sambac_store::chain::CdrFiles;
use sambac_store::rows::{CdrArchiveRow, CdrRow};
use sha2::{Digest as _, Sha256};

use super::ArchiveError;
use crate::cdr::parquet_rows::ParquetRows;

/// Where the files are.
#[derive(Debug, Clone)]
pub struct ArchiveFolder(PathBuf);

/// Reads them for [`Store::verify_ledger`](sambac_store::Store::verify_ledger).
pub struct ArchivedCdrs {
    folder: ArchiveFolder,
    /// The file that was read last, and its day.
    last: Option<(i64, ParquetRows)>,
}

impl ArchiveFolder {
    /// This folder; it is made when it is needed, for its owner only.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The files' records.
    #[must_use]
    pub fn cdrs(&self) -> ArchivedCdrs {
        ArchivedCdrs { folder: self.clone(), last: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The place of a file that the manifest names; a name that leads elsewhere is none.
    pub(super) fn place(&self, file: &str) -> Result<PathBuf, ArchiveError> {
        let is_name = Path::new(file).file_name().is_some_and(|name| name == file);
        if is_name { Ok(self.0.join(file)) } else { Err(changed(Path::new(file), "is no name of a file")) }
    }

    /// The file must be as long as the manifest says, and have its digest.
    pub(super) fn verify(&self, archive: &CdrArchiveRow) -> Result<PathBuf, ArchiveError> {
        let path = self.place(&archive.file)?;
        let (octets, digest) = digest_of(&path)?;
        if octets != archive.octets || digest != archive.sha256 {
            return Err(changed(&path, "is not the file that was written"));
        }
        Ok(path)
    }

    /// Removes what an interrupted move left of a day, and files that another one has taken the place of.
    pub(super) fn tidy(&self, day: Day, kept: &str) -> Result<(), ArchiveError> {
        let begins = stem(day);
        for entry in fs::read_dir(&self.0).map_err(|source| file_error(&self.0, source))? {
            let name = entry.map_err(|source| file_error(&self.0, source))?.file_name();
            let is_of_day = name.to_str().is_some_and(|name| name.starts_with(&begins) && name != kept);
            if is_of_day {
                let path = self.0.join(name);
                fs::remove_file(&path).map_err(|source| file_error(&path, source))?;
            }
        }
        Ok(())
    }
}

impl CdrFiles for ArchivedCdrs {
    fn open(&mut self, archive: &CdrArchiveRow) -> Result<Vec<SegmentId>, String> {
        self.folder.verify(archive).map_err(|error| error.to_string())?;
        let file = self.file(archive)?;
        (0..file.groups()).map(|number| file.first_of(number).map_err(|error| error.to_string())).collect()
    }

    fn group(&mut self, archive: &CdrArchiveRow, number: usize) -> Result<Vec<CdrRow>, String> {
        self.file(archive)?.group(number).map_err(|error| error.to_string())
    }
}

impl ArchivedCdrs {
    fn file(&mut self, archive: &CdrArchiveRow) -> Result<&ParquetRows, String> {
        let last = self.last.take().filter(|(day, _)| *day == archive.id);
        let opened = match last {
            Some(last) => last,
            None => {
                let path = self.folder.place(&archive.file).map_err(|error| error.to_string())?;
                (archive.id, ParquetRows::open(&path).map_err(|error| error.to_string())?)
            }
        };
        Ok(&self.last.insert(opened).1)
    }
}

/// What the names of a day's files begin with.
pub(super) fn stem(day: Day) -> String {
    format!("cdr-{day}.")
}

/// How long a file is, and its digest in hexadecimal digits.
pub(super) fn digest_of(path: &Path) -> Result<(i64, String), ArchiveError> {
    let failed = |source| file_error(path, source);
    let (mut file, mut digest, mut buffer) = (File::open(path).map_err(failed)?, Sha256::new(), vec![0; 1 << 16]);
    let mut length = 0;
    loop {
        let read = file.read(&mut buffer).map_err(failed)?;
        let Some(octets) = buffer.get(..read).filter(|octets| !octets.is_empty()) else { break };
        length += i64::try_from(read).unwrap_or_default();
        digest.update(octets);
    }
    Ok((length, digest.finalize().iter().map(|octet| format!("{octet:02x}")).collect()))
}

pub(super) fn file_error(path: &Path, source: std::io::Error) -> ArchiveError {
    ArchiveError::File { path: path.display().to_string(), source }
}

pub(super) fn changed(path: &Path, what: &str) -> ArchiveError {
    ArchiveError::Changed { path: path.display().to_string(), what: what.to_owned() }
}
