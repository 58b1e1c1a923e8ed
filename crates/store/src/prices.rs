//! Price books: sheets are added and, before they take effect, withdrawn; rates are read sheet by sheet.
//!
//! A large sheet is written in slices: [`Store::stage_rates`] in units of work of their own, then the sheet's row, which makes
//! them count all at once. So an import of any size never keeps the database from others for long.

use sambac_domain::{BookId, RateId, RateScope, SheetId, Timestamp};
use sqlx::AssertSqlSafe;

use crate::query::{query, select};
use crate::rows::{RateRow, Record as _, SheetRow};
use crate::unit_of_work::UnitOfWork;
use crate::{Change, Store, StoreError};

/// Rates of one statement: a text with more parameters takes longer to prepare than it saves.
const ROWS: usize = 128;

impl Store {
    /// Whether a rate of any sheet is for this scope. Looks at all of them: not for the hot path.
    pub async fn is_scope_named(&self, scope: RateScope) -> Result<bool, StoreError> {
        let found = query("SELECT id FROM rates WHERE scope = $1 LIMIT 1").bind(&scope);
        Ok(found.first::<(RateId,)>(self.pool()).await?.is_some())
    }

    /// Rates of a sheet in the order of their ids, `limit` of those after `after`.
    pub async fn rates_of(&self, sheet: SheetId, after: RateId, limit: u32) -> Result<Vec<RateRow>, StoreError> {
        let rates = select::<RateRow>("WHERE sheet_id = $1 AND id > $2 ORDER BY id LIMIT $3");
        rates.bind(&sheet).bind(&after).bind(&i64::from(limit)).all(self.pool()).await
    }

    /// The rate of this id.
    pub async fn rate(&self, id: RateId) -> Result<Option<RateRow>, StoreError> {
        select::<RateRow>("WHERE id = $1").bind(&id).first(self.pool()).await
    }

    /// Every sheet, withdrawn ones too, in the order of their ids.
    pub async fn sheets(&self) -> Result<Vec<SheetRow>, StoreError> {
        select::<SheetRow>("ORDER BY id").all(self.pool()).await
    }

    /// Writes rates of a sheet that is not there yet: they count once it is.
    pub async fn stage_rates(&self, rates: &[RateRow]) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.add_rates(rates).await?;
        work.commit().await
    }

    /// Removes staged rates that have no sheet: those of this one, whose import came to nothing.
    pub async fn drop_staged(&self, sheet: SheetId) -> Result<u64, StoreError> {
        let mut work = self.begin().await?;
        let orphaned = "DELETE FROM rates WHERE sheet_id = $1
            AND NOT EXISTS (SELECT 1 FROM price_sheets s WHERE s.id = $1)";
        let dropped = query(orphaned).bind(&sheet).run(&mut work).await?;
        work.commit().await?;
        Ok(dropped)
    }

    /// Sheets that have staged rates and are not there, up to `limit`: an import is at work, or was when the process ended.
    pub async fn staged(&self, limit: u32) -> Result<Vec<SheetId>, StoreError> {
        let staged = "SELECT DISTINCT sheet_id FROM rates
            WHERE NOT EXISTS (SELECT 1 FROM price_sheets s WHERE s.id = rates.sheet_id) LIMIT $1";
        let rows = query(staged).bind(&i64::from(limit)).all::<(SheetId,)>(self.pool()).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }
}

impl UnitOfWork {
    /// Adds a sheet to its book, with rates that are not staged. Its version is the book's next, whatever it says. Answers the
    /// row as it was written.
    ///
    /// A sheet with an end must end before the next one begins, and none may begin before the one before it has ended: that is
    /// `Conflict("price_sheets.effective")`, as are two that begin at one moment.
    pub async fn add_sheet(&mut self, sheet: &SheetRow, rates: &[RateRow]) -> Result<SheetRow, StoreError> {
        // Counted first: whoever else changes the configuration waits from here on, so what is looked at now stays so.
        self.changed().await?;
        let book = select::<SheetRow>("WHERE book_id = $1 ORDER BY effective_from");
        let book = book.bind(&sheet.book_id).all_in::<SheetRow>(self).await?;
        if overlaps(sheet, &book) {
            return Err(StoreError::Conflict("price_sheets.effective"));
        }
        let version = book.iter().map(|row| row.version).max().unwrap_or_default() + 1;
        let sheet = SheetRow { version, ..sheet.clone() };
        self.add_rates(rates).await?;
        self.upsert_recorded(&sheet).await?;
        Ok(sheet)
    }

    /// Writes rates; they count once their sheet is there.
    pub async fn add_rates(&mut self, rates: &[RateRow]) -> Result<(), StoreError> {
        let columns = RateRow::COLUMNS;
        for rows in rates.chunks(ROWS) {
            let tuples = self.dialect().tuples(0, rows.len(), columns.len());
            let sql = format!("INSERT INTO {} ({}) VALUES {tuples}", RateRow::TABLE, columns.join(", "));
            let mut values = Vec::with_capacity(rows.len() * columns.len());
            rows.iter().for_each(|row| row.values(&mut values));
            query(AssertSqlSafe(sql)).bind_all(values).run(self).await?;
        }
        Ok(())
    }

    /// Takes a sheet back that has not taken effect at `now`. Answers whether there was such a one.
    pub async fn withdraw_sheet(&mut self, id: SheetId, now: Timestamp) -> Result<bool, StoreError> {
        self.changed().await?;
        let coming = select::<SheetRow>("WHERE id = $1 AND withdrawn_at IS NULL AND effective_from > $2");
        let Some(sheet) = coming.bind(&id).bind(&now).all_in::<SheetRow>(self).await?.pop() else { return Ok(false) };
        self.upsert_recorded(&SheetRow { withdrawn_at: Some(now), ..sheet }).await?;
        Ok(true)
    }

    /// Rates of a sheet, as [`Store::rates_of`], with what this unit of work has written.
    pub async fn rates_in(&mut self, sheet: SheetId, after: RateId, limit: u32) -> Result<Vec<RateRow>, StoreError> {
        let rates = select::<RateRow>("WHERE sheet_id = $1 AND id > $2 ORDER BY id LIMIT $3");
        rates.bind(&sheet).bind(&after).bind(&i64::from(limit)).all_in::<RateRow>(self).await
    }

    /// Notes for the version of this unit of work what a sheet changes: each rate as it was in the sheet before, and as it is.
    pub fn note_rates<'a>(&mut self, changed: impl Iterator<Item = (Option<&'a RateRow>, Option<&'a RateRow>)>) {
        for (before, after) in changed {
            let Some(id) = after.or(before).map(|row| row.id.raw()) else { continue };
            let columns = |row: Option<&RateRow>| row.map(RateRow::columns);
            self.changes.push(Change { table: "rates".to_owned(), id, before: columns(before), after: columns(after) });
        }
    }
}

/// Sheets without an end last until the next one begins; `book` is in the order of times.
fn overlaps(sheet: &SheetRow, book: &[SheetRow]) -> bool {
    let counts = || book.iter().filter(|row| row.withdrawn_at.is_none());
    let before = counts().rfind(|row| row.effective_from <= sheet.effective_from);
    let after = counts().find(|row| row.effective_from > sheet.effective_from);
    let begins_too_early = before.is_some_and(|row| {
        row.effective_from == sheet.effective_from || row.effective_to.is_some_and(|end| end > sheet.effective_from)
    });
    begins_too_early || after.is_some_and(|row| sheet.effective_to.is_some_and(|end| end > row.effective_from))
}

impl SheetRow {
    /// Whether it is a sheet of this book.
    pub fn is_of(&self, book: impl Into<BookId>) -> bool {
        self.book_id == book.into()
    }

    /// Whether it counts at some time: it has not been withdrawn.
    pub fn counts(&self) -> bool {
        self.withdrawn_at.is_none()
    }
}
