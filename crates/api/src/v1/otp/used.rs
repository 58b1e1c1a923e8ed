//! `POST /v1/otp/{id}/used`: whether a person has used a code.

use axum::http::StatusCode;
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::{MessageId, OtpId};
use sambac_engine::otp::Told;
use serde::Deserialize;
use utoipa::ToSchema;

use super::told;
use crate::access::{Authorised, scope};
use crate::input::{Id, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;

/// What became of a code.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Use {
    /// Whether it was used.
    #[garde(skip)]
    #[serde(default = "yes")]
    #[schema(default = true)]
    used: bool,
}

/// The id of a code, or of a message with one.
pub(crate) struct UsedId(Told);

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::WrongState]])
    }
}

/// Tell whether a code was used.
///
/// For codes that you make yourself and send as messages of the class `otp`: give the message's id. It tells us which operators
/// deliver, and pays for messages that are paid for by verification. The last word counts.
#[utoipa::path(
    post,
    path = "/v1/otp/{id}/used",
    tag = "OTP",
    security(("key" = ["otp:check"]), ("key_header" = ["otp:check"])),
    params(("id" = String, Path, description = "The id of a code or of a message", example = "msg_01h2xcejqtf2n")),
    request_body = Use,
    responses((status = 204, description = "Kept"), Refusals)
)]
pub(crate) async fn otp_used(
    client: Authorised<scope::OtpCheck>,
    Id(UsedId(of)): Id<UsedId>,
    Json(tells): Json<Use>,
) -> Result<StatusCode, Problem> {
    match of {
        Told::Otp(id) => client.reach_otp(id).await?,
        Told::Message(id) => client.reach_message(id).await?,
    }
    client.engine().otp_used(client.account_id(), of, tells.used).await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

impl std::str::FromStr for UsedId {
    type Err = sambac_domain::IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let otp = text.parse::<OtpId>().map(Told::Otp);
        otp.or_else(|_| text.parse::<MessageId>().map(Told::Message)).map(Self)
    }
}

fn yes() -> bool {
    true
}
