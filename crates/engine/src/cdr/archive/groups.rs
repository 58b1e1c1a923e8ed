//! The records of a day's file, read group by group.

use std::path::Path;
use std::sync::Arc;

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
