//! `POST /v1/payments`: money into the wallet, through the payment provider.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::{Currency, parse_micros};
use sambac_engine::payment::{NewPayment, Play};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::payment::Payment;
use crate::access::{Authorised, scope};
use crate::input::{IdempotencyKey, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown;

/// A payment to make.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddPayment {
    /// How much, as decimal text above zero, in whole coins of the account's currency.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(pattern = r"^\d+(\.\d{1,6})?$", example = "50.00")]
    amount: String,
    /// Refuse when the account pays in another one.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// What the test provider plays; refused with any other provider.
    #[garde(length(max = 32))]
    #[schema(value_type = Option<shown::Play>)]
    play: Option<String>,
}

/// The payment, and what the payer's page needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedPayment {
    #[serde(flatten)]
    payment: Payment,
    /// With this the payer's page goes to the provider. For that page only; missing when there is nothing to pay any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    #[serde(skip)]
    replayed: bool,
}

/// What is refused here, beside what may be refused anywhere.
const REFUSALS: &[ErrorCode] = &[
    ErrorCode::NotFound,
    ErrorCode::CurrencyMismatch,
    ErrorCode::IdempotencyMismatch,
    ErrorCode::PaymentsOff,
    ErrorCode::RateLimited,
];

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, REFUSALS])
    }
}

/// Make a payment.
///
/// The payment is made at the provider; the payer pays there. The money is in the wallet when the payment is `succeeded`. With an
/// `Idempotency-Key`, a repeat of the request gives the same payment again, as it is then.
#[utoipa::path(
    post,
    path = "/v1/payments",
    tag = "Account",
    security(("key" = ["payments:write"]), ("key_header" = ["payments:write"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Any text of your own that is new for every \
        payment: 1 to 255 visible ASCII characters", max_length = 255)),
    request_body = AddPayment,
    responses((status = 201, description = "Made, now or when it first came", body = AddedPayment, headers(
        ("Location" = String, description = "The payment"),
        ("Idempotent-Replayed" = String, description = "`true` when an earlier request has made it"))), Refusals)
)]
pub(crate) async fn add_payment(
    client: Authorised<scope::PaymentsWrite>,
    IdempotencyKey(key): IdempotencyKey,
    Json(wanted): Json<AddPayment>,
) -> Result<AddedPayment, Problem> {
    let account = client.account_id();
    let AddPayment { amount, currency, play } = &wanted;
    let canonical = format!("payment {amount:?} {currency:?} {play:?}");
    let fingerprint = client.engine().fingerprint(account, canonical.as_bytes());
    let new = NewPayment {
        account,
        amount_micros: parse_micros(amount).map_err(|error| bad("/amount", error.to_string()))?,
        currency: *currency,
        play: wanted.play()?,
        idempotency: client.once(key, || fingerprint),
    };
    let opened = client.engine().open_payment(new).await?;
    let client_secret = opened.client_secret.map(|secret| secret.expose_secret().to_owned());
    Ok(AddedPayment { payment: opened.row.into(), client_secret, replayed: opened.replayed })
}

impl AddPayment {
    fn play(&self) -> Result<Option<Play>, Problem> {
        let unknown = || {
            let words = Play::ALL.map(Play::as_str).join(", ");
            bad("/play", format!("must be one of {words}"))
        };
        self.play.as_deref().map(|word| Play::from_word(word).ok_or_else(unknown)).transpose()
    }
}

fn bad(pointer: &str, detail: String) -> Problem {
    Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid").at(pointer, detail)
}

impl IntoResponse for AddedPayment {
    fn into_response(self) -> Response {
        let location = [(header::LOCATION, format!("/v1/payments/{}", self.payment.id()))];
        let replayed = self.replayed.then_some([(HeaderName::from_static("idempotent-replayed"), "true")]);
        (StatusCode::CREATED, location, replayed, axum::Json(self)).into_response()
    }
}
