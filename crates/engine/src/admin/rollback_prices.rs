//! Prices of an earlier version of the configuration. What has taken effect has priced messages and stays; so the sheet that
//! counted then counts again as a new one, from now on. Sheets made since that have not taken effect are withdrawn; those that were
//! withdrawn since stay so.

use std::collections::{BTreeSet, HashSet};

use sambac_domain::{BookId, IdSource, RateId, SheetId, Timestamp};
use sambac_store::rows::{RateRow, SheetRow};
use sambac_store::{Configuration, StoreError, UnitOfWork};

/// Rates copied at once.
const PAGE: u32 = 2_000;

/// What a rollback of prices needs to know.
pub(super) struct Prices<'a> {
    pub(super) stored: &'a Configuration,
    /// Sheets that were made after the version.
    pub(super) made_since: &'a HashSet<i64>,
    pub(super) ids: &'a IdSource,
    pub(super) now: Timestamp,
}

impl Prices<'_> {
    pub(super) async fn take_back(&self, work: &mut UnitOfWork, number: i64, author: &str) -> Result<(), StoreError> {
        let made_since = || self.stored.sheets.iter().filter(|sheet| self.made_since.contains(&sheet.id.raw()));
        for sheet in made_since().filter(|sheet| sheet.effective_from > self.now) {
            work.withdraw_sheet(sheet.id, self.now).await?;
        }
        let counted = made_since().filter(|sheet| sheet.effective_from <= self.now);
        let books: BTreeSet<BookId> = counted.map(|sheet| sheet.book_id).collect();
        for book in books {
            if let Some(earlier) = self.sheet_of_then(book) {
                self.again(work, earlier, number, author).await?;
            }
        }
        Ok(())
    }

    /// The sheet that would count now, had nothing been changed since.
    fn sheet_of_then(&self, book: BookId) -> Option<&SheetRow> {
        let of_book =
            self.stored.sheets.iter().filter(|sheet| sheet.book_id == book && sheet.effective_from <= self.now);
        of_book.filter(|sheet| !self.made_since.contains(&sheet.id.raw())).max_by_key(|sheet| sheet.effective_from)
    }

    async fn again(&self, work: &mut UnitOfWork, earlier: &SheetRow, number: i64, by: &str) -> Result<(), StoreError> {
        let of_book = self.stored.sheets.iter().filter(|sheet| sheet.book_id == earlier.book_id);
        let latest = of_book.map(|sheet| sheet.effective_from).filter(|from| *from <= self.now).max();
        let after_latest = latest.map_or(self.now, |from| Timestamp(from.0.saturating_add(1)));
        let sheet = SheetRow {
            id: SheetId::from_raw(self.ids.next(self.now)),
            effective_from: self.now.max(after_latest),
            source: "rollback".to_owned(),
            note: format!("as version {} of the prices, by a rollback to version {number}", earlier.version),
            created_by: by.to_owned(),
            created_at: self.now,
            ..earlier.clone()
        };
        let mut after = RateId::from_raw(i64::MIN);
        loop {
            let page = work.rates_in(earlier.id, after, PAGE).await?;
            let Some(last) = page.last().map(|rate| rate.id) else { break };
            after = last;
            let copy = |rate: RateRow| RateRow { id: self.next_rate(), sheet_id: sheet.id, ..rate };
            work.add_rates(&page.into_iter().map(copy).collect::<Vec<_>>()).await?;
        }
        work.add_sheet(&sheet, &[]).await.map(drop)
    }

    fn next_rate(&self) -> RateId {
        RateId::from_raw(self.ids.next(self.now))
    }
}
