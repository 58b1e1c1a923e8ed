//! Price books as people look at them: listed, made, compared, exported, and sheets withdrawn.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{CostBookId, RateId, TariffId};
use sambac_domain::money::Currency;
use sambac_domain::time::Timestamp;
use sambac_store::Configuration;
use sambac_store::rows::{CostBookRow, SheetRow, TariffRow};

use super::book::{Book, BookKind};
use super::compare::{Comparison, compare};
use super::csv;
use super::current::sheet_at;
use super::import::refusal;
use crate::Engine;
use crate::admin::Administrator;
use crate::refusal::Refusal;

/// Rates of one piece of an export.
const PIECE: u32 = 2_000;

/// A price book and its sheets.
#[derive(Clone, Debug)]
pub struct BookView {
    /// The book.
    pub book: Book,
    /// Its sheets, the oldest first; withdrawn ones are not among them.
    pub sheets: Vec<SheetView>,
}

/// A sheet and the time in which it counts.
#[derive(Clone, Debug)]
pub struct SheetView {
    /// As it is stored.
    pub row: SheetRow,
    /// When it ends: where the next one begins, or earlier; `None`: it has no end.
    pub ends_at: Option<Timestamp>,
    /// Whether it counts now.
    pub is_current: bool,
}

/// A sheet on its way out, piece by piece.
pub struct ExportedSheet {
    engine: Engine,
    sheet: SheetRow,
    currency: Currency,
    after: Option<RateId>,
    is_done: bool,
}

impl Engine {
    /// All price books of a kind, the oldest first.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when the database does not answer.
    pub async fn price_books(&self, kind: BookKind) -> Result<Vec<BookView>, Refusal> {
        let (stored, now) = (self.stored().await?, self.clock().now());
        Ok(Book::all(&stored, kind).into_iter().map(|book| view(&stored, book, now)).collect())
    }

    /// One price book, by its id or name.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn price_book(&self, kind: BookKind, named: &str) -> Result<BookView, Refusal> {
        let stored = self.stored().await?;
        Ok(view(&stored, Book::find(&stored, kind, named)?, self.clock().now()))
    }

    /// Makes a price book without a sheet: a tariff of this name, or the cost book of the operator of this name.
    ///
    /// # Errors
    /// [`ErrorCode::Conflict`] when there is one; [`ErrorCode::InvalidConfiguration`] when there is no such operator.
    pub async fn create_price_book(
        &self,
        by: &Administrator,
        kind: BookKind,
        name: &str,
        currency: Currency,
    ) -> Result<BookView, Refusal> {
        let _changing = self.0.admin_changes.lock().await;
        let (stored, now) = (self.stored().await?, self.clock().now());
        if Book::all(&stored, kind).iter().any(|book| book.name == name) {
            return Err(Refusal::from(ErrorCode::Conflict).at(if kind == BookKind::Tariff {
                "/name"
            } else {
                "/operator"
            }));
        }
        let id = self.0.ids.next(now);
        let work = async {
            let mut work = self.store().begin_configuration().await?;
            match kind {
                BookKind::Tariff => {
                    let row =
                        TariffRow { id: TariffId::from_raw(id), name: name.to_owned(), currency, created_at: now };
                    work.upsert_tariff(&row).await?;
                }
                BookKind::Cost => {
                    let operator = stored.operators.iter().find(|row| row.name == name).map(|row| row.id);
                    let Some(operator_id) = operator else { return Ok(false) };
                    let row = CostBookRow { id: CostBookId::from_raw(id), operator_id, currency, created_at: now };
                    work.upsert_cost_book(&row).await?;
                }
            }
            work.keep_version(&by.author(), &format!("create {kind} {name}"), now).await?;
            work.commit().await?;
            Ok(true)
        };
        if !work.await.map_err(|error: sambac_store::StoreError| refusal(&error))? {
            let detail = format!("there is no operator \"{name}\"");
            return Err(Refusal::new(ErrorCode::InvalidConfiguration, detail).at("/operator"));
        }
        self.reload().await;
        self.price_book(kind, name).await
    }

    /// How sheet `to` of a book differs from sheet `from`.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn compare_sheets(&self, kind: BookKind, named: &str, from: u32, to: u32) -> Result<Comparison, Refusal> {
        let view = self.price_book(kind, named).await?;
        let before = self.rates_of_sheet(view.sheet(from)?.id).await?;
        let after = self.rates_of_sheet(view.sheet(to)?.id).await?;
        let compared = tokio::task::spawn_blocking(move || compare(&before, &after)).await;
        compared.map_err(|_| ErrorCode::Internal.into())
    }

    /// Starts to export a sheet of a book.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn export_sheet(&self, kind: BookKind, named: &str, version: u32) -> Result<ExportedSheet, Refusal> {
        let view = self.price_book(kind, named).await?;
        let sheet = view.sheet(version)?.clone();
        Ok(ExportedSheet { engine: self.clone(), sheet, currency: view.book.currency, after: None, is_done: false })
    }

    /// Takes back a sheet that does not count yet.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]; [`ErrorCode::WrongState`] when it has taken effect.
    pub async fn withdraw_sheet(
        &self,
        by: &Administrator,
        kind: BookKind,
        named: &str,
        version: u32,
    ) -> Result<(), Refusal> {
        let _changing = self.0.admin_changes.lock().await;
        let (view, now) = (self.price_book(kind, named).await?, self.clock().now());
        let id = view.sheet(version)?.id;
        let work = async {
            let mut work = self.store().begin_configuration().await?;
            let withdrawn = work.withdraw_sheet(id, now).await?;
            if withdrawn {
                work.keep_version(&by.author(), &format!("{kind} {}: withdraw sheet {version}", view.book.name), now)
                    .await?;
                work.commit().await?;
            }
            Ok(withdrawn)
        };
        if !work.await.map_err(|error: sambac_store::StoreError| refusal(&error))? {
            let detail = "it has taken effect: import another one that takes its place";
            return Err(Refusal::new(ErrorCode::WrongState, detail));
        }
        self.reload().await;
        Ok(())
    }
}

impl BookView {
    /// The sheet that counts now.
    pub fn current(&self) -> Option<&SheetView> {
        self.sheets.iter().find(|sheet| sheet.is_current)
    }

    fn sheet(&self, version: u32) -> Result<&SheetRow, Refusal> {
        let found = self.sheets.iter().find(|sheet| sheet.row.version == version);
        found.map(|sheet| &sheet.row).ok_or_else(|| ErrorCode::NotFound.into())
    }
}

impl ExportedSheet {
    /// What it is.
    pub fn sheet(&self) -> &SheetRow {
        &self.sheet
    }

    /// The next piece of the file, beginning with its head; `None` after the last.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when the database does not answer.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        if self.is_done {
            return Ok(None);
        }
        let after = self.after.unwrap_or(RateId::from_raw(i64::MIN));
        let rates = self.engine.store().rates_of(self.sheet.id, after, PIECE).await.map_err(|error| refusal(&error))?;
        let snapshot = self.engine.snapshot();
        let name = |id| snapshot.groups.name(id).map(str::to_owned);
        let lines = csv::written(&rates, self.currency, &name);
        let head = if self.after.is_none() { csv::HEAD } else { "" };
        self.is_done = rates.len() < PIECE as usize;
        self.after = rates.last().map(|rate| rate.id).or(Some(after));
        Ok(Some([head.as_bytes(), &lines].concat()))
    }
}

fn view(stored: &Configuration, book: Book, now: Timestamp) -> BookView {
    let mut rows: Vec<&SheetRow> = stored.sheets.iter().filter(|sheet| sheet.book_id == book.id).collect();
    rows.sort_by_key(|sheet| sheet.effective_from);
    let current = sheet_at(stored, book.id, now).map(|sheet| sheet.id);
    let sheets = rows.iter().enumerate().map(|(index, row)| SheetView {
        row: (*row).clone(),
        ends_at: row.effective_to.or_else(|| rows.get(index + 1).map(|next| next.effective_from)),
        is_current: current == Some(row.id),
    });
    BookView { book, sheets: sheets.collect() }
}
