//! Price books as the hot path reads them: the sheet of now and those to come, ready for look-ups.
//!
//! A sheet never changes, so what was made ready once is used again by every later snapshot. A sheet that is to count within a day
//! is ready before its moment, and so is the next one, however far ahead: the change of prices needs nobody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::{BookId, SheetId};
use sambac_domain::money::Currency;
use sambac_domain::rating::{Effective, PriceBook, Sheet};
use sambac_domain::time::Timestamp;
use sambac_store::rows::SheetRow;
use sambac_store::{Configuration, Store, StoreError};

use super::current::each_page;

/// Sheets that count within this time are made ready.
const READY_AHEAD: Duration = Duration::from_secs(86_400);

/// Sheets of tariffs that ended within this time are ready, too: for what was taken a moment ago and is not priced yet.
const TARIFFS_KEPT: Duration = Duration::from_secs(60);
/// And those of costs: for what fails over to another operator. It is the longest validity, and a day that a message may wait.
const COSTS_KEPT: Duration = Duration::from_secs(96 * 3_600);

/// All price books of a configuration.
#[derive(Clone, Default)]
pub(crate) struct Books {
    books: HashMap<BookId, Arc<PriceBook>>,
    sheets: HashMap<SheetId, Arc<Sheet>>,
    /// When a sheet that is not ready yet should be.
    incomplete_at: Option<Timestamp>,
}

impl Books {
    /// Reads the rates that are needed at `now` or soon, but for those of sheets that are ready in `before`.
    pub(crate) async fn load(
        store: &Store,
        configuration: &Configuration,
        now: Timestamp,
        before: &Self,
    ) -> Result<Self, StoreError> {
        let mut books = Self::default();
        let tariffs = configuration.tariffs.iter().map(|row| (BookId::from(row.id), row.currency, TARIFFS_KEPT));
        let costs = configuration.cost_books.iter().map(|row| (BookId::from(row.id), row.currency, COSTS_KEPT));
        for (id, currency, kept) in tariffs.chain(costs) {
            let mut sheets: Vec<_> = configuration.sheets.iter().filter(|sheet| sheet.book_id == id).collect();
            sheets.sort_by_key(|sheet| sheet.effective_from);
            let book = books.load_book(store, currency, &sheets, (now, kept), before).await?;
            books.books.insert(id, Arc::new(book));
        }
        Ok(books)
    }

    async fn load_book(
        &mut self,
        store: &Store,
        currency: Currency,
        sheets: &[&SheetRow],
        (now, kept): (Timestamp, Duration),
        before: &Self,
    ) -> Result<PriceBook, StoreError> {
        let past = sheets.partition_point(|sheet| sheet.effective_from <= now);
        let needed = past.saturating_sub(1)..=past;
        let mut effective = Vec::with_capacity(sheets.len());
        for (index, row) in sheets.iter().enumerate() {
            let soon = index > past && row.effective_from <= now.saturating_add(READY_AHEAD);
            let ended_at = sheets.get(index + 1).map(|next| next.effective_from);
            let just_ended = index < past && ended_at.is_some_and(|at| at > now.saturating_sub(kept));
            let sheet = if index < past && !needed.contains(&index) && !just_ended {
                None
            } else if needed.contains(&index) || soon || just_ended {
                Some(self.ready(store, row.id, before).await?)
            } else {
                let at = row.effective_from.saturating_sub(READY_AHEAD);
                self.incomplete_at = Some(self.incomplete_at.map_or(at, |earlier| earlier.min(at)));
                None
            };
            effective.push(Effective {
                from: row.effective_from,
                to: row.effective_to.unwrap_or(Timestamp::MAX),
                sheet,
            });
        }
        Ok(PriceBook::new(currency, effective))
    }

    async fn ready(&mut self, store: &Store, id: SheetId, before: &Self) -> Result<Arc<Sheet>, StoreError> {
        let sheet = match before.sheets.get(&id) {
            Some(sheet) => Arc::clone(sheet),
            None => {
                let mut rates = Vec::new();
                each_page(store, id, |page| rates.extend(page.iter().map(sambac_store::rows::RateRow::rate))).await?;
                Arc::new(Sheet::new(id, rates))
            }
        };
        self.sheets.insert(id, Arc::clone(&sheet));
        Ok(sheet)
    }

    /// A book by its id; one that is not there prices nothing.
    pub(crate) fn book(&self, id: impl Into<BookId>, currency: Currency) -> Arc<PriceBook> {
        self.books.get(&id.into()).map_or_else(|| Arc::new(PriceBook::empty(currency)), Arc::clone)
    }

    /// Whether a sheet should be made ready at `now` that is not.
    pub(crate) fn is_incomplete_at(&self, now: Timestamp) -> bool {
        self.incomplete_at.is_some_and(|at| at <= now)
    }
}
