//! A payment provider with the interface of PaymentIntents, on this machine: creates by idempotency key, and signs its webhooks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Json;
use axum::routing::{get, post};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

pub(super) const KEY: &str = "sk_test_payments";
pub(super) const WEBHOOK_SECRET: &str = "whsec_payments";

/// The provider.
#[derive(Clone)]
pub(super) struct Provider {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    /// By id.
    payments: BTreeMap<String, Payment>,
    /// Requests to create that are carried out and not answered.
    lose: usize,
    /// Requests of any kind, so far.
    asked: usize,
}

#[derive(Clone)]
struct Payment {
    key: String,
    amount: i64,
    currency: String,
    ours: String,
    status: &'static str,
    error: Value,
}

impl Provider {
    pub(super) async fn start() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let provider = Self { address: listener.local_addr()?, books: Arc::default() };
        let router = Router::new()
            .route("/v1/payment_intents", post(create))
            .route("/v1/payment_intents/{id}", get(fetch))
            .route("/v1/payment_intents/{id}/cancel", post(cancel))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(provider)
    }

    /// What the platform is started with.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        [
            ("SAMBAC_PAYMENTS_PROVIDER", "stripe"),
            ("SAMBAC_PAYMENTS_URL", &format!("http://{}", self.address)),
            ("SAMBAC_PAYMENTS_KEY", KEY),
            ("SAMBAC_PAYMENTS_WEBHOOK_SECRET", WEBHOOK_SECRET),
            ("SAMBAC_PAYMENTS_TIMEOUT_S", "1"),
            ("SAMBAC_PAYMENTS_CHECK_S", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// Loses the next answers to requests to create.
    pub(super) fn lose(&self, count: usize) {
        self.books().lose = count;
    }

    /// The payer pays, or the bank refuses, or nobody pays after all.
    pub(super) fn becomes(&self, id: &str, status: &'static str, error: Value) -> Result<()> {
        let mut books = self.books();
        let payment = books.payments.get_mut(id).context("no such payment")?;
        (payment.status, payment.error) = (status, error);
        Ok(())
    }

    /// The ids of all payments.
    pub(super) fn ids(&self) -> Vec<String> {
        self.books().payments.keys().cloned().collect()
    }

    /// How a payment is.
    pub(super) fn status(&self, id: &str) -> Option<&'static str> {
        self.books().payments.get(id).map(|payment| payment.status)
    }

    /// How often anything was asked.
    pub(super) fn asked(&self) -> usize {
        self.books().asked
    }

    /// The body of an event about a payment. It says whatever it likes of the payment: nobody is to believe it.
    pub(super) fn event(&self, event: &str, id: &str) -> Vec<u8> {
        let ours = self.books().payments.get(id).map(|payment| payment.ours.clone());
        let object = json!({ "object": "payment_intent", "id": id, "status": "succeeded", "amount_received": 9_999_999,
            "metadata": { "payment": ours } });
        json!({ "id": event, "type": "payment_intent.succeeded", "data": { "object": object } })
            .to_string()
            .into_bytes()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The header that signs a body.
pub(super) fn signature(secret: &str, seconds: i64, body: &[u8]) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    Ok(format!("t={seconds},v1={hex}"))
}

type Answer = (StatusCode, Json<Value>);

fn refused(status: StatusCode, code: &str) -> Answer {
    (status, Json(json!({ "error": { "code": code, "message": "refused" } })))
}

fn shown(id: &str, payment: &Payment) -> Answer {
    let received = if payment.status == "succeeded" { payment.amount } else { 0 };
    let body = json!({
        "id": id, "object": "payment_intent", "status": payment.status, "amount": payment.amount,
        "amount_received": received, "currency": payment.currency, "client_secret": format!("{id}_secret"),
        "last_payment_error": payment.error, "metadata": { "payment": payment.ours },
    });
    (StatusCode::OK, Json(body))
}

fn is_ours(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|value| value == format!("Bearer {KEY}").as_str())
}

async fn create(State(provider): State<Provider>, headers: HeaderMap, body: String) -> Answer {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
    let (answer, lost) = {
        let mut books = provider.books();
        books.asked += 1;
        if !is_ours(&headers) || key.is_empty() {
            return refused(StatusCode::UNAUTHORIZED, "unauthorized");
        }
        let known = books.payments.iter().find(|(_, payment)| payment.key == key).map(|(id, _)| id.clone());
        let id = known.unwrap_or_else(|| format!("pi_{}", books.payments.len() + 1));
        let payment = books.payments.entry(id.clone()).or_insert_with(|| Payment {
            key,
            amount: field("amount").parse().unwrap_or_default(),
            currency: field("currency"),
            ours: field("metadata[payment]"),
            status: "requires_payment_method",
            error: Value::Null,
        });
        let answer = shown(&id, payment);
        let lost = books.lose > 0;
        books.lose = books.lose.saturating_sub(1);
        (answer, lost)
    };
    if lost {
        // Longer than anybody waits.
        std::future::pending::<()>().await;
    }
    answer
}

async fn fetch(State(provider): State<Provider>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let mut books = provider.books();
    books.asked += 1;
    match books.payments.get(&id).filter(|_| is_ours(&headers)) {
        Some(payment) => shown(&id, payment),
        None => refused(StatusCode::NOT_FOUND, "resource_missing"),
    }
}

async fn cancel(State(provider): State<Provider>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let mut books = provider.books();
    books.asked += 1;
    match books.payments.get_mut(&id).filter(|_| is_ours(&headers)) {
        Some(payment) if matches!(payment.status, "succeeded" | "canceled") => {
            refused(StatusCode::BAD_REQUEST, "payment_intent_unexpected_state")
        }
        Some(payment) => {
            payment.status = "canceled";
            shown(&id, payment)
        }
        None => refused(StatusCode::NOT_FOUND, "resource_missing"),
    }
}
