//! Delivers the events of one webhook, several at a time.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use reqwest::StatusCode;
use sambac_bus::{Notice, Outcome, Queued, Task};
use sambac_domain::id::{EventId, IdSource, NoticeId, TargetId, WebhookId};
use sambac_domain::time::Timestamp;
use sambac_store::{NewEvent, StoreError};
use secrecy::ExposeSecret;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{account, received};
use crate::Inner;
use crate::commit::{NoticeDone, NoticeRetry, Write, key_of};
use crate::notice_keeper::WEBHOOK_KEPT;

/// Requests to one receiver at the same time.
const CONCURRENT_MAX: usize = 16;
/// Pauses before the tries after the first: about 75 hours in all, as Standard Webhooks advises.
const RETRY_S: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// An event as the receiver reads it.
#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    message_id: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    to: String,
    from: &'a str,
    segments: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    accepted_at: String,
    final_at: String,
}

/// How one attempt went.
enum Attempt {
    Taken(u16),
    Refused(u16),
    /// The receiver says that it is gone for good.
    Gone,
    Failed(&'static str),
}

/// Runs until the webhook is removed or the engine stops.
pub(super) async fn run(inner: Arc<Inner>, id: WebhookId, cancel: CancellationToken) {
    let queue = inner.bus.queue(TargetId::from(id));
    let places = Arc::new(Semaphore::new(CONCURRENT_MAX));
    let mut taken = Vec::new();
    loop {
        if queue.take(1, &mut taken) == 0 {
            tokio::select! {
                () = queue.work() => continue,
                () = cancel.cancelled() => return,
            }
        }
        for queued in taken.drain(..) {
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place,
                () = cancel.cancelled() => return,
            };
            let inner_copy = Arc::clone(&inner);
            inner.tasks.spawn(async move {
                deliver(&inner_copy, id, queued).await;
                drop(place);
            });
        }
    }
}

async fn deliver(inner: &Inner, id: WebhookId, queued: Queued) {
    let Task::Notify { attempt, notice, .. } = &queued.task else { return };
    let ends_at = IdSource::made_at(queued.id).saturating_add(WEBHOOK_KEPT);
    if matches!(**notice, Notice::Outcome(_) | Notice::Account(_)) && inner.clock.now() > ends_at {
        // Its row is removed by whoever looks for such rows, so that it is told once.
        return;
    }
    let attempt = attempt.saturating_add(1);
    let started = tokio::time::Instant::now();
    let result = match body(inner, &queued, notice).await {
        Ok(Some(body)) => post(inner, id, &queued, body).await,
        // Taken or given up meanwhile, or unreadable.
        Ok(None) => Attempt::Gone,
        Err(_) => Attempt::Failed("the message was not read"),
    };
    let taken = matches!(result, Attempt::Taken(_));
    inner.metrics.webhook(taken);
    let event = match &**notice {
        Notice::Outcome(outcome) => Some(event(inner, outcome, id, attempt, &result, started.elapsed())),
        // Deliveries of the one have rows of their own; the other is of no message.
        Notice::Received(_) | Notice::Account(_) => None,
    };
    let pause = RETRY_S.get(usize::from(attempt) - 1).filter(|_| !matches!(result, Attempt::Taken(_) | Attempt::Gone));
    let write = match pause {
        Some(pause) => {
            let due_at = inner.clock.now().saturating_add(jittered(*pause));
            Write::NoticeRetry(NoticeRetry { key: key_of(&queued), attempt, due_at, event })
        }
        None if taken => Write::NoticeDone(NoticeDone { event, ..NoticeDone::new(&queued) }),
        None => Write::NoticeDone(NoticeDone { event, ..NoticeDone::given_up(&queued) }),
    };
    inner.write(write).await;
}

async fn post(inner: &Inner, id: WebhookId, queued: &Queued, body: String) -> Attempt {
    let snapshot = inner.snapshot.load_full();
    let Some(webhook) = snapshot.webhook(id) else { return Attempt::Gone };
    let Ok(secret) = inner.settings.seal.open_text(id.raw(), &webhook.secret_sealed.0) else {
        return Attempt::Failed("the secret does not open");
    };
    let message_id = format!("ntc_{}", queued.id);
    let seconds = inner.clock.now().0 / 1_000_000;
    let signature = standardwebhooks::Webhook::new(secret.expose_secret())
        .and_then(|signer| signer.sign(&message_id, seconds, body.as_bytes()));
    let Ok(signature) = signature else { return Attempt::Failed("the event could not be signed") };
    let Some(request) = inner.webhook_client.post(&webhook.url) else { return Attempt::Failed("address not allowed") };
    let request = request.header("content-type", "application/json");
    let request = request
        .header("webhook-id", message_id)
        .header("webhook-timestamp", seconds.to_string())
        .header("webhook-signature", signature);
    match request.body(body).send().await {
        Ok(response) if response.status().is_success() => Attempt::Taken(response.status().as_u16()),
        Ok(response) if response.status() == StatusCode::GONE => Attempt::Gone,
        Ok(response) => Attempt::Refused(response.status().as_u16()),
        Err(error) if error.is_timeout() => Attempt::Failed("time-out"),
        Err(error) if error.is_connect() => Attempt::Failed("cannot connect"),
        Err(_) => Attempt::Failed("connection broke"),
    }
}

/// What is posted; `None` when there is nothing to tell any more.
async fn body(inner: &Inner, queued: &Queued, notice: &Notice) -> Result<Option<String>, StoreError> {
    match notice {
        Notice::Outcome(outcome) => Ok(Some(outcome_body(outcome))),
        Notice::Account(news) => Ok(Some(account::body(news))),
        Notice::Received(_) => {
            let row = inner.store.mo_to_deliver(NoticeId::from_raw(queued.id)).await?;
            let told = row.and_then(|row| inner.mo_content(&row).map(|content| received::body(&row, &content)));
            Ok(told)
        }
    }
}

fn outcome_body(outcome: &Outcome) -> String {
    let event = Event {
        kind: format!("message.{}", outcome.state.as_str()),
        timestamp: outcome.final_at.rfc3339(),
        data: Data {
            message_id: outcome.message_id.to_string(),
            state: outcome.state.as_str(),
            error: outcome.error.as_deref(),
            to: format!("+{}", outcome.destination),
            from: &outcome.sender,
            segments: outcome.segments,
            reference: outcome.client_ref.as_deref(),
            accepted_at: outcome.accepted_at.rfc3339(),
            final_at: outcome.final_at.rfc3339(),
        },
    };
    // A struct of texts and numbers always serialises.
    serde_json::to_string(&event).unwrap_or_default()
}

/// The attempt, for the message's time line.
fn event(inner: &Inner, notice: &Outcome, id: WebhookId, attempt: u16, result: &Attempt, took: Duration) -> NewEvent {
    let now = inner.clock.now();
    let (outcome, status) = match result {
        Attempt::Taken(status) => ("taken", Some(*status)),
        Attempt::Refused(status) => ("refused", Some(*status)),
        Attempt::Gone => ("gone", Some(410)),
        Attempt::Failed(why) => (*why, None),
    };
    let detail = serde_json::json!({
        "webhook": id.to_string(), "attempt": attempt, "outcome": outcome, "status": status,
        "took_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    });
    NewEvent {
        id: EventId::from_raw(inner.ids.next(now)),
        message_id: notice.message_id,
        segment_no: 0,
        kind: "webhook".to_owned(),
        at: Timestamp(now.0),
        detail: Some(detail.to_string()),
    }
}

/// Up to a fifth longer, so that events that failed together are not tried together.
fn jittered(pause_s: u64) -> Duration {
    let millis = pause_s.saturating_mul(1_000);
    Duration::from_millis(millis.saturating_add(rand::rng().random_range(0..=millis / 5)))
}
