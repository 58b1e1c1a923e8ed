//! `/v1/admin/erasures`: a person's number is erased wherever it is kept; what was billed stays.

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use garde::Validate;
use sambac_domain::ErasureId;
use sambac_domain::error::ErrorCode;
use sambac_domain::number;
use sambac_store::rows::ErasureRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::resource::refusals;
use crate::access::{Admin, admin_scope};
use crate::input::{Id, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::Moment;

/// A number to erase.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskErasure {
    /// In international form.
    #[garde(length(chars, min = 8, max = 24))]
    #[schema(example = "+447700900123")]
    number: String,
    /// Why it is erased.
    #[garde(length(chars, min = 3, max = 500))]
    #[schema(min_length = 3, max_length = 500, example = "request of 26 November, ticket 1042")]
    reason: String,
}

/// The erasing of a number. The number itself is not shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Erasure {
    #[schema(example = "era_01h2xcejqtf2n")]
    id: String,
    reason: String,
    /// The name of an admin key, or the command line.
    asked_by: String,
    asked_at: Moment,
    /// When it was erased everywhere; missing while it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Moment>,
    /// Messages that had the number.
    messages: i64,
    /// CDRs that had it.
    records: i64,
    /// Messages from handsets, their parts, and receipts that had it.
    handsets: i64,
    /// Days of CDRs whose files were written anew.
    days: i64,
    /// Messages on their way, which need it until they end.
    waiting: i64,
}

refusals! {
    /// Of a new one.
    Asking: &[ANY_CALL, ANY_BODY, &[ErrorCode::WrongState]];
    /// Of one.
    Showing: &[ANY_CALL, &[ErrorCode::NotFound]];
}

/// Erase a number.
///
/// It is written down now and done soon, in messages, CDRs, their files, and messages from handsets: the last seven digits become zeros.
/// Prices, states, times, networks and the ledger stay. Messages on their way keep it until they end.
#[utoipa::path(
    post,
    path = "/v1/admin/erasures",
    tag = "Admin",
    security(("admin_key" = ["numbers:erase"])),
    request_body = AskErasure,
    responses((status = 202, description = "Written down", body = Erasure, headers(
        ("Location" = String, description = "The erasure"))), Asking)
)]
pub(crate) async fn ask_erasure(
    admin: Admin<admin_scope::NumbersErase>,
    Json(wanted): Json<AskErasure>,
) -> Result<impl IntoResponse, Problem> {
    let bad = |detail: String| {
        Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid").at("/number", detail)
    };
    let number = number::parse(&wanted.number, None).map_err(|error| bad(error.to_string()))?;
    let row = admin.engine().ask_erasure(admin.administrator(), number, &wanted.reason).await?;
    tracing::info!(by = admin.administrator().name, erasure = %row.id, "an erasure was asked for");
    let location = [(header::LOCATION, format!("/v1/admin/erasures/{}", row.id))];
    Ok((StatusCode::ACCEPTED, location, axum::Json(Erasure::from(row))))
}

/// Show the erasing of a number.
#[utoipa::path(
    get,
    path = "/v1/admin/erasures/{id}",
    tag = "Admin",
    security(("admin_key" = ["numbers:erase"])),
    params(("id" = String, Path, description = "Its id", example = "era_01h2xcejqtf2n")),
    responses((status = 200, description = "As it is now", body = Erasure), Showing)
)]
pub(crate) async fn show_erasure(
    admin: Admin<admin_scope::NumbersErase>,
    Id(id): Id<ErasureId>,
) -> Result<axum::Json<Erasure>, Problem> {
    let row = admin.engine().store().erasure(id).await?;
    row.map(|row| axum::Json(row.into())).ok_or_else(|| Problem::new(ErrorCode::NotFound))
}

impl From<ErasureRow> for Erasure {
    fn from(row: ErasureRow) -> Self {
        let ErasureRow { id, asked_by, reason, messages, records, handsets, days, waiting, asked_at, ended_at, .. } =
            row;
        Self {
            id: id.to_string(),
            reason,
            asked_by,
            asked_at: Moment(asked_at),
            ended_at: ended_at.map(Moment),
            messages,
            records,
            handsets,
            days,
            waiting,
        }
    }
}
