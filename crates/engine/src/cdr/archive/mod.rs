//! Days of CDRs in files: written, compared, taken out of the table, and put back on request.
//!
//! A day is the records whose ids were made in it (UTC). The order of steps makes every interruption harmless: the file has its
//! name only when it is whole and on disk; the manifest names it only then; records are removed only after each has been found in
//! the file as it is in the table; and a day that was interrupted is taken up where it was.
//!
//! ```text
//! for day in archive.due(until, restored_before).await? { archive.archive(day).await?; }
//! archive.restore(day).await?;
//! ```

mod compare;
mod erase;
mod files;
mod groups;
mod write;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use sambac_domain::{Day, Timestamp};
use sambac_store::rows::{CdrArchiveRow, CdrArchiveState};
use sambac_store::{ChainKey, Store, StoreError};

use super::ExportError;
use crate::clock::Clock;
use crate::kill_point;

use files::file_error;
pub use files::{ArchiveFolder, ArchivedCdrs};
use groups::Groups;

/// Records moved in one unit of work: messages on their way do not wait long for its end.
const MOVED: usize = 500;

/// Moves days between table and files.
pub struct Archive {
    store: Store,
    key: ChainKey,
    clock: Clock,
    folder: ArchiveFolder,
}

/// Why a day could not be moved. Nothing is lost: see the module.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file could not be made or read.
    #[error(transparent)]
    Form(#[from] ExportError),
    /// The system.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what was written, or not what the table has.
    #[error("{path} {what}")]
    Changed {
        /// Which file.
        path: String,
        /// What differs.
        what: String,
    },
    /// The manifest's row was not written by who has the master key.
    #[error("the row of day {0} in cdr_archives is not what was written")]
    Manifest(i64),
    /// No file has this day.
    #[error("the day is not archived")]
    NotArchived,
    /// No record is of this day.
    #[error("there are no records of the day")]
    Nothing,
    /// Messages of this day are on their way.
    #[error("messages of the day are on their way: their records are yet to come")]
    Open,
    /// A restore of this day was begun.
    #[error("the day is being put back: let that come to its end first")]
    Restoring,
    /// Somebody else moves days.
    #[error("another process moves days of CDRs between table and files; try again later")]
    Busy,
}

/// A day that was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Which.
    pub day: Day,
    /// Records in its file.
    pub records: i64,
    /// Of those, how many the table should have had already, and had not, or not as they were written: they were put back.
    pub mended: usize,
}

/// The right to move days, of one process at a time; the system ends it with the process.
pub(crate) struct Turn(#[expect(dead_code, reason = "the lock is held for as long as the file is open")] File);

impl Archive {
    /// With the key of the ledger's chain.
    #[must_use]
    pub fn new(store: Store, key: ChainKey, clock: Clock, folder: ArchiveFolder) -> Self {
        Self { store, key, clock, folder }
    }

    /// Days before `until` that have records in the table and no message on its way, oldest first. Those that were put back are
    /// among them if that was before `restored_before`.
    ///
    /// # Errors
    /// [`ArchiveError::Store`].
    pub async fn due(&self, until: Day, restored_before: Timestamp) -> Result<Vec<Day>, ArchiveError> {
        let known = self.store.cdr_archives().await?;
        let stays = |day: Day| {
            known.iter().any(|row| match row.state {
                CdrArchiveState::Restoring => row.id == day.number(),
                CdrArchiveState::Restored => row.id == day.number() && row.changed_at >= restored_before,
                _ => false,
            })
        };
        let (mut days, mut above) = (Vec::new(), 0);
        while let Some(first) = self.store.first_cdr_above(above).await? {
            let day = Day::of_id(first.raw());
            if day >= until {
                break;
            }
            (_, above) = day.ids();
            if !stays(day) && !self.store.has_open_messages(day).await? {
                days.push(day);
            }
        }
        Ok(days)
    }

    /// Brings to their ends the moves that were interrupted.
    ///
    /// # Errors
    /// [`ArchiveError`], of the first that cannot be.
    pub async fn finish_begun(&self) -> Result<Vec<Moved>, ArchiveError> {
        let is_begun = |row: &CdrArchiveRow| matches!(row.state, CdrArchiveState::Written | CdrArchiveState::Restoring);
        if !self.store.cdr_archives().await?.iter().any(is_begun) {
            return Ok(Vec::new());
        }
        let turn = self.turn()?;
        self.finish_begun_in(&turn).await
    }

    /// Moves a day's records out of the table. A day that is moved already is left as it is.
    ///
    /// # Errors
    /// [`ArchiveError`]; what was not moved is in the table.
    pub async fn archive(&self, day: Day) -> Result<Moved, ArchiveError> {
        let turn = self.turn()?;
        self.archive_in(&turn, day).await
    }

    /// Puts a day's records back into the table. Its file stays. Of a day that is back already, those are put back that the table
    /// has lost since, and those that were changed there by who has not the key.
    ///
    /// # Errors
    /// [`ArchiveError`]; records that are back already are put back no second time.
    pub async fn restore(&self, day: Day) -> Result<Moved, ArchiveError> {
        let turn = self.turn()?;
        self.restore_in(&turn, day).await
    }

    pub(super) async fn finish_begun_in(&self, turn: &Turn) -> Result<Vec<Moved>, ArchiveError> {
        let mut moved = Vec::new();
        for row in self.store.cdr_archives().await? {
            match row.state {
                CdrArchiveState::Written => moved.push(self.archive_in(turn, Day::from_number(row.id)).await?),
                CdrArchiveState::Restoring => moved.push(self.restore_in(turn, Day::from_number(row.id)).await?),
                CdrArchiveState::Archived | CdrArchiveState::Restored => {}
            }
        }
        Ok(moved)
    }

    async fn archive_in(&self, _: &Turn, day: Day) -> Result<Moved, ArchiveError> {
        if self.store.has_open_messages(day).await? {
            return Err(ArchiveError::Open);
        }
        let archive = match self.store.cdr_archive(day).await? {
            Some(known) if known.state == CdrArchiveState::Restoring => return Err(ArchiveError::Restoring),
            Some(known) if known.state == CdrArchiveState::Restored => self.write_again(&known).await?,
            Some(known) => known,
            None => self.write_first(day).await?,
        };
        let path = self.verified(&archive).await?;
        self.compare(day, &path).await?;
        while self.store.delete_cdrs(day, MOVED).await? > 0 {
            kill_point::reached("cdr_removed");
        }
        self.keep(&archive, CdrArchiveState::Archived).await?;
        self.folder.tidy(day, &archive.file)?;
        Ok(Moved { day, records: archive.records, mended: 0 })
    }

    async fn restore_in(&self, _: &Turn, day: Day) -> Result<Moved, ArchiveError> {
        let known = self.store.cdr_archive(day).await?.ok_or(ArchiveError::NotArchived)?;
        let path = self.verified(&known).await?;
        let was_there = known.state == CdrArchiveState::Restored;
        if !was_there {
            self.keep(&known, CdrArchiveState::Restoring).await?;
        }
        let mut mended = 0;
        let mut groups = Groups::open(&path).await?;
        while let Some(rows) = groups.next().await? {
            for rows in rows.chunks(MOVED) {
                let (lost, changed) = self.put_back(rows).await?;
                mended += changed + if was_there { lost } else { 0 };
                kill_point::reached("cdr_restored");
            }
        }
        if !was_there {
            self.keep(&known, CdrArchiveState::Restored).await?;
        }
        Ok(Moved { day, records: known.records, mended })
    }

    /// The file must be the one that the manifest names, and the manifest must be ours.
    async fn verified(&self, archive: &CdrArchiveRow) -> Result<PathBuf, ArchiveError> {
        if !self.key.proves(archive) {
            return Err(ArchiveError::Manifest(archive.id));
        }
        let (folder, archive) = (self.folder.clone(), archive.clone());
        blocking(move || folder.verify(&archive)).await
    }

    async fn keep(&self, archive: &CdrArchiveRow, state: CdrArchiveState) -> Result<(), ArchiveError> {
        let archive = CdrArchiveRow { state, changed_at: self.clock.now(), ..archive.clone() };
        Ok(self.store.keep_cdr_archive(&archive).await?)
    }

    pub(crate) fn turn(&self) -> Result<Turn, ArchiveError> {
        let folder = self.folder.path();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| file_error(folder, source))?;
        let path = folder.join("lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|source| file_error(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Turn(file)),
            Err(TryLockError::WouldBlock) => Err(ArchiveError::Busy),
            Err(TryLockError::Error(source)) => Err(file_error(&path, source)),
        }
    }
}

/// Files are read and written outside of the threads that messages need.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArchiveError> + Send + 'static,
) -> Result<T, ArchiveError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ArchiveError::Form(ExportError::Form(error.to_string())))?
}
