//! A file becomes a sheet: read, compared, and written all at once or not at all.
//!
//! The rates go into the database in slices, each in a short unit of work of its own, before their sheet is there; the sheet's row
//! makes them count. So the messages of the moment never wait for a large import, and one that fails half-way leaves nothing that
//! counts.

use std::time::Duration;

use bytes::Bytes;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{BookId, IdSource, RateId, SheetId};
use sambac_domain::time::Timestamp;
use sambac_store::rows::{RateRow, SheetRow};
use sambac_store::{Configuration, StoreError};

use super::book::{Book, BookKind};
use super::compare::{Comparison, compare, merged};
use super::csv::{self, Faults, NewRate, Reading};
use super::current::{each_page, sheet_at};
use crate::Engine;
use crate::admin::Administrator;
use crate::refusal::Refusal;

/// Rates of one unit of work.
const SLICE: usize = 1_000;
/// Staged rates of an import that is this old belong to a process that has ended.
const STAGED_MAX: Duration = Duration::from_secs(86_400);

/// A sheet that is to be.
#[derive(Clone, Debug, Default)]
pub struct ImportRequest {
    /// Comma-separated values.
    pub file: Bytes,
    /// From when it counts; from now on when not given, and from the beginning when it is the book's first.
    pub effective_from: Option<Timestamp>,
    /// Until when; until the next sheet does when not given.
    pub effective_to: Option<Timestamp>,
    /// The file names only what changes of the sheet that counts then.
    pub merge: bool,
    /// Only tell what would change.
    pub dry_run: bool,
    /// What the author says of it, at most 500 characters.
    pub note: String,
    /// The file's name, at most 200 characters.
    pub file_name: String,
}

/// What an import did, or would do.
#[derive(Clone, Debug)]
pub struct ImportedSheet {
    /// The new sheet; `None` after a dry run.
    pub sheet: Option<SheetRow>,
    /// How many rates it has.
    pub rate_count: u32,
    /// What it changes of the sheet that would count then without it.
    pub comparison: Comparison,
    /// When it ends, if no other sheet counts then: nothing can be priced from then on.
    pub no_prices_from: Option<Timestamp>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Lines of the file are wrong.
    #[error("{} lines are wrong", .0.count)]
    Faults(Faults),
    /// All else.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Engine {
    /// Makes a sheet of a price book out of a file.
    ///
    /// # Errors
    /// [`ImportError`]; nothing was changed then.
    pub async fn import_sheet(
        &self,
        by: &Administrator,
        kind: BookKind,
        book: &str,
        request: ImportRequest,
    ) -> Result<ImportedSheet, ImportError> {
        let stored = self.stored().await?;
        let book = Book::find(&stored, kind, book)?;
        let now = self.clock().now();
        let from = effective_from(&stored, book.id, &request, now)?;
        let rates = self.read_file(&book, request.file.clone()).await?;
        let before = match sheet_at(&stored, book.id, from) {
            Some(sheet) => self.rates_of_sheet(sheet.id).await?,
            None => Vec::new(),
        };
        let rates = if request.merge { merged(before.clone(), rates) } else { rates };
        let (comparison, rates) = blocking(move || (compare(&before, &rates), rates)).await?;
        let rate_count = u32::try_from(rates.len()).unwrap_or(u32::MAX);
        let no_prices_from = gap(&stored, book.id, request.effective_to);
        if request.dry_run {
            return Ok(ImportedSheet { sheet: None, rate_count, comparison, no_prices_from });
        }
        let sheet = SheetRow {
            id: SheetId::from_raw(self.0.ids.next(now)),
            book_id: book.id,
            version: 0,
            effective_from: from,
            effective_to: request.effective_to,
            rate_count,
            source: if request.file_name.is_empty() {
                "import".to_owned()
            } else {
                format!("import {}", request.file_name)
            },
            note: request.note,
            created_by: by.author(),
            created_at: now,
            withdrawn_at: None,
        };
        let sheet = self.write_sheet(by, &book, sheet, &rates).await?;
        Ok(ImportedSheet { sheet: Some(sheet), rate_count, comparison, no_prices_from })
    }

    async fn read_file(&self, book: &Book, file: Bytes) -> Result<Vec<NewRate>, ImportError> {
        let (currency, snapshot) = (book.currency, self.snapshot());
        let read = move || csv::read(&*file, &Reading { currency, group: &|name| snapshot.groups.named(name) });
        blocking(read).await?.map_err(ImportError::Faults)
    }

    pub(super) async fn rates_of_sheet(&self, sheet: SheetId) -> Result<Vec<NewRate>, Refusal> {
        let mut rates = Vec::new();
        let read = each_page(self.store(), sheet, |page| rates.extend(page.iter().map(NewRate::from))).await;
        read.map_err(|error| refusal(&error))?;
        Ok(rates)
    }

    async fn write_sheet(
        &self,
        by: &Administrator,
        book: &Book,
        sheet: SheetRow,
        rates: &[NewRate],
    ) -> Result<SheetRow, Refusal> {
        let written = async {
            self.stage(sheet.id, rates).await?;
            let _changing = self.0.admin_changes.lock().await;
            let mut work = self.store().begin_configuration().await?;
            let sheet = work.add_sheet(&sheet, &[]).await?;
            let reason = format!("{} {}: sheet {}", book.kind, book.name, sheet.version);
            work.keep_version(&by.author(), &reason, sheet.created_at).await?;
            work.commit().await?;
            Ok(sheet)
        };
        let written: Result<SheetRow, StoreError> = written.await;
        if written.is_err() {
            // What is left is found by the next import.
            let _ = self.store().drop_staged(sheet.id).await;
        }
        let sheet = written.map_err(|error| refusal(&error))?;
        self.reload().await;
        Ok(sheet)
    }

    async fn stage(&self, sheet: SheetId, rates: &[NewRate]) -> Result<(), StoreError> {
        self.drop_forgotten().await?;
        let mut ids = RateIds::new(&self.0.ids, self.clock().now());
        for slice in rates.chunks(SLICE) {
            let rows: Vec<RateRow> = slice.iter().map(|rate| rate.row(ids.next(), sheet)).collect();
            self.store().stage_rates(&rows).await?;
        }
        Ok(())
    }

    /// Rates that were staged by a process that ended before their sheet was there.
    async fn drop_forgotten(&self) -> Result<(), StoreError> {
        let now = self.clock().now();
        for sheet in self.store().staged(100).await? {
            if now.since(IdSource::made_at(sheet.raw())) > STAGED_MAX {
                self.store().drop_staged(sheet).await?;
            }
        }
        Ok(())
    }
}

/// The end of a sheet, when none begins there: those before it were cut off where it begins.
fn gap(stored: &Configuration, book: BookId, end: Option<Timestamp>) -> Option<Timestamp> {
    let follows = |end: Timestamp| {
        let mut sheets = stored.sheets.iter().filter(|sheet| sheet.book_id == book && sheet.withdrawn_at.is_none());
        sheets.any(|sheet| sheet.effective_from == end)
    };
    end.filter(|end| !follows(*end))
}

/// What would be wrong about messages that were taken already: a sheet counts from now on at the earliest, but for a book's first.
fn effective_from(
    stored: &Configuration,
    book: BookId,
    request: &ImportRequest,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    let of_now = sheet_at(stored, book, now).map(|sheet| sheet.effective_from);
    let has_sheets = stored.sheets.iter().any(|sheet| sheet.book_id == book);
    let earliest = of_now.map_or(now, |from| now.max(Timestamp(from.0.saturating_add(1))));
    let from = match request.effective_from {
        None if has_sheets => earliest,
        None => Timestamp::EPOCH,
        Some(from) if has_sheets && from < now => {
            let detail = "a sheet cannot begin in the past: what was taken then has its price";
            return Err(Refusal::new(ErrorCode::InvalidRequest, detail).at("/effective_from"));
        }
        Some(from) => from,
    };
    if request.effective_to.is_some_and(|to| to <= from) {
        return Err(Refusal::new(ErrorCode::InvalidRequest, "the sheet would end before it begins").at("/effective_to"));
    }
    Ok(from)
}

impl NewRate {
    fn row(&self, id: RateId, sheet_id: SheetId) -> RateRow {
        let Self { scope, sender, class, price_micros, policy } = *self;
        RateRow { id, sheet_id, scope, sender_form: sender, class, price_micros, charge_policy: policy }
    }
}

/// Ids of rates: 256 of each id of the source, whose low eight bits are free. A large sheet would run ahead of the clock.
struct RateIds<'a> {
    source: &'a IdSource,
    now: Timestamp,
    next: i64,
}

impl<'a> RateIds<'a> {
    fn new(source: &'a IdSource, now: Timestamp) -> Self {
        Self { source, now, next: 0 }
    }

    fn next(&mut self) -> RateId {
        if self.next & 0xff == 0 {
            self.next = self.source.next(self.now);
        }
        let id = self.next;
        self.next = if id & 0xff == 0xff { 0 } else { id + 1 };
        RateId::from_raw(id)
    }
}

/// Work of more than a moment, away from the threads that serve.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ErrorCode::Internal.into())
}

pub(super) fn refusal(error: &StoreError) -> Refusal {
    match error {
        StoreError::Conflict("price_sheets.effective") => {
            let detail = "another sheet counts at that time, or begins at that very moment";
            Refusal::new(ErrorCode::InvalidConfiguration, detail).at("/effective_from")
        }
        other => crate::admin::store_refusal(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_take_all_the_ids_that_the_source_leaves_free() {
        let source = IdSource::new(0, 0);
        let mut ids = RateIds::new(&source, Timestamp::from_secs(1_800_000_000));
        let taken: Vec<i64> = (0..1_000).map(|_| ids.next().raw()).collect();
        assert!(taken.windows(2).all(|pair| pair[0] < pair[1]), "ids only grow");
        assert_eq!(taken[255] - taken[0], 255);
        assert_eq!(taken[256], taken[0] + 256, "the next of the source");
        assert!(source.next(Timestamp::from_secs(1_800_000_000)) > taken[999]);
    }
}
