//! `POST /v1/sms/send`: one message in, durable when answered.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sambac_domain::MessageState;
use sambac_domain::error::ErrorCode;
use sambac_domain::text::Encoding;
use sambac_engine::submit::Submitted;
use serde::Serialize;
use utoipa::ToSchema;

use super::quote::Quote;
use super::sms_request::SendSms;
use crate::access::{Authorised, scope};
use crate::input::{IdempotencyKey, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{self, Moment, Price};

/// The message was taken: it is stored and paid for, and will be sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedSms {
    /// Names the message from now on.
    #[schema(example = "msg_01h2xcejqtf2n")]
    message_id: String,
    /// `accepted`, or `scheduled` for one that is to be sent later.
    #[schema(value_type = shown::State)]
    state: MessageState,
    /// Segments it takes; each is charged.
    segments: u8,
    /// How it is encoded.
    #[schema(value_type = shown::TextEncoding)]
    encoding: Encoding,
    /// Held for all segments.
    price: Price,
    /// When it was taken.
    accepted_at: Moment,
    /// Not sent before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    send_at: Option<Moment>,
    /// Not sent after this.
    expires_at: Moment,
}

/// What either kind of request is answered with.
pub(crate) enum Sent {
    Accepted { sms: AcceptedSms, replayed: bool },
    Quoted(Box<Quote>),
}

/// What is refused here, beside what may be refused anywhere.
const REFUSALS: &[ErrorCode] = &[
    ErrorCode::InvalidDestination,
    ErrorCode::InvalidSender,
    ErrorCode::SenderNotRegistered,
    ErrorCode::MessageEmpty,
    ErrorCode::MessageTooLong,
    ErrorCode::TextNotEncodable,
    ErrorCode::InvalidSchedule,
    ErrorCode::ParameterMissing,
    ErrorCode::ParameterInvalid,
    ErrorCode::IdempotencyInProgress,
    ErrorCode::IdempotencyMismatch,
    ErrorCode::InsufficientFunds,
    ErrorCode::SpendingLimitReached,
    ErrorCode::PriceAboveMaximum,
    ErrorCode::NoRoute,
    ErrorCode::NoPrice,
    ErrorCode::MarginTooLow,
    ErrorCode::RecipientOptedOut,
    ErrorCode::ContentForbidden,
    ErrorCode::TemplateRequired,
    ErrorCode::TemplateUnknown,
    ErrorCode::TemplateMismatch,
    ErrorCode::AccountSuspended,
    ErrorCode::QueueFull,
];

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, REFUSALS])
    }
}

/// Send a message.
///
/// A 202 means that the message is stored, paid for and on its way. With an `Idempotency-Key`, a repeat of the request
/// gives the first answer again instead of sending twice. With `dry_run` nothing happens, and the answer says what would.
#[utoipa::path(
    post,
    path = "/v1/sms/send",
    tag = "Messages",
    security(("key" = ["sms:send"]), ("key_header" = ["sms:send"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Any text of your own that is new for every \
        message: 1 to 255 visible ASCII characters", max_length = 255)),
    request_body = SendSms,
    responses(
        (status = 202, description = "Taken", body = AcceptedSms, headers(
            ("Location" = String, description = "Where its life is told"),
            ("Idempotent-Replayed" = String, description = "`true` on the stored answer to an earlier request"))),
        (status = 200, description = "Dry run: what would happen", body = Quote),
        Refusals,
    )
)]
pub(crate) async fn send_sms(
    client: Authorised<scope::SmsSend>,
    IdempotencyKey(key): IdempotencyKey,
    Json(sms): Json<SendSms>,
) -> Result<Sent, Problem> {
    let dry_run = sms.is_dry_run();
    let idempotency = client.once(key.filter(|_| !dry_run), || sms.fingerprint(&client));
    let request = sms.into_request(&client, idempotency)?;
    if dry_run {
        let quote = client.engine().quote(request)?;
        return Ok(Sent::Quoted(Box::new(Quote::new(&client, quote))));
    }
    let submitted = client.engine().submit(request).await?;
    let sms = AcceptedSms::new(&submitted);
    Ok(Sent::Accepted { sms, replayed: submitted.replayed })
}

impl AcceptedSms {
    fn new(submitted: &Submitted) -> Self {
        Self {
            message_id: submitted.message_id.to_string(),
            state: submitted.send_at.map_or(MessageState::Accepted, |_| MessageState::Scheduled),
            segments: submitted.segments,
            encoding: submitted.encoding,
            price: Price::new(submitted.price_micros, submitted.currency),
            accepted_at: Moment(submitted.accepted_at),
            send_at: submitted.send_at.map(Moment),
            expires_at: Moment(submitted.expires_at),
        }
    }
}

impl IntoResponse for Sent {
    fn into_response(self) -> Response {
        match self {
            Self::Quoted(quote) => axum::Json(quote).into_response(),
            Self::Accepted { sms, replayed } => {
                let location = [(header::LOCATION, format!("/v1/sms/{}", sms.message_id))];
                let replayed = replayed.then_some([(HeaderName::from_static("idempotent-replayed"), "true")]);
                (StatusCode::ACCEPTED, location, replayed, axum::Json(sms)).into_response()
            }
        }
    }
}
