//! `POST /v1/otp/{id}/check`: whether a code is right. Whatever is wrong with it, or with its id, is answered alike.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::{Currency, OtpId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::start::link;
use crate::access::{Authorised, scope};
use crate::input::Json;
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::Moment;

/// A code that a person has typed.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TriedCode {
    /// As it was typed: blanks, hyphens and the case of letters do not count.
    #[garde(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "123456")]
    code: String,
    /// The amount that the code is bound to, as at the start.
    #[garde(length(max = 32))]
    #[schema(pattern = r"^\d+(\.\d{1,6})?$", example = "129.90")]
    amount: Option<String>,
    /// Its currency.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// The payee that the code is bound to, as at the start.
    #[garde(length(max = 256))]
    #[schema(max_length = 64, example = "Corner Shop")]
    payee: Option<String>,
}

/// The code was right.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verified {
    #[schema(example = "otp_01h2xcejqtf2n")]
    id: String,
    /// Always `true`.
    verified: bool,
    verified_at: Moment,
    /// The signed evidence of it: a JWS, whose key is at `/.well-known/jwks.json`. Keep it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "eyJ0eXAiOiJvdHAtcmVjZWlwdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJpc3MiOiJzYW1iYWMifQ.c2ln")]
    receipt: Option<String>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, &[ErrorCode::OtpNotVerified, ErrorCode::QueueFull]])
    }
}

/// Check a one-time code.
///
/// A code can be right once. Everything else is `otp_not_verified`: a wrong code, one whose time is over, that was tried too often or
/// used before, another amount or payee, an id that does not exist. Each attempt is counted for good before it is answered.
#[utoipa::path(
    post,
    path = "/v1/otp/{id}/check",
    tag = "OTP",
    security(("key" = ["otp:check"]), ("key_header" = ["otp:check"])),
    params(("id" = String, Path, description = "The code's id", example = "otp_01h2xcejqtf2n")),
    request_body = TriedCode,
    responses((status = 200, description = "It is right", body = Verified), Refusals)
)]
pub(crate) async fn check_otp(
    client: Authorised<scope::OtpCheck>,
    id: Result<Path<String>, PathRejection>,
    Json(tried): Json<TriedCode>,
) -> Result<axum::Json<Verified>, Problem> {
    // An id that is none, or out of reach, is counted, and answered, like one that does not exist.
    let id = id.ok().and_then(|Path(id)| id.parse::<OtpId>().ok());
    let id = match id {
        Some(id) if client.is_test() => client.reach_otp(id).await.is_ok().then_some(id),
        id => id,
    };
    let link = link(tried.amount.as_deref(), tried.currency, tried.payee.as_deref())?;
    let verified = client.engine().check_otp(client.account_id(), id, &tried.code, link.as_ref()).await?;
    let row = verified.row;
    // It is verified in any case: evidence that cannot be signed now is given by `GET /v1/otp/{id}` later.
    let receipt = client.engine().otp_receipt(&row).await.unwrap_or_default();
    let verified_at = Moment(row.ended_at.unwrap_or(row.created_at));
    Ok(axum::Json(Verified { id: row.id.to_string(), verified: true, verified_at, receipt }))
}
