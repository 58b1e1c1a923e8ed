//! A price book: the sheets of one tariff, or of one operator's costs, one after the other in time.
//!
//! Which sheet counts is decided by the moment at which a message is taken, to the microsecond.

use std::sync::Arc;

use super::{ChargePolicy, RateQuery, Sheet};
use crate::id::{RateId, SheetId};
use crate::money::Currency;
use crate::time::Timestamp;

/// Sheets in the order of their times. They never overlap: a sheet ends where the next one begins, or earlier.
#[derive(Debug, Clone)]
pub struct PriceBook {
    currency: Currency,
    sheets: Vec<Effective>,
}

/// A sheet and its time: from `from` to just before `to`.
#[derive(Debug, Clone)]
pub struct Effective {
    /// It counts from this moment on.
    pub from: Timestamp,
    /// And no more at this one; [`Timestamp::MAX`]: it has no end.
    pub to: Timestamp,
    /// Its rates; `None` when they are not loaded, which prices nothing.
    pub sheet: Option<Arc<Sheet>>,
}

/// What a segment costs at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priced {
    /// The rate that says so.
    pub rate_id: RateId,
    /// The sheet it is in.
    pub sheet_id: SheetId,
    /// Of one segment, in micros of the book's currency.
    pub price_micros: i64,
    /// When it is paid for.
    pub policy: ChargePolicy,
    /// The price is this from this moment on …
    pub from: Timestamp,
    /// … and before this one. Outside it must be asked for anew.
    pub to: Timestamp,
}

impl PriceBook {
    /// The book of these sheets, in whatever order. A sheet that would reach into the next one is cut there.
    pub fn new(currency: Currency, mut sheets: Vec<Effective>) -> Self {
        sheets.sort_by_key(|sheet| sheet.from);
        let mut next_from = Timestamp::MAX;
        for sheet in sheets.iter_mut().rev() {
            sheet.to = sheet.to.min(next_from);
            next_from = sheet.from;
        }
        Self { currency, sheets }
    }

    /// A book without any sheet: nothing has a price.
    pub fn empty(currency: Currency) -> Self {
        Self { currency, sheets: Vec::new() }
    }

    /// Of all its prices.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Its sheets, in the order of their times.
    pub fn sheets(&self) -> &[Effective] {
        &self.sheets
    }

    /// The sheet that counts at a moment.
    pub fn sheet_at(&self, at: Timestamp) -> Option<&Effective> {
        let later = self.sheets.partition_point(|sheet| sheet.from <= at);
        self.sheets.get(..later)?.last().filter(|sheet| at < sheet.to)
    }

    /// What a segment costs that is taken at `at`; `None` when no sheet counts then, or that sheet does not cover the message.
    /// Takes no lock and allocates nothing.
    pub fn price(&self, at: Timestamp, query: &RateQuery) -> Option<Priced> {
        let Effective { from, to, sheet } = self.sheet_at(at)?;
        let sheet = sheet.as_ref()?;
        let rate = sheet.rate(query)?;
        Some(Priced {
            rate_id: rate.id,
            sheet_id: sheet.id(),
            price_micros: rate.price_micros,
            policy: rate.policy,
            from: *from,
            to: *to,
        })
    }
}

impl Priced {
    /// Whether the price holds at `at`.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        (self.from..self.to).contains(&at)
    }
}
