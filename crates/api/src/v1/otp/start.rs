//! `POST /v1/otp`: draws a code and sends it.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::fraud::RateKeyKind;
use sambac_domain::number::{self, Sender};
use sambac_domain::otp::Link;
use sambac_domain::{Currency, parse_micros};
use sambac_engine::otp::StartOtp;
use sambac_engine::submit::Idempotency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Otp;
use crate::access::{Authorised, scope};
use crate::input::{IdempotencyKey, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;

/// A one-time code to send.
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": "+447700900123", "from": "MyBank" }))]
pub(crate) struct NewOtp {
    /// The person's number, with or without the plus.
    #[garde(skip)]
    #[schema(example = "+447700900123")]
    to: String,
    /// What the handset shows; that of the profile when left out.
    #[garde(skip)]
    #[schema(example = "MyBank")]
    from: Option<String>,
    /// Your profile of codes; without one they have 6 digits, hold 5 minutes and may be tried 5 times.
    #[garde(length(max = 64))]
    #[schema(max_length = 64)]
    profile: Option<String>,
    /// In which language it is told.
    #[garde(length(max = 16))]
    #[schema(max_length = 16, default = "en", example = "de-AT")]
    locale: Option<String>,
    /// What is bound to the code with `currency` and `payee` (PSD2): it is in the text, and has to be given again to check.
    #[garde(length(max = 32))]
    #[schema(pattern = r"^\d+(\.\d{1,6})?$", example = "129.90")]
    amount: Option<String>,
    /// Currency of `amount`.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// Who is paid, as the payer reads it.
    #[garde(length(max = 256))]
    #[schema(max_length = 64, example = "Corner Shop")]
    payee: Option<String>,
    /// The 11 characters by which your Android app knows its messages; those of the profile when left out.
    #[garde(length(max = 16))]
    #[schema(min_length = 11, max_length = 11, example = "FA+9qCX9VSu")]
    app_hash: Option<String>,
    /// The website that may fill in the code by itself; that of the profile when left out.
    #[garde(length(max = 100))]
    #[schema(max_length = 100, example = "bank.example")]
    origin: Option<String>,
    /// Your own reference, given back in the messages' status and notifications.
    #[garde(length(chars, max = 64))]
    #[schema(max_length = 64)]
    reference: Option<String>,
    /// Refuse when a message of it would cost more, in your account's currency.
    #[garde(skip)]
    #[schema(pattern = r"^\d+(\.\d{1,6})?$", example = "0.05")]
    max_price: Option<String>,
    /// Who asks for it, for the guard against pumping. We keep none of it.
    #[garde(dive)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_by: Option<AskedBy>,
}

/// Who asks for a code, as you know them.
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedBy {
    /// The address that the person comes from.
    #[garde(length(max = 256))]
    #[schema(max_length = 256, example = "192.0.2.7")]
    ip: Option<String>,
    /// The device.
    #[garde(length(max = 256))]
    #[schema(max_length = 256)]
    device: Option<String>,
    /// The user.
    #[garde(length(max = 256))]
    #[schema(max_length = 256)]
    user: Option<String>,
}

/// What was started.
pub(crate) struct Started {
    otp: Otp,
    replayed: bool,
}

/// What a message that tells a code may be refused with.
pub(super) const SENDING: &[ErrorCode] = &[
    ErrorCode::InvalidDestination,
    ErrorCode::InvalidSender,
    ErrorCode::SenderNotRegistered,
    ErrorCode::MessageTooLong,
    ErrorCode::TextNotEncodable,
    ErrorCode::ParameterMissing,
    ErrorCode::ParameterInvalid,
    ErrorCode::OtpBlocked,
    ErrorCode::ChannelNotAvailable,
    ErrorCode::IdempotencyInProgress,
    ErrorCode::IdempotencyMismatch,
    ErrorCode::InsufficientFunds,
    ErrorCode::SpendingLimitReached,
    ErrorCode::PriceAboveMaximum,
    ErrorCode::NoRoute,
    ErrorCode::NoPrice,
    ErrorCode::MarginTooLow,
    ErrorCode::AccountSuspended,
    ErrorCode::RateLimited,
    ErrorCode::QueueFull,
];

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, SENDING])
    }
}

/// Send a one-time code.
///
/// We draw the code, tell it to the person and keep no more of it than a keyed hash. With amount, currency and payee it is good for
/// that payment only. With an `Idempotency-Key`, a repeat of the request gives the same code's state again instead of another code.
#[utoipa::path(
    post,
    path = "/v1/otp",
    tag = "OTP",
    security(("key" = ["otp:send"]), ("key_header" = ["otp:send"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Any text of your own that is new for every \
        code: 1 to 255 visible ASCII characters", max_length = 255)),
    request_body = NewOtp,
    responses((status = 201, description = "Stored, paid for and on its way", body = Otp, headers(
        ("Location" = String, description = "The code's state"),
        ("Idempotent-Replayed" = String, description = "`true` when an earlier request has started it"))), Refusals)
)]
pub(crate) async fn start_otp(
    client: Authorised<scope::OtpSend>,
    IdempotencyKey(key): IdempotencyKey,
    Json(new): Json<NewOtp>,
) -> Result<Started, Problem> {
    let idempotency = client.once(key, || new.fingerprint(&client));
    let start = new.into_start(&client, idempotency)?;
    let view = client.engine().start_otp(start).await?;
    let replayed = view.replayed;
    Ok(Started { otp: view.into(), replayed })
}

impl NewOtp {
    fn fingerprint(&self, client: &Authorised<scope::OtpSend>) -> String {
        let mut request = b"POST /v1/otp\n".to_vec();
        request.extend(serde_json::to_vec(self).unwrap_or_default());
        client.engine().fingerprint(client.account_id(), &request)
    }

    fn into_start(
        self,
        client: &Authorised<scope::OtpSend>,
        idempotency: Option<Idempotency>,
    ) -> Result<StartOtp, Problem> {
        let destination = number::parse(&self.to, None)
            .map_err(|error| Problem::from(ErrorCode::InvalidDestination).at("/to", error.to_string()))?;
        let sender = self.from.as_deref().map(Sender::parse).transpose();
        let sender = sender.map_err(|error| Problem::from(ErrorCode::InvalidSender).at("/from", error.to_string()))?;
        let price_micros_max = self.max_price.as_deref().map(parse_micros).transpose();
        let price_micros_max = price_micros_max.map_err(|error| bad("max_price", &error.to_string()))?;
        Ok(StartOtp {
            account_id: client.account_id(),
            api_key: client.api_key_id(),
            destination,
            sender,
            link: link(self.amount.as_deref(), self.currency, self.payee.as_deref())?,
            profile: self.profile,
            locale: self.locale,
            app_hash: self.app_hash,
            origin: self.origin,
            client_ref: self.reference,
            price_micros_max,
            keys: self.asked_by.map(AskedBy::keys).unwrap_or_default(),
            test_only: client.is_test(),
            idempotency,
        })
    }
}

impl AskedBy {
    fn keys(self) -> Vec<(RateKeyKind, String)> {
        let keys = [(RateKeyKind::Ip, self.ip), (RateKeyKind::Device, self.device), (RateKeyKind::User, self.user)];
        keys.into_iter().filter_map(|(kind, key)| Some((kind, key?))).collect()
    }
}

/// What a code is bound to: all of it is given, or none.
pub(super) fn link(
    amount: Option<&str>,
    currency: Option<Currency>,
    payee: Option<&str>,
) -> Result<Option<Link>, Problem> {
    let (amount, currency, payee) = match (amount, currency, payee) {
        (None, None, None) => return Ok(None),
        (Some(amount), Some(currency), Some(payee)) => (amount, currency, payee),
        _ => return Err(bad("amount", "amount, currency and payee are given together")),
    };
    let micros = parse_micros(amount).map_err(|error| bad("amount", &error.to_string()))?;
    Link::new(micros, currency, payee).map(Some).map_err(|(field, detail)| bad(field, detail))
}

fn bad(field: &str, detail: &str) -> Problem {
    Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid").at(format!("/{field}"), detail)
}

impl IntoResponse for Started {
    fn into_response(self) -> Response {
        let location = [(header::LOCATION, format!("/v1/otp/{}", self.otp.id))];
        let replayed = self.replayed.then_some([(HeaderName::from_static("idempotent-replayed"), "true")]);
        (StatusCode::CREATED, location, replayed, axum::Json(self.otp)).into_response()
    }
}
