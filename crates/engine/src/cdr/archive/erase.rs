//! Days whose files have a number that is to be erased: they are put back, and written anew when it is gone from the table.

use sambac_domain::{Day, Msisdn};
use sambac_store::rows::{CdrArchiveRow, CdrArchiveState};

use super::{Archive, ArchiveError, Groups, Turn};

/// A day that was put back.
pub(crate) struct PutBack {
    day: Day,
    /// Whether it was in the table before, and stays there.
    stays: bool,
}

impl Archive {
    /// Puts back the days whose files have this number. One that was put back and interrupted then is among them again.
    pub(crate) async fn put_back_with(&self, turn: &Turn, number: Msisdn) -> Result<Vec<PutBack>, ArchiveError> {
        self.finish_begun_in(turn).await?;
        let mut days = Vec::new();
        for row in self.store.cdr_archives().await? {
            if self.has(&row, number).await? {
                let day = Day::from_number(row.id);
                days.push(PutBack { day, stays: row.state == CdrArchiveState::Restored });
                self.restore_in(turn, day).await?;
            }
        }
        Ok(days)
    }

    /// Writes the files of these days anew, and takes the days out of the table again.
    pub(crate) async fn write_anew(&self, turn: &Turn, days: Vec<PutBack>) -> Result<(), ArchiveError> {
        for PutBack { day, stays } in days {
            self.archive_in(turn, day).await?;
            if stays {
                self.restore_in(turn, day).await?;
            }
        }
        Ok(())
    }

    async fn has(&self, archive: &CdrArchiveRow, number: Msisdn) -> Result<bool, ArchiveError> {
        let mut groups = Groups::open(&self.verified(archive).await?).await?;
        while let Some(rows) = groups.next().await? {
            if rows.iter().any(|row| row.destination == number) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
