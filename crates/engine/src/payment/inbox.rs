//! What providers tell by webhook. It is believed to have come from them, by its signature, and nothing else: it makes us ask.

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::PaymentId;
use sambac_store::rows::PaymentEventRow;
use serde::Deserialize;

use super::open::unavailable;
use super::provider::OwnWebhook;
use super::signature;
use super::stripe::METADATA_KEY;
use crate::refusal::Refusal;
use crate::{Engine, Inner};

/// Characters of an id or a kind at most.
const WORD_MAX: usize = 255;

/// An event, as far as it is read.
#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    id: Option<String>,
    object: Option<String>,
    #[serde(default)]
    metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

impl Engine {
    /// Takes a provider's webhook: its body octet by octet, and the header that signs it. Answers, when it is stored, whether it
    /// is new.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]: no such provider is configured; [`ErrorCode::InvalidSignature`]; [`ErrorCode::InvalidRequest`]: it
    /// is signed, and no event; [`ErrorCode::ServiceUnavailable`]: it is to be sent again.
    pub async fn payment_event(&self, provider: &str, signature: &str, body: &[u8]) -> Result<bool, Refusal> {
        receive(&self.0, provider, signature, body).await
    }
}

async fn receive(inner: &Inner, provider: &str, header: &str, body: &[u8]) -> Result<bool, Refusal> {
    let provider = inner.payments.provider(provider).ok_or(ErrorCode::NotFound)?;
    let (now, tolerance) = (inner.clock.now(), inner.settings.payments.signature_tolerance);
    if let Err(why) = signature::verify(provider.webhook_secret(), header, body, now, tolerance) {
        tracing::warn!(?why, provider = provider.name(), "a webhook with a bad signature was refused");
        return Err(ErrorCode::InvalidSignature.into());
    }
    let event: Event = serde_json::from_slice(body)
        .map_err(|_| Refusal::new(ErrorCode::InvalidRequest, "the body is not an event of a payment provider"))?;
    let object = event.data.object;
    let Some(provider_payment_id) = object.id.filter(|_| object.object.as_deref() == Some("payment_intent")) else {
        return Ok(false); // Of something else, which we have no part in.
    };
    if [&event.id, &event.kind, &provider_payment_id].iter().any(|word| word.is_empty() || word.len() > WORD_MAX) {
        return Err(Refusal::new(ErrorCode::InvalidRequest, "an id of the event is too long"));
    }
    let ours = object.metadata.as_ref().and_then(|metadata| metadata.get(METADATA_KEY)?.as_str()?.parse().ok());
    let row = PaymentEventRow {
        id: inner.ids.next(now),
        provider: provider.name().to_owned(),
        event_id: event.id,
        kind: event.kind,
        provider_payment_id,
        payment_id: ours.filter(|id: &PaymentId| id.raw() > 0),
        received_at: now,
    };
    let is_new = inner.store.keep_payment_event(&row).await.map_err(unavailable)?;
    if is_new {
        inner.payments.wake.notify_one();
    }
    Ok(is_new)
}

/// Plays a webhook of the test provider, in its time.
pub(super) async fn play(inner: &Arc<Inner>, webhook: OwnWebhook) {
    tokio::select! {
        () = tokio::time::sleep(webhook.after) => {}
        () = inner.stopping.cancelled() => return,
    }
    if let Err(refusal) = receive(inner, "test", &webhook.signature, &webhook.body).await {
        tracing::warn!(%refusal, "a played webhook was refused");
    }
}
