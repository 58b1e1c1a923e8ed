//! The rates of sheets as they are stored, for whoever shows, compares or copies them.

use std::collections::HashMap;

use sambac_domain::id::{BookId, RateId, SheetId};
use sambac_domain::time::Timestamp;
use sambac_store::rows::{RateRow, SheetRow};
use sambac_store::{Configuration, Store, StoreError};

/// Rates read at once.
const PAGE: u32 = 5_000;

/// The rates of some books' sheets of now.
pub(crate) type CurrentRates = HashMap<BookId, Vec<RateRow>>;

/// The sheet of a book that counts at `at`.
pub(crate) fn sheet_at(configuration: &Configuration, book: BookId, at: Timestamp) -> Option<&SheetRow> {
    let begun = configuration.sheets.iter().filter(|row| row.book_id == book && row.effective_from <= at);
    let last = begun.max_by_key(|row| row.effective_from);
    last.filter(|row| row.effective_to.is_none_or(|end| at < end))
}

/// Reads a sheet page by page, in the order in which it was written.
pub(crate) async fn each_page(
    store: &Store,
    sheet: SheetId,
    mut take: impl FnMut(Vec<RateRow>),
) -> Result<(), StoreError> {
    let mut after = RateId::from_raw(i64::MIN);
    loop {
        let page = store.rates_of(sheet, after, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        if let Some(last) = page.last() {
            after = last.id;
        }
        take(page);
        if is_last {
            return Ok(());
        }
    }
}

/// The rates of the books for which `is_wanted` says so, each of at most `most` rates: of larger ones nothing is read.
pub(crate) async fn rates(
    store: &Store,
    configuration: &Configuration,
    at: Timestamp,
    most: u32,
    is_wanted: impl Fn(BookId) -> bool,
) -> Result<CurrentRates, StoreError> {
    let mut current = CurrentRates::new();
    for book in configuration.tariffs.iter().map(|row| BookId::from(row.id)).filter(|book| is_wanted(*book)) {
        let mut rates = Vec::new();
        match sheet_at(configuration, book, at) {
            Some(sheet) if sheet.rate_count > most => continue,
            Some(sheet) => each_page(store, sheet.id, |page| rates.extend(page)).await?,
            None => {}
        }
        current.insert(book, rates);
    }
    Ok(current)
}
