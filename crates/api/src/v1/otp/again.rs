//! `POST /v1/otp/{id}/resend`, `/next` and `/cancel`.

use axum::http::HeaderName;
use axum::response::{IntoResponse, Response};
use sambac_domain::OtpId;
use sambac_domain::error::ErrorCode;
use sambac_engine::otp::OtpView;
use sambac_engine::submit::Idempotency;

use super::start::SENDING;
use super::{Otp, told};
use crate::access::{Authorised, scope};
use crate::input::{Id, IdempotencyKey};
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

struct Resending;

impl utoipa::IntoResponses for Resending {
    fn responses() -> Documented {
        let own = &[ErrorCode::NotFound, ErrorCode::OtpEnded, ErrorCode::OtpTooSoon, ErrorCode::OtpSendsUsedUp];
        openapi::problems(&[ANY_CALL, SENDING, own, &[ErrorCode::NoNextChannel, ErrorCode::InvalidRequest]])
    }
}

struct Canceling;

impl utoipa::IntoResponses for Canceling {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound, ErrorCode::OtpEnded, ErrorCode::QueueFull]])
    }
}

/// A code that was sent again.
pub(crate) struct Sent(OtpView);

/// Send a one-time code again.
///
/// It is the same code, and holds no longer. Between two sends lies a time that grows: `resend_at` tells until when. Of two requests
/// at once, one sends.
#[utoipa::path(
    post,
    path = "/v1/otp/{id}/resend",
    tag = "OTP",
    security(("key" = ["otp:send"]), ("key_header" = ["otp:send"])),
    params(
        ("id" = String, Path, description = "The code's id", example = "otp_01h2xcejqtf2n"),
        ("Idempotency-Key" = Option<String>, Header, description = "Any text of your own that is new for every \
            send: 1 to 255 visible ASCII characters", max_length = 255)),
    responses((status = 200, description = "Sent again", body = Otp, headers(
        ("Idempotent-Replayed" = String, description = "`true` when an earlier request has sent it"))), Resending)
)]
pub(crate) async fn resend_otp(
    client: Authorised<scope::OtpSend>,
    Id(id): Id<OtpId>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Sent, Problem> {
    client.reach_otp(id).await?;
    let idempotency = once(&client, id, "resend", key);
    Ok(Sent(client.engine().resend_otp(client.account_id(), id, idempotency).await.map_err(told)?))
}

/// Send a one-time code by its next way.
///
/// The steps of its profile are taken one after the other, by themselves when a step's time is over or its message has failed. This
/// takes the next one now.
#[utoipa::path(
    post,
    path = "/v1/otp/{id}/next",
    tag = "OTP",
    security(("key" = ["otp:send"]), ("key_header" = ["otp:send"])),
    params(
        ("id" = String, Path, description = "The code's id", example = "otp_01h2xcejqtf2n"),
        ("Idempotency-Key" = Option<String>, Header, description = "Any text of your own that is new for every \
            send: 1 to 255 visible ASCII characters", max_length = 255)),
    responses((status = 200, description = "Sent by the next way", body = Otp, headers(
        ("Idempotent-Replayed" = String, description = "`true` when an earlier request has sent it"))), Resending)
)]
pub(crate) async fn next_otp(
    client: Authorised<scope::OtpSend>,
    Id(id): Id<OtpId>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Sent, Problem> {
    client.reach_otp(id).await?;
    let idempotency = once(&client, id, "next", key);
    Ok(Sent(client.engine().next_otp(client.account_id(), id, idempotency).await.map_err(told)?))
}

/// Call a one-time code off.
///
/// It can be checked no longer. A message that waits with us is not sent; one that an operator has may still arrive.
#[utoipa::path(
    post,
    path = "/v1/otp/{id}/cancel",
    tag = "OTP",
    security(("key" = ["otp:send"]), ("key_header" = ["otp:send"])),
    params(("id" = String, Path, description = "The code's id", example = "otp_01h2xcejqtf2n")),
    responses((status = 200, description = "Called off", body = Otp), Canceling)
)]
pub(crate) async fn cancel_otp(
    client: Authorised<scope::OtpSend>,
    Id(id): Id<OtpId>,
) -> Result<axum::Json<Otp>, Problem> {
    client.reach_otp(id).await?;
    let view = client.engine().cancel_otp(client.account_id(), id).await.map_err(told)?;
    Ok(axum::Json(view.into()))
}

fn once(client: &Authorised<scope::OtpSend>, id: OtpId, what: &str, key: Option<String>) -> Option<Idempotency> {
    let request = format!("POST /v1/otp/{id}/{what}");
    client.once(key, || client.engine().fingerprint(client.account_id(), request.as_bytes()))
}

impl IntoResponse for Sent {
    fn into_response(self) -> Response {
        let replayed = self.0.replayed.then_some([(HeaderName::from_static("idempotent-replayed"), "true")]);
        (replayed, axum::Json(Otp::from(self.0))).into_response()
    }
}
