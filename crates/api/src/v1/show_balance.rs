//! `GET /v1/balance`: what the account can spend.

use sambac_domain::Currency;
use sambac_domain::error::ErrorCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Authorised, scope};
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::Amount;

/// The account's wallet.
#[derive(Serialize, ToSchema)]
pub(crate) struct Balance {
    /// Free to be spent, not counting credit; may be negative down to the credit limit.
    available: Amount,
    /// Held for messages on their way.
    held: Amount,
    /// How far below zero `available` may go.
    credit_limit: Amount,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound]])
    }
}

/// Show the balance.
#[utoipa::path(
    get,
    path = "/v1/balance",
    tag = "Account",
    security(("key" = ["balance:read"]), ("key_header" = ["balance:read"])),
    responses((status = 200, description = "The wallet as of now", body = Balance), Refusals)
)]
pub(crate) async fn show_balance(client: Authorised<scope::BalanceRead>) -> Result<axum::Json<Balance>, Problem> {
    let balance = client.engine().balance(client.account_id()).ok_or(ErrorCode::NotFound)?;
    Ok(axum::Json(Balance {
        available: Amount(balance.available_micros),
        held: Amount(balance.held_micros),
        credit_limit: Amount(balance.credit_limit_micros),
        currency: balance.currency,
    }))
}
