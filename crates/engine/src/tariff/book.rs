//! A price book by what people call it: a tariff by its name or id, an operator's costs by the operator's.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::BookId;
use sambac_domain::money::Currency;
use sambac_store::Configuration;

use crate::refusal::Refusal;

/// Which kind of price book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookKind {
    /// What accounts pay.
    Tariff,
    /// What an operator is paid.
    Cost,
}

/// A price book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// Which kind it is.
    pub kind: BookKind,
    /// Its id.
    pub id: BookId,
    /// Its id as text, with its prefix.
    pub shown_id: String,
    /// A tariff's name; a cost book's operator.
    pub name: String,
    /// Of its prices.
    pub currency: Currency,
}

impl std::fmt::Display for BookKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tariff => "tariff",
            Self::Cost => "cost",
        })
    }
}

impl Book {
    /// All books of a kind, in the order in which they were made.
    pub(crate) fn all(stored: &Configuration, kind: BookKind) -> Vec<Self> {
        match kind {
            BookKind::Tariff => stored
                .tariffs
                .iter()
                .map(|row| Self {
                    kind,
                    id: row.id.into(),
                    shown_id: row.id.to_string(),
                    name: row.name.clone(),
                    currency: row.currency,
                })
                .collect(),
            BookKind::Cost => stored
                .cost_books
                .iter()
                .map(|row| {
                    let operator = stored.operators.iter().find(|operator| operator.id == row.operator_id);
                    Self {
                        kind,
                        id: row.id.into(),
                        shown_id: row.id.to_string(),
                        name: operator.map(|operator| operator.name.clone()).unwrap_or_default(),
                        currency: row.currency,
                    }
                })
                .collect(),
        }
    }

    /// The book of this id or name.
    pub(crate) fn find(stored: &Configuration, kind: BookKind, named: &str) -> Result<Self, Refusal> {
        let mut all = Self::all(stored, kind).into_iter();
        all.find(|book| book.shown_id == named || book.name == named).ok_or_else(|| ErrorCode::NotFound.into())
    }
}
