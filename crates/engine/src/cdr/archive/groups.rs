//! The records of a day's file, read group by group.

use std::path::Path;
use std::sync::Arc;

use sambac_domain::Day;
use sambac_store::rows::CdrRow;

use super::{ArchiveError, blocking};
use crate::cdr::parquet_rows::ParquetRows;

pub(super) struct Groups {
    file: Arc<ParquetRows>,
    next: usize,
}

impl Groups {
    pub(super) async fn open(path: &Path) -> Result<Self, ArchiveError> {
        let path = path.to_owned();
        let file = blocking(move || Ok(ParquetRows::open(&path)?)).await?;
        Ok(Self { file: Arc::new(file), next: 0 })
    }

    /// The records of the next group, by rising ids.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<CdrRow>>, ArchiveError> {
        let (file, number) = (Arc::clone(&self.file), self.next);
        if number >= file.groups() {
            return Ok(None);
        }
        self.next += 1;
        Ok(Some(blocking(move || Ok(file.group(number)?)).await?))
    }
}

/// Ids above the first, up to the second.
pub(super) type Span = (i64, i64);

/// All ids of a day, cut where its file's groups end: each span with the records that the file has in it.
pub(super) struct Spans {
    groups: Groups,
    /// What is left; `None` after the end of the day.
    left: Option<Span>,
}

impl Spans {
    pub(super) async fn of(day: Day, path: &Path) -> Result<Self, ArchiveError> {
        Ok(Self { groups: Groups::open(path).await?, left: Some(day.ids()) })
    }

    /// The next span. The last one reaches from the last record to the end of the day, and has none.
    pub(super) async fn next(&mut self) -> Result<Option<(Span, Vec<CdrRow>)>, ArchiveError> {
        let Some((above, end)) = self.left.take() else { return Ok(None) };
        let Some(rows) = self.groups.next().await? else { return Ok(Some(((above, end), Vec::new()))) };
        let last = rows.last().map_or(above, |row| row.id.raw());
        self.left = Some((last, end));
        Ok(Some(((above, last), rows)))
    }
}
