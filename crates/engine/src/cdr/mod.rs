//! Records of what was sent, written as files: a page at a time, so that a million take no more memory than a thousand.
//!
//! ```text
//! let mut export = Export::new(store, filter, FileKind::Csv, Numbers::Masked);
//! while let Some(octets) = export.next().await? { file.write_all(&octets).await?; }
//! ```

pub mod archive;
mod column;
mod csv_file;
mod parquet_file;
mod parquet_rows;

use sambac_domain::SegmentId;
use sambac_store::rows::CdrRow;
use sambac_store::{CdrFilter, CdrOrder, Store, StoreError};

pub use column::charge_word;
use csv_file::CsvFile;
use parquet_file::ParquetFile;

/// Records read at once; in Parquet, those of a row group.
const PAGE: u32 = 10_000;

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Text, a record on each line, with a header.
    Csv,
    /// Apache Parquet, columns compressed by Snappy.
    Parquet,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// The last four digits masked.
    Masked,
    /// With all digits.
    Whole,
}

/// Why a file could not be written to its end. What was written before is no whole file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The records could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They could not be put into the file's form.
    #[error("the records do not fit the file: {0}")]
    Form(String),
}

/// A file under way. Whoever drops it stops it: nothing is read ahead.
pub struct Export {
    store: Store,
    filter: CdrFilter,
    /// `None` when the file is finished.
    file: Option<File>,
    after: Option<SegmentId>,
    records: u64,
}

enum File {
    Csv(CsvFile),
    Parquet(Box<ParquetFile>),
}

impl FileKind {
    /// The name in requests, and what file names end with.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl Export {
    /// A file of the records that fit, oldest first.
    ///
    /// # Errors
    /// [`ExportError::Form`].
    pub fn new(store: Store, filter: CdrFilter, kind: FileKind, numbers: Numbers) -> Result<Self, ExportError> {
        let file = match kind {
            FileKind::Csv => File::Csv(CsvFile::new(numbers)),
            FileKind::Parquet => File::Parquet(Box::new(ParquetFile::new(numbers)?)),
        };
        Ok(Self { store, filter, file: Some(file), after: None, records: 0 })
    }

    /// The next octets of the file; `None` after the last ones.
    ///
    /// # Errors
    /// [`ExportError`]; the file is not to be used then.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        while let Some(file) = self.file.take() {
            let page = self.store.cdr_page(&self.filter, CdrOrder::OldestFirst, self.after, PAGE).await?;
            self.after = page.next;
            self.records += page.rows.len() as u64;
            let is_last = page.next.is_none();
            // Forming thousands of records takes milliseconds, which messages on their way do not have.
            let formed = tokio::task::spawn_blocking(move || file.formed(&page.rows, is_last)).await;
            let (file, octets) = formed.map_err(|error| ExportError::Form(error.to_string()))??;
            self.file = file;
            if !octets.is_empty() {
                return Ok(Some(octets));
            }
        }
        Ok(None)
    }

    /// Records so far.
    pub const fn records(&self) -> u64 {
        self.records
    }
}

impl File {
    /// The octets that these records add, and the file, unless it is finished.
    fn formed(mut self, rows: &[CdrRow], is_last: bool) -> Result<(Option<Self>, Vec<u8>), ExportError> {
        match &mut self {
            Self::Csv(file) => {
                let octets = file.write(rows)?;
                Ok(((!is_last).then_some(self), octets))
            }
            Self::Parquet(file) => {
                file.write(rows)?;
                if is_last {
                    file.finish()?;
                }
                let octets = file.take();
                Ok(((!is_last).then_some(self), octets))
            }
        }
    }
}

#[cfg(test)]
mod tests;
