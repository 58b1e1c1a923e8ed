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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::TrafficClass;
    use crate::number::{Msisdn, Sender};
    use crate::rating::{Rate, RateScope};

    fn effective(number: i64, from: i64, to: i64) -> Effective {
        let rate = Rate {
            id: RateId::from_raw(number),
            scope: RateScope::Default,
            sender: None,
            class: None,
            price_micros: number * 10,
            policy: ChargePolicy::Delivered,
        };
        let sheet = Some(Arc::new(Sheet::new(SheetId::from_raw(number), [rate])));
        Effective { from: Timestamp(from), to: Timestamp(to), sheet }
    }

    fn query() -> RateQuery {
        RateQuery {
            destination: Msisdn::from_u64(447_700_900_123).unwrap(),
            mcc_mnc: None,
            group: None,
            country: None,
            sender: Sender::parse("Bank").unwrap().form(),
            class: TrafficClass::Otp,
        }
    }

    /// The second begins before the first would end, and ends before the third begins.
    fn book() -> PriceBook {
        let sheets = vec![effective(3, 300, i64::MAX), effective(1, 100, 250), effective(2, 200, 280)];
        PriceBook::new("EUR".parse().unwrap(), sheets)
    }

    #[test]
    fn each_moment_has_the_price_of_its_sheet_to_the_microsecond() {
        let book = book();
        assert_eq!(
            book.sheets().iter().map(|sheet| (sheet.from.0, sheet.to.0)).collect::<Vec<_>>(),
            [(100, 200), (200, 280), (300, i64::MAX)]
        );
        for (at, price) in [
            (99, None),
            (100, Some(10)),
            (199, Some(10)),
            (200, Some(20)),
            (279, Some(20)),
            (280, None),
            (299, None),
            (300, Some(30)),
            (i64::MAX - 1, Some(30)),
        ] {
            let priced = book.price(Timestamp(at), &query());
            assert_eq!(priced.map(|priced| priced.price_micros), price, "{at}");
            assert_eq!(book.sheet_at(Timestamp(at)).is_some(), price.is_some(), "{at}");
        }
        assert_eq!(PriceBook::empty(book.currency()).price(Timestamp(100), &query()), None);
    }

    #[test]
    fn a_price_says_by_which_rate_and_for_how_long_it_holds() {
        let priced = book().price(Timestamp(250), &query()).unwrap();
        assert_eq!((priced.rate_id, priced.sheet_id), (RateId::from_raw(2), SheetId::from_raw(2)));
        assert_eq!((priced.from, priced.to, priced.policy), (Timestamp(200), Timestamp(280), ChargePolicy::Delivered));
        let holds = [199, 200, 279, 280].map(|at| priced.holds_at(Timestamp(at)));
        assert_eq!(holds, [false, true, true, false]);
    }

    #[test]
    fn a_sheet_that_is_not_loaded_prices_nothing() {
        let sheets = vec![Effective { sheet: None, ..effective(1, 100, 200) }];
        let book = PriceBook::new("EUR".parse().unwrap(), sheets);
        assert!(book.sheet_at(Timestamp(150)).is_some() && book.price(Timestamp(150), &query()).is_none());
    }
}
