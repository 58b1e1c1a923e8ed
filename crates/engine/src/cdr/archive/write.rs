//! Writing a day's file, and its row in the manifest.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use sambac_domain::Day;
use sambac_store::rows::{CdrArchiveRow, CdrArchiveState};

use super::files::{digest_of, file_error, stem};
use super::{Archive, ArchiveError, blocking};
use crate::cdr::parquet_file::ParquetFile;
use crate::cdr::{Numbers, PAGE};
use crate::{kill_point, private_file};

impl Archive {
    /// The file of a day that has none.
    pub(super) async fn write_first(&self, day: Day) -> Result<CdrArchiveRow, ArchiveError> {
        let name = format!("{}parquet", stem(day));
        self.write_day(day, name).await
    }

    /// The file of a day that was put back: its records may have been written anew since, and none may have been lost or changed otherwise.
    pub(super) async fn write_again(&self, known: &CdrArchiveRow) -> Result<CdrArchiveRow, ArchiveError> {
        let (day, path) = (Day::from_number(known.id), self.verified(known).await?);
        self.is_put_back(day, &path).await?;
        let stem = stem(day);
        let number = known.file.strip_prefix(&stem).and_then(|rest| rest.strip_suffix(".parquet"));
        let number = number.and_then(|number| number.parse::<u32>().ok()).unwrap_or(1);
        self.write_day(day, format!("{stem}{}.parquet", number.saturating_add(1))).await
    }

    async fn write_day(&self, day: Day, name: String) -> Result<CdrArchiveRow, ArchiveError> {
        let (path, part) = (self.folder.place(&name)?, self.folder.path().join(format!("{}part", stem(day))));
        let records = self.write_part(day, &part).await?;
        if records == 0 {
            fs::remove_file(&part).map_err(|source| file_error(&part, source))?;
            return Err(ArchiveError::Nothing);
        }
        fs::rename(&part, &path).map_err(|source| file_error(&path, source))?;
        let folder = self.folder.path();
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| file_error(folder, source))?;
        kill_point::reached("cdr_file_written");
        let (octets, sha256) = blocking(move || digest_of(&path)).await?;
        let (now, state) = (self.clock.now(), CdrArchiveState::Written);
        let id = day.number();
        let mut archive = CdrArchiveRow {
            id,
            file: name,
            records,
            octets,
            sha256,
            proof: Vec::new(),
            state,
            written_at: now,
            changed_at: now,
        };
        archive.proof = self.key.proof_of(&archive);
        self.store.keep_cdr_archive(&archive).await?;
        kill_point::reached("cdr_file_named");
        Ok(archive)
    }

    /// Writes the octets, which are on disk when this returns; answers how many records they are.
    async fn write_part(&self, day: Day, part: &Path) -> Result<i64, ArchiveError> {
        let failed = |source| file_error(part, source);
        private_file::replace(part, b"").map_err(failed)?;
        let mut out = OpenOptions::new().append(true).open(part).map_err(failed)?;
        let ((mut above, last), mut records) = (day.ids(), 0);
        let mut file = ParquetFile::new(Numbers::Whole)?;
        loop {
            let rows = self.store.cdrs_between(above, last, PAGE as usize).await?;
            let is_last = rows.is_empty();
            above = rows.last().map_or(above, |row| row.id.raw());
            records += i64::try_from(rows.len()).unwrap_or(i64::MAX);
            let path = part.to_owned();
            (file, out) = blocking(move || {
                if is_last {
                    file.finish()?;
                } else {
                    file.write(&rows)?;
                }
                out.write_all(&file.take()).map_err(|source| file_error(&path, source))?;
                Ok((file, out))
            })
            .await?;
            if is_last {
                let path = part.to_owned();
                blocking(move || out.sync_all().map_err(|source| file_error(&path, source))).await?;
                return Ok(records);
            }
        }
    }
}
