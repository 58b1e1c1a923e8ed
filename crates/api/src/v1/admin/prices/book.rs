//! New price books.

use garde::Validate;
use sambac_domain::Currency;
use sambac_domain::error::ErrorCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// A tariff that is to be.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTariff {
    /// Unique.
    #[garde(length(min = 1, max = 200))]
    #[schema(example = "standard")]
    name: String,
    /// Of its prices; it never changes.
    #[garde(skip)]
    #[schema(example = "EUR")]
    currency: String,
}

/// The cost book of an operator, that is to be.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCostBook {
    /// The operator's name. It has one cost book.
    #[garde(length(min = 1, max = 200))]
    #[schema(example = "alpha")]
    operator: String,
    /// Of its prices; it never changes.
    #[garde(skip)]
    #[schema(example = "EUR")]
    currency: String,
}

impl NewTariff {
    pub(super) fn parts(&self) -> Result<(&str, Currency), Problem> {
        if self.name.trim().is_empty() || self.name.chars().any(char::is_control) {
            return Err(Problem::new(ErrorCode::InvalidRequest).at("/name", "is empty or has control characters"));
        }
        Ok((&self.name, currency(&self.currency)?))
    }
}

impl NewCostBook {
    pub(super) fn parts(&self) -> Result<(&str, Currency), Problem> {
        Ok((&self.operator, currency(&self.currency)?))
    }
}

fn currency(text: &str) -> Result<Currency, Problem> {
    text.parse().map_err(|error: sambac_domain::MoneyError| {
        Problem::new(ErrorCode::InvalidRequest).at("/currency", error.to_string())
    })
}
