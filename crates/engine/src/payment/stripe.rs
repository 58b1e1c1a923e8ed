//! A provider with the interface of Stripe's PaymentIntents: forms in, JSON out, amounts in the smallest coin.
//!
//! A payment is created with our id as its `Idempotency-Key` and in its metadata, so that creating it again gives the same one,
//! and so that its webhooks name ours.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};
use sambac_domain::payment::{from_minor_units, minor_units};
use sambac_store::rows::PaymentIntentRow;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::provider::{Asked, Fault, Provider, Standing, Told};
use super::settings::ProviderUrl;
use crate::webhook::ClientError;

/// Octets of an answer at most.
const ANSWER_MAX: usize = 256 * 1024;
/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Characters that are kept of what it says.
const WHY_MAX: usize = 200;
/// The key of our id in a payment's metadata.
pub(super) const METADATA_KEY: &str = "payment";

/// The provider.
pub(super) struct Stripe {
    http: reqwest::Client,
    url: ProviderUrl,
    key: SecretString,
    webhook_secret: SecretString,
}

/// A PaymentIntent, as far as it is read.
#[derive(Deserialize)]
struct Payment {
    id: String,
    status: String,
    amount: i64,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    client_secret: Option<String>,
    last_payment_error: Option<PaymentError>,
    #[serde(default)]
    metadata: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct PaymentError {
    code: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: PaymentError,
}

impl Stripe {
    pub(super) fn new(
        url: ProviderUrl,
        key: SecretString,
        webhook_secret: SecretString,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .user_agent(concat!("Sambac/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, url, key, webhook_secret })
    }

    /// The address of a payment. Its id came from outside: anything but letters, digits and underscores is no id.
    fn payment_url(&self, id: &str, verb: &str) -> Result<String, Fault> {
        let is_id = !id.is_empty() && id.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
        let bad = || Fault::Refused("the provider's id of the payment is none".to_owned());
        is_id.then(|| self.url.join(&format!("/v1/payment_intents/{id}{verb}"))).ok_or_else(bad)
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Told, Fault> {
        let unanswered = |error: reqwest::Error| Fault::Unanswered(no_answer(&error).to_owned());
        let mut response = request.bearer_auth(self.key.expose_secret()).send().await.map_err(unanswered)?;
        let (status, mut body) = (response.status(), Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
            if body.len() + chunk.len() > ANSWER_MAX {
                return Err(Fault::Unanswered("the answer is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() { read(&body) } else { Err(refusal(status, &body)) }
    }
}

impl Provider for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn create<'a>(&'a self, payment: &'a PaymentIntentRow) -> Asked<'a> {
        Box::pin(async move {
            let coins = minor_units(payment.amount_micros, payment.currency);
            let coins = coins.ok_or_else(|| Fault::Refused("the amount has a fraction of a coin".to_owned()))?;
            let id = payment.id.to_string();
            let form = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("amount", &coins.to_string())
                .append_pair("currency", &payment.currency.as_str().to_ascii_lowercase())
                .append_pair("automatic_payment_methods[enabled]", "true")
                .append_pair(&format!("metadata[{METADATA_KEY}]"), &id)
                .finish();
            let request = self.http.post(self.url.join("/v1/payment_intents"));
            let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
            self.ask(request.header("idempotency-key", id)).await
        })
    }

    fn fetch<'a>(&'a self, _payment: &'a PaymentIntentRow, id: &'a str) -> Asked<'a> {
        Box::pin(async move { self.ask(self.http.get(self.payment_url(id, "")?)).await })
    }

    fn cancel<'a>(&'a self, _payment: &'a PaymentIntentRow, id: &'a str) -> Asked<'a> {
        Box::pin(async move { self.ask(self.http.post(self.payment_url(id, "/cancel")?)).await })
    }

    fn webhook_secret(&self) -> &SecretString {
        &self.webhook_secret
    }
}

fn read(body: &[u8]) -> Result<Told, Fault> {
    let unreadable = || Fault::Unanswered("the answer is not a payment".to_owned());
    let payment: Payment = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let currency = payment.currency.to_ascii_uppercase().parse().map_err(|_| unreadable())?;
    let state = match (payment.status.as_str(), &payment.last_payment_error) {
        ("succeeded", _) => Standing::Succeeded,
        ("canceled", _) => Standing::Canceled,
        ("requires_payment_method", Some(_)) => Standing::Declined,
        ("requires_payment_method" | "requires_confirmation" | "requires_action" | "processing", _) => {
            Standing::Waiting
        }
        // Among them `requires_capture`, which no payment of ours can be in.
        _ => return Err(Fault::Unanswered("the payment is in a state that we do not know".to_owned())),
    };
    let coins = if state == Standing::Succeeded { payment.amount_received } else { payment.amount };
    let ours = payment.metadata.get(METADATA_KEY).and_then(|id| id.as_str()?.parse().ok());
    Ok(Told {
        id: payment.id,
        payment: ours,
        state,
        amount_micros: from_minor_units(coins, currency).ok_or_else(unreadable)?,
        currency,
        client_secret: payment.client_secret.map(SecretString::from),
        why: payment.last_payment_error.map(PaymentError::shown),
    })
}

/// What an answer means that is none about the payment. Only a refusal for good is one: of all else it is not known whether
/// something was done.
fn refusal(status: StatusCode, body: &[u8]) -> Fault {
    let said = serde_json::from_slice::<Refusal>(body).map(|refusal| refusal.error.shown());
    let why = format!("{}: {}", status.as_u16(), said.unwrap_or_else(|_| "no reason given".to_owned()));
    match status {
        StatusCode::BAD_REQUEST | StatusCode::PAYMENT_REQUIRED | StatusCode::NOT_FOUND => Fault::Refused(why),
        _ => Fault::Unanswered(why),
    }
}

fn no_answer(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "time-out",
        error if error.is_connect() => "cannot connect",
        _ => "connection broke",
    }
}

impl PaymentError {
    fn shown(self) -> String {
        let text = [self.code, self.message].into_iter().flatten().collect::<Vec<_>>().join(": ");
        text.chars().filter(|letter| !letter.is_control()).take(WHY_MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(status: &str, rest: &str) -> Result<Told, Fault> {
        let body = format!("{{\"id\":\"pi_1\",\"status\":\"{status}\",\"amount\":1250,\"currency\":\"eur\"{rest}}}");
        read(body.as_bytes())
    }

    #[test]
    fn every_status_of_a_payment_is_told() {
        let declined = r#","last_payment_error":{"code":"card_declined","message":"No."}"#;
        for (status, rest, expected) in [
            ("requires_payment_method", "", Standing::Waiting),
            ("requires_payment_method", declined, Standing::Declined),
            ("processing", "", Standing::Waiting),
            ("canceled", "", Standing::Canceled),
            ("succeeded", ",\"amount_received\":1250", Standing::Succeeded),
        ] {
            let told = payment(status, rest).expect("a payment");
            assert_eq!((told.state, told.amount_micros), (expected, 12_500_000), "{status}");
        }
        let told = payment("requires_payment_method", declined).expect("a payment");
        assert_eq!(told.why.as_deref(), Some("card_declined: No."));
        let partly = payment("succeeded", ",\"amount_received\":1000").expect("a payment");
        assert_eq!(partly.amount_micros, 10_000_000, "what was received counts");
        assert!(matches!(payment("partially_funded", ""), Err(Fault::Unanswered(_))));
    }

    #[test]
    fn only_a_refusal_for_good_is_one() {
        let body = br#"{"error":{"code":"amount_too_small","message":"Too small."}}"#;
        let refused = refusal(StatusCode::BAD_REQUEST, body);
        assert_eq!(refused, Fault::Refused("400: amount_too_small: Too small.".to_owned()));
        for status in [401, 403, 408, 409, 429, 500, 503, 302] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert!(matches!(refusal(status, b"x"), Fault::Unanswered(_)), "{status}");
        }
    }
}
