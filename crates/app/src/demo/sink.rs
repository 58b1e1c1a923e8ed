//! A receiver of webhooks: checks each signature and shows what was told.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use sambac_api::{Limits, serve};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::exit::Failure;
use crate::output::Output;

/// A running receiver.
pub(super) struct Sink {
    url: String,
    receiver: Receiver,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Receiver {
    secret: Arc<OnceLock<SecretString>>,
    output: Output,
}

impl Sink {
    /// Receives on `listener`.
    pub(super) fn start(listener: TcpListener, output: Output) -> Result<Self, Failure> {
        let url = format!("http://{}/events", listener.local_addr()?);
        let receiver = Receiver { secret: Arc::default(), output };
        let router = Router::new().route("/events", post(receive)).with_state(receiver.clone());
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(listener, router, Limits::default(), stop.clone()));
        Ok(Self { url, receiver, stop, server })
    }

    /// Where it receives.
    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    /// The secret that signatures must be made with.
    pub(super) fn expect(&self, secret: SecretString) {
        // Set once: a second secret would not be that of the one webhook.
        let _ = self.receiver.secret.set(secret);
    }

    /// Ends it.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        // It ends by itself once it is told to, and there is nothing to be done if it panicked.
        let _ = self.server.await;
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    let Some(secret) = receiver.secret.get() else { return StatusCode::SERVICE_UNAVAILABLE };
    let verifier = standardwebhooks::Webhook::new(secret.expose_secret());
    let verified = verifier.is_ok_and(|verifier| verifier.verify(body.as_bytes(), &headers).is_ok());
    if !verified {
        tracing::warn!("a webhook with a wrong signature was refused");
        return StatusCode::UNAUTHORIZED;
    }
    let event: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    let (kind, message) = (event["type"].as_str().unwrap_or_default(), event["data"]["message_id"].as_str());
    // A closed standard output is no reason to refuse the event.
    let _ = receiver.output.print(&json!({"webhook": event, "signature": "verified"}), || {
        format!("webhook   {kind} {} (signature verified)", message.unwrap_or_default())
    });
    StatusCode::NO_CONTENT
}
