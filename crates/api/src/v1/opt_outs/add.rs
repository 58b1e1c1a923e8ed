//! `POST /v1/opt-outs`: a number gets no more messages.

use axum::http::StatusCode;
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::number::{self, Sender};
use sambac_engine::opt_out::WantedOptOut;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{OptOut, told};
use crate::access::{Authorised, scope};
use crate::input::Json;
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::v1::sms_request::without_controls;

/// A number to put on the list.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOptOut {
    /// Which.
    #[garde(skip)]
    #[schema(example = "+447700900123")]
    number: String,
    /// The sender that it is to get nothing of; of all when left out.
    #[garde(skip)]
    #[serde(default)]
    #[schema(example = "MyBank")]
    sender: Option<String>,
    /// Why, in your own words.
    #[garde(length(chars, max = 200), custom(without_controls))]
    #[serde(default)]
    #[schema(max_length = 200, default = "", example = "asked by phone")]
    note: String,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        let own = &[ErrorCode::InvalidDestination, ErrorCode::InvalidSender, ErrorCode::Conflict];
        openapi::problems(&[ANY_CALL, ANY_BODY, own])
    }
}

/// Put a number on the opt-out list.
///
/// From the answer on, no message to it is taken but one-time codes. A number that is on the list already gets the new note.
#[utoipa::path(
    post,
    path = "/v1/opt-outs",
    tag = "Messages",
    security(("key" = ["opt_outs:write"]), ("key_header" = ["opt_outs:write"])),
    request_body = NewOptOut,
    responses((status = 201, description = "It is on the list", body = OptOut), Refusals)
)]
pub(crate) async fn add_opt_out(
    client: Authorised<scope::OptOutsWrite>,
    Json(new): Json<NewOptOut>,
) -> Result<(StatusCode, axum::Json<OptOut>), Problem> {
    let number = number::parse(&new.number, None)
        .map_err(|error| Problem::from(ErrorCode::InvalidDestination).at("/number", error.to_string()));
    let sender = new.sender.as_deref().map(Sender::parse).transpose();
    let sender = sender.map_err(|error| Problem::from(ErrorCode::InvalidSender).at("/sender", error.to_string()));
    let number = number?;
    client.must_reach(number, "/number")?;
    let wanted = WantedOptOut { number, sender: sender?, note: new.note };
    let by = client.caller().actor();
    let view = client.engine().add_opt_out((client.account_id(), &by), &wanted).await.map_err(told)?;
    Ok((StatusCode::CREATED, axum::Json(view.into())))
}
