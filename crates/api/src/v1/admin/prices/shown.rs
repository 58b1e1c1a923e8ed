//! Price books, sheets and comparisons as they are answered.

use sambac_engine::tariff::{BookView, Comparison, ImportedSheet, RateDifference, SheetView};
use sambac_store::rows::SheetRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::shown::Moment;

/// Which sheets.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Compared {
    /// The version of the one before.
    #[param(example = 1)]
    pub(super) from: u32,
    /// The version of the one after.
    #[param(example = 2)]
    pub(super) to: u32,
}

/// All price books of a kind.
#[derive(Serialize, ToSchema)]
pub(super) struct PriceBooks {
    data: Vec<PriceBook>,
}

/// A price book: a tariff, or what an operator is paid.
#[derive(Serialize, ToSchema)]
pub(super) struct PriceBook {
    /// Names it.
    id: String,
    /// The tariff's name, or the operator's.
    #[schema(example = "standard")]
    name: String,
    /// Of its prices.
    #[schema(example = "EUR")]
    currency: String,
    /// The version of the sheet that counts now; missing when none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<u32>,
    /// Its sheets in the order of their times, without those that were withdrawn.
    sheets: Vec<PriceSheet>,
}

/// A sheet of a price book. It is never changed.
#[derive(Serialize, ToSchema)]
#[schema(as = PriceSheet)]
pub(super) struct PriceSheet {
    /// Names it.
    id: String,
    /// Counts the sheets of its book.
    version: u32,
    /// From when it counts.
    effective_from: Moment,
    /// When it ends: where the next one begins, or earlier; missing when it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_to: Option<Moment>,
    /// How many prices it has.
    rates: u32,
    /// Where it came from.
    source: String,
    /// What its author says of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Moment,
}

/// What an import did, or would do.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportedSheetBody {
    /// The sheet; missing after a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<PriceSheet>,
    /// How many prices it has.
    rates: u32,
    /// What it changes of the sheet that would count then without it.
    changes: SheetComparison,
    /// When it ends, if no other sheet begins then: from then on nothing can be priced, and nothing be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_prices_from: Option<Moment>,
}

/// How two sheets differ: all prices are counted, the first thousand of those that differ are told.
#[derive(Serialize, ToSchema)]
pub(super) struct SheetComparison {
    same: u64,
    new: u64,
    up: u64,
    down: u64,
    charged_otherwise: u64,
    removed: u64,
    /// Whether more differ than are told.
    is_cut: bool,
    rates: Vec<RateDifferenceBody>,
}

/// A price that differs.
#[derive(Serialize, ToSchema)]
struct RateDifferenceBody {
    /// For which destinations.
    #[schema(example = "prefix:4477")]
    scope: String,
    /// For senders of this form only.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<&'static str>,
    /// For this traffic class only.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    /// What it cost; missing when it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.04")]
    before: Option<String>,
    /// What it costs; missing when it is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.05")]
    after: Option<String>,
    /// By how much, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "+25.00")]
    percent: Option<String>,
    /// When it was paid for, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    charge_before: Option<&'static str>,
    /// When it is paid for, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    charge_after: Option<&'static str>,
}

impl PriceBooks {
    pub(super) fn new(books: Vec<BookView>) -> Self {
        Self { data: books.into_iter().map(PriceBook::new).collect() }
    }
}

impl PriceBook {
    pub(super) fn new(view: BookView) -> Self {
        let current = view.current().map(|sheet| sheet.row.version);
        let BookView { book, sheets } = view;
        Self {
            id: book.shown_id,
            name: book.name,
            currency: book.currency.to_string(),
            current,
            sheets: sheets
                .into_iter()
                .map(|SheetView { row, ends_at, .. }| PriceSheet { effective_to: ends_at.map(Moment), ..row.into() })
                .collect(),
        }
    }
}

impl From<SheetRow> for PriceSheet {
    fn from(row: SheetRow) -> Self {
        Self {
            id: row.id.to_string(),
            version: row.version,
            effective_from: Moment(row.effective_from),
            effective_to: row.effective_to.map(Moment),
            rates: row.rate_count,
            source: row.source,
            note: row.note,
            created_by: row.created_by,
            created_at: Moment(row.created_at),
        }
    }
}

impl From<ImportedSheet> for ImportedSheetBody {
    fn from(done: ImportedSheet) -> Self {
        Self {
            sheet: done.sheet.map(PriceSheet::from),
            rates: done.rate_count,
            changes: done.comparison.into(),
            no_prices_from: done.no_prices_from.map(Moment),
        }
    }
}

impl From<Comparison> for SheetComparison {
    fn from(comparison: Comparison) -> Self {
        let Comparison { same, new, up, down, charged_otherwise, removed, rates, is_cut } = comparison;
        let rates = rates.into_iter().map(RateDifferenceBody::from).collect();
        Self { same, new, up, down, charged_otherwise, removed, is_cut, rates }
    }
}

impl From<RateDifference> for RateDifferenceBody {
    fn from(rate: RateDifference) -> Self {
        let RateDifference { scope, sender, class, before, after, percent, charge_before, charge_after } = rate;
        Self { scope, sender, class, before, after, percent, charge_before, charge_after }
    }
}
