//! `POST /v1/sms/send`: one message in, durable when answered.

use std::time::Duration;

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::message::Origin;
use sambac_domain::number::{self, Sender};
use sambac_domain::text::{self, Encoding};
use sambac_domain::{MessageState, TrafficClass, parse_micros};
use sambac_engine::submit::{Content, Idempotency, SubmitRequest, Submitted};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::quote::Quote;
use crate::access::{Authorised, scope};
use crate::input::{IdempotencyKey, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{self, Moment, Price};

/// A message to send.
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendSms {
    /// Destination as an international number, with or without the plus.
    #[garde(skip)]
    #[schema(example = "+447700900123")]
    to: String,
    /// What the handset shows: a number, a short code, or up to 11 characters.
    #[garde(skip)]
    #[schema(example = "MyBank")]
    from: String,
    /// The text; long ones are sent in several segments.
    #[garde(skip)]
    #[schema(min_length = 1, example = "Your code is 123456")]
    text: String,
    /// How the text is encoded; chosen by its characters when left out.
    #[garde(skip)]
    #[schema(value_type = Option<shown::TextEncoding>)]
    encoding: Option<TextEncoding>,
    /// What the message is for. An `otp` goes before all others and is never sent twice on doubt.
    #[garde(skip)]
    #[serde(default = "transactional")]
    #[schema(value_type = shown::Class, default = "transactional")]
    class: TrafficClass,
    /// Seconds after which it is not sent any more; by default 300 for an `otp`, else 86400.
    #[garde(range(min = 1, max = 259_200))]
    #[schema(minimum = 1, maximum = 259_200)]
    validity_s: Option<u32>,
    /// Your own reference, given back in the message's status and notifications.
    #[garde(length(chars, max = 64), inner(custom(without_controls)))]
    #[schema(max_length = 64)]
    reference: Option<String>,
    /// Refuse when all segments together would cost more, in your account's currency.
    #[garde(skip)]
    #[schema(pattern = r"^\d+(\.\d{1,6})?$", example = "0.05")]
    max_price: Option<String>,
    /// Answer what would happen, without sending, holding or storing anything.
    #[garde(skip)]
    #[serde(default)]
    #[schema(default = false)]
    dry_run: bool,
    /// Whether you want to be told the final state.
    #[garde(skip)]
    #[serde(default = "yes")]
    #[schema(default = true)]
    receipt: bool,
}

/// The encodings of text.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum TextEncoding {
    Gsm7,
    Latin1,
    Ucs2,
}

/// The message was taken: it is stored and paid for, and will be sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedSms {
    /// Names the message from now on.
    #[schema(example = "msg_01h2xcejqtf2n")]
    message_id: String,
    /// Always `accepted`.
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
    ErrorCode::MessageEmpty,
    ErrorCode::MessageTooLong,
    ErrorCode::TextNotEncodable,
    ErrorCode::IdempotencyInProgress,
    ErrorCode::IdempotencyMismatch,
    ErrorCode::InsufficientFunds,
    ErrorCode::PriceAboveMaximum,
    ErrorCode::NoRoute,
    ErrorCode::NoPrice,
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
    let dry_run = sms.dry_run;
    let idempotency = key.filter(|_| !dry_run).map(|key| Idempotency { key, fingerprint: sms.fingerprint(&client) });
    // A text that cannot be counted is refused by the engine with its reason.
    let encoding = text::count(&sms.text, sms.encoding.map(Encoding::from)).map(|count| count.encoding);
    let request = sms.into_request(&client, idempotency)?;
    if dry_run {
        let quote = client.engine().quote(request)?;
        return Ok(Sent::Quoted(Box::new(Quote::new(&client, quote))));
    }
    let submitted = client.engine().submit(request).await?;
    let sms = AcceptedSms::new(&submitted, encoding.unwrap_or(Encoding::Ucs2));
    Ok(Sent::Accepted { sms, replayed: submitted.replayed })
}

impl SendSms {
    /// Checks the fields whose rules are the domain's, all of them before it refuses.
    fn into_request(
        self,
        client: &Authorised<scope::SmsSend>,
        idempotency: Option<Idempotency>,
    ) -> Result<SubmitRequest, Problem> {
        let destination = number::parse(&self.to, None)
            .map_err(|error| Problem::from(ErrorCode::InvalidDestination).at("/to", error.to_string()));
        let sender = Sender::parse(&self.from)
            .map_err(|error| Problem::from(ErrorCode::InvalidSender).at("/from", error.to_string()));
        let price_micros_max = self.max_price.as_deref().map(price).transpose();
        Ok(SubmitRequest {
            account_id: client.account_id(),
            origin: Origin::Rest { api_key: client.api_key_id() },
            destination: destination?,
            sender: sender?,
            price_micros_max: price_micros_max?,
            content: Content::Text(self.text, self.encoding.map(Encoding::from)),
            class: self.class,
            validity: self.validity_s.map(|seconds| Duration::from_secs(seconds.into())),
            client_ref: self.reference,
            receipt_wanted: self.receipt,
            registered_delivery: 1,
            test_only: client.is_test(),
            idempotency,
        })
    }

    /// Digest of what was asked: the same for the same request however its JSON was written.
    fn fingerprint(&self, client: &Authorised<scope::SmsSend>) -> String {
        let mut request = b"POST /v1/sms/send\n".to_vec();
        request.extend(serde_json::to_vec(self).unwrap_or_default());
        client.engine().fingerprint(client.account_id(), &request)
    }
}

impl AcceptedSms {
    fn new(submitted: &Submitted, encoding: Encoding) -> Self {
        Self {
            message_id: submitted.message_id.to_string(),
            state: MessageState::Accepted,
            segments: submitted.segments,
            encoding,
            price: Price::new(submitted.price_micros, submitted.currency),
            accepted_at: Moment(submitted.accepted_at),
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

impl From<TextEncoding> for Encoding {
    fn from(encoding: TextEncoding) -> Self {
        match encoding {
            TextEncoding::Gsm7 => Self::Gsm7,
            TextEncoding::Latin1 => Self::Latin1,
            TextEncoding::Ucs2 => Self::Ucs2,
        }
    }
}

fn price(text: &str) -> Result<i64, Problem> {
    let bad = |detail: String| Problem::from(ErrorCode::InvalidRequest).at("/max_price", detail);
    match parse_micros(text) {
        Ok(micros) if micros >= 0 => Ok(micros),
        Ok(_) => Err(bad("the price must not be negative".to_owned())),
        Err(error) => Err(bad(error.to_string())),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is garde's")]
fn without_controls(text: &str, _context: &()) -> garde::Result {
    if text.chars().any(char::is_control) {
        return Err(garde::Error::new("must not hold control characters"));
    }
    Ok(())
}

fn transactional() -> TrafficClass {
    TrafficClass::Transactional
}

fn yes() -> bool {
    true
}
