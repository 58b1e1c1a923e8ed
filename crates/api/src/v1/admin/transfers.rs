//! `/v1/admin/transfers`: bank transfers that administrators book, large ones with four eyes.

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::money::AMOUNT_MICROS_MAX;
use sambac_domain::payment::TransferState;
use sambac_domain::{AccountId, Currency, PaymentId, parse_micros};
use sambac_engine::payment::NewTransfer;
use sambac_store::rows::BankTransferRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::resource::refusals;
use crate::access::{Admin, admin_scope};
use crate::input::{Id, Json, Parameters};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{self, Amount, Moment};
use crate::v1::paging;

/// A bank transfer to book.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddTransfer {
    /// For whose wallet.
    #[garde(skip)]
    #[schema(value_type = String, example = "acc_01h2xcejqtf2n")]
    account: AccountId,
    /// How much, as decimal text above zero.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(pattern = r"^\d+(\.\d{1,6})?$", example = "2500.00")]
    amount: String,
    /// Refuse when the account pays in another one.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// The bank's reference: one of the account is booked once.
    #[garde(length(chars, min = 1, max = 140))]
    #[schema(min_length = 1, max_length = 140, example = "INV-2026-1042")]
    reference: String,
    /// Why it is booked.
    #[garde(length(chars, min = 3, max = 500))]
    #[schema(min_length = 3, max_length = 500, example = "on the statement of 26 November")]
    reason: String,
}

/// A decision.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    /// Why it is approved or refused.
    #[garde(length(chars, min = 3, max = 500))]
    #[schema(min_length = 3, max_length = 500, example = "seen on the statement")]
    reason: String,
}

/// A bank transfer, with who did what, when and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct Transfer {
    #[schema(example = "pay_01h2xcejqtf2n")]
    id: String,
    #[schema(value_type = String, example = "acc_01h2xcejqtf2n")]
    account: AccountId,
    /// `open` until another administrator approves; `booked` when the money is in the wallet.
    #[schema(value_type = shown::Transfer)]
    state: &'static str,
    amount: Amount,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    reference: String,
    reason: String,
    /// The name of an admin key.
    asked_by: String,
    asked_at: Moment,
    /// The name of an admin key; missing when one was enough, or nobody has decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_why: Option<String>,
    /// An open one can be approved until then.
    expires_at: Moment,
}

/// Which transfers.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListTransfers {
    /// Transfers on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only in this state.
    #[param(value_type = Option<shown::Transfer>, inline)]
    state: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct TransferPage {
    data: Vec<Transfer>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

refusals! {
    /// Of a new transfer.
    Asking: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::Conflict, ErrorCode::CurrencyMismatch]];
    /// Of a decision.
    Deciding: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::WrongState, ErrorCode::FourEyes]];
    /// Of a page.
    Paging: &[ANY_CALL, &[ErrorCode::InvalidRequest]];
    /// Of one.
    Showing: &[ANY_CALL, &[ErrorCode::NotFound]];
}

/// Book a bank transfer.
///
/// Up to the limit that is configured for one administrator within 24 hours it is booked at once. Above it the transfer stays
/// `open` until another admin key approves it.
#[utoipa::path(
    post,
    path = "/v1/admin/transfers",
    tag = "Admin",
    security(("admin_key" = ["transfers:write"])),
    request_body = AddTransfer,
    responses((status = 201, description = "Booked, or waiting for another administrator", body = Transfer, headers(
        ("Location" = String, description = "The transfer"))), Asking)
)]
pub(crate) async fn add_transfer(
    admin: Admin<admin_scope::TransfersWrite>,
    Json(wanted): Json<AddTransfer>,
) -> Result<impl IntoResponse, Problem> {
    let AddTransfer { account, amount, currency, reference, reason } = wanted;
    let bad = |detail: String| {
        Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid").at("/amount", detail)
    };
    let amount_micros = parse_micros(&amount).map_err(|error| bad(error.to_string()))?;
    if amount_micros > AMOUNT_MICROS_MAX {
        return Err(bad("must be 1000000000 at most".to_owned()));
    }
    if amount_micros <= 0 {
        return Err(bad("must be above zero".to_owned()));
    }
    let reference = reference.trim().to_owned();
    if reference.is_empty() || reference.chars().any(char::is_control) {
        return Err(Problem::new(ErrorCode::InvalidRequest)
            .detail("a field of the body is not valid")
            .at("/reference", "must not be empty, and have no control characters"));
    }
    let new = NewTransfer { account, amount_micros, currency, reference, reason };
    let row = admin.engine().ask_transfer(admin.administrator(), new).await?;
    tracing::info!(by = admin.administrator().name, transfer = %row.id, state = row.state.as_str(), "a transfer was asked for");
    let location = [(header::LOCATION, format!("/v1/admin/transfers/{}", row.id))];
    Ok((StatusCode::CREATED, location, axum::Json(Transfer::from(row))))
}

/// Approve a bank transfer.
///
/// It is booked with that. Who has asked for it cannot approve it.
#[utoipa::path(
    post,
    path = "/v1/admin/transfers/{id}/approve",
    tag = "Admin",
    security(("admin_key" = ["transfers:write"])),
    params(("id" = String, Path, description = "Its id", example = "pay_01h2xcejqtf2n")),
    request_body = Decision,
    responses((status = 200, description = "Booked", body = Transfer), Deciding)
)]
pub(crate) async fn approve_transfer(
    admin: Admin<admin_scope::TransfersWrite>,
    Id(id): Id<PaymentId>,
    Json(decision): Json<Decision>,
) -> Result<axum::Json<Transfer>, Problem> {
    let row = admin.engine().approve_transfer(admin.administrator(), id, decision.reason).await?;
    tracing::info!(by = admin.administrator().name, transfer = %id, "a transfer was approved");
    Ok(axum::Json(row.into()))
}

/// Refuse a bank transfer.
#[utoipa::path(
    post,
    path = "/v1/admin/transfers/{id}/refuse",
    tag = "Admin",
    security(("admin_key" = ["transfers:write"])),
    params(("id" = String, Path, description = "Its id", example = "pay_01h2xcejqtf2n")),
    request_body = Decision,
    responses((status = 200, description = "Refused", body = Transfer), Deciding)
)]
pub(crate) async fn refuse_transfer(
    admin: Admin<admin_scope::TransfersWrite>,
    Id(id): Id<PaymentId>,
    Json(decision): Json<Decision>,
) -> Result<axum::Json<Transfer>, Problem> {
    let row = admin.engine().refuse_transfer(admin.administrator(), id, decision.reason).await?;
    tracing::info!(by = admin.administrator().name, transfer = %id, "a transfer was refused");
    Ok(axum::Json(row.into()))
}

/// Show a bank transfer.
#[utoipa::path(
    get,
    path = "/v1/admin/transfers/{id}",
    tag = "Admin",
    security(("admin_key" = ["transfers:write"])),
    params(("id" = String, Path, description = "Its id", example = "pay_01h2xcejqtf2n")),
    responses((status = 200, description = "As it is now", body = Transfer), Showing)
)]
pub(crate) async fn show_transfer(
    admin: Admin<admin_scope::TransfersWrite>,
    Id(id): Id<PaymentId>,
) -> Result<axum::Json<Transfer>, Problem> {
    Ok(axum::Json(admin.engine().transfer(id).await?.into()))
}

/// List bank transfers.
#[utoipa::path(
    get,
    path = "/v1/admin/transfers",
    tag = "Admin",
    security(("admin_key" = ["transfers:write"])),
    params(ListTransfers),
    responses((status = 200, description = "A page, newest first", body = TransferPage), Paging)
)]
pub(crate) async fn list_transfers(
    admin: Admin<admin_scope::TransfersWrite>,
    Parameters(query): Parameters<ListTransfers>,
) -> Result<axum::Json<TransferPage>, Problem> {
    let (limit, before) = (paging::limit(query.limit)?, paging::before(query.cursor)?);
    let unknown = || paging::bad("state", "is no state of a transfer".to_owned());
    let state = query.state.map(|word| TransferState::from_word(&word).ok_or_else(unknown)).transpose()?;
    let mut rows = admin.engine().store().list_bank_transfers(state, before, limit + 1).await?;
    let next_cursor = paging::cut(&mut rows, limit, |row| row.id.to_string());
    Ok(axum::Json(TransferPage { data: rows.into_iter().map(Transfer::from).collect(), next_cursor }))
}

impl From<BankTransferRow> for Transfer {
    fn from(row: BankTransferRow) -> Self {
        Self {
            id: row.id.to_string(),
            account: row.account_id,
            state: row.state.as_str(),
            amount: Amount(row.amount_micros),
            currency: row.currency,
            reference: row.reference,
            reason: row.reason,
            asked_by: row.asked_by,
            asked_at: Moment(row.asked_at),
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(Moment),
            decided_why: row.decided_why,
            expires_at: Moment(row.expires_at),
        }
    }
}
