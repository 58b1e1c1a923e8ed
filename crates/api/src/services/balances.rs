//! `GET /balances/{id}`: an account's wallet as of the last commit.

use axum::Json;
use sambac_domain::error::ErrorCode;
use sambac_domain::{AccountId, Currency};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Admin, admin_scope};
use crate::input::Id;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{Amount, Moment};

/// What an account can spend.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountBalance)]
pub(crate) struct Balance {
    #[schema(example = "acc_01h2xcejqtf2n")]
    account: String,
    /// Free to be spent, not counting credit; below zero when credit is used.
    available: Amount,
    /// Set aside for messages on their way and for holds.
    held: Amount,
    /// How far below zero `available` may go.
    credit_limit: Amount,
    /// What can be spent now: `available` and `credit_limit` together.
    spendable: Amount,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// Now.
    as_of: Moment,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound]])
    }
}

/// Show an account's balance.
#[utoipa::path(
    get,
    path = "/balances/{id}",
    tag = "Balances",
    security(("admin_key" = ["balances:read"])),
    params(("id" = String, Path, description = "The account")),
    responses((status = 200, description = "The wallet that it pays from, as of now", body = Balance), Refusals)
)]
pub(crate) async fn show_account_balance(
    service: Admin<admin_scope::BalancesRead>,
    Id(account): Id<AccountId>,
) -> Result<Json<Balance>, Problem> {
    let balance = service.engine().balance(account).ok_or(ErrorCode::NotFound)?;
    Ok(Json(Balance {
        account: account.to_string(),
        available: Amount(balance.available_micros),
        held: Amount(balance.held_micros),
        credit_limit: Amount(balance.credit_limit_micros),
        spendable: Amount(balance.available_micros.saturating_add(balance.credit_limit_micros).max(0)),
        currency: balance.currency,
        as_of: Moment(service.engine().clock().now()),
    }))
}
