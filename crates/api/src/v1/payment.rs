//! A payment as it is shown.

use sambac_domain::Currency;
use sambac_store::rows::PaymentIntentRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::shown::{self, Amount, Moment};

/// A payment into the account's wallet.
#[derive(Serialize, ToSchema)]
pub(crate) struct Payment {
    #[schema(example = "pay_01h2xcejqtf2n")]
    id: String,
    /// `succeeded`: the money is in the wallet. `unknown`: the provider has not answered, and is asked again.
    #[schema(value_type = shown::Payment)]
    state: &'static str,
    amount: Amount,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// Who takes it.
    #[schema(example = "stripe")]
    provider: String,
    /// The provider's id of it, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "pi_3MtwBwLkdIwHu7ix28a3tqPa")]
    provider_payment_id: Option<String>,
    /// Why it is so, where there is more to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    created_at: Moment,
    /// When it is given up, if nobody has paid.
    expires_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Moment>,
}

impl From<PaymentIntentRow> for Payment {
    fn from(row: PaymentIntentRow) -> Self {
        Self {
            id: row.id.to_string(),
            state: row.state.as_str(),
            amount: Amount(row.amount_micros),
            currency: row.currency,
            provider: row.provider,
            provider_payment_id: row.provider_payment_id,
            detail: row.why,
            created_at: Moment(row.created_at),
            expires_at: Moment(row.expires_at),
            ended_at: row.ended_at.map(Moment),
        }
    }
}

impl Payment {
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}
