//! Delivers the events of one webhook, several at a time.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use sambac_bus::{Notice, Outcome as MessageOutcome, Queued, TargetQueue, Task};
use sambac_domain::id::{EventId, IdSource, TargetId, WebhookDeliveryId, WebhookId};
use sambac_domain::planted::{Bug, planted};
use sambac_domain::time::Timestamp;
use sambac_store::NewEvent;
use sambac_store::rows::{DeadLetterRow, WebhookDeliveryRow, WebhookState};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::attempt::{self, Attempt, Outcome};
use super::health::Health;
use super::pace::{CONCURRENT_MAX, Pace};
use super::told::{Told, told};
use crate::Inner;
use crate::breakage;
use crate::commit::{NoticeDone, NoticeRetry, WebhookLog, Write, key_of};
use crate::notice_keeper::WEBHOOK_KEPT;

/// Pauses before the tries after the first: about 75 hours in all, as Standard Webhooks advises.
const RETRY_S: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// What the deliveries of one webhook share.
struct Worker {
    inner: Arc<Inner>,
    id: WebhookId,
    queue: Arc<TargetQueue>,
    pace: Pace,
    health: Arc<Health>,
}

/// Runs until the webhook is removed or disabled, or the engine stops.
pub(super) async fn run(inner: Arc<Inner>, id: WebhookId, health: Arc<Health>, cancel: CancellationToken) {
    let queue = inner.bus.queue(TargetId::from(id));
    let worker = Arc::new(Worker { inner, id, queue, pace: Pace::default(), health });
    let places = Arc::new(Semaphore::new(usize::try_from(CONCURRENT_MAX).unwrap_or(1)));
    cancel.run_until_cancelled(worker.take(places)).await;
}

impl Worker {
    async fn take(self: &Arc<Self>, places: Arc<Semaphore>) {
        let mut taken = Vec::new();
        loop {
            if let Some(until) = self.pace.until() {
                tokio::time::sleep_until(until).await;
            }
            // First a place: what is taken from the queue is worked on, whatever ends this.
            let Ok(place) = Arc::clone(&places).acquire_many_owned(self.pace.places()).await else { return };
            if self.pace.until().is_some() {
                continue;
            }
            if self.queue.take(1, &mut taken) == 0 {
                drop(place);
                self.queue.work().await;
                continue;
            }
            if let Some(queued) = taken.pop() {
                let worker = Arc::clone(self);
                self.inner.tasks.spawn(async move {
                    if let Err(said) = breakage::caught_in(worker.deliver(queued.clone())).await {
                        worker.inner.give_up_broken(&queued, said).await;
                    }
                    drop(place);
                });
            }
        }
    }

    async fn deliver(&self, queued: Queued) {
        let inner = &self.inner;
        breakage::at_notice(&queued);
        let Task::Notify { attempt: made, notice, .. } = &queued.task else { return };
        let ends_at = IdSource::made_at(queued.id).saturating_add(WEBHOOK_KEPT);
        if !matches!(**notice, Notice::Received(_)) && inner.clock.now() > ends_at {
            // Its row is removed by whoever looks for such rows, so that it is told once.
            return;
        }
        let snapshot = inner.snapshot.load_full();
        let Some(webhook) = snapshot.webhook(self.id).filter(|row| row.state == WebhookState::Enabled) else {
            // It waits for the day on which the webhook is enabled again.
            return self.queue.put_back(queued);
        };
        let number = made.saturating_add(1);
        let (told, attempt) = match told(inner, &queued, notice).await {
            Ok(Some(told)) => {
                let attempt = attempt::post(inner, webhook, &told.id, told.body.clone()).await;
                (Some(told), attempt)
            }
            // Taken or given up meanwhile, or erased: there is nothing to tell.
            Ok(None) => {
                inner.write(Write::NoticeDone(NoticeDone::given_up(&queued))).await;
                return;
            }
            Err(_) => (None, attempt::failed(inner, "the event was not read")),
        };
        inner.metrics.webhook(attempt.is_taken());
        self.pace.learn(&attempt);
        self.write(&queued, notice, number, told.as_ref(), &attempt).await;
        self.health.learn(inner, webhook, &attempt).await;
    }

    /// Keeps what became of it: done, to be tried again, or given up.
    async fn write(&self, queued: &Queued, notice: &Notice, number: u16, told: Option<&Told>, attempt: &Attempt) {
        let inner = &self.inner;
        let event = match notice {
            Notice::Outcome(outcome) => Some(line(inner, outcome, self.id, number, attempt)),
            // The deliveries of messages from handsets have rows of their own, and other events are of no message.
            Notice::Received(_) | Notice::Event(_) => None,
        };
        let is_over = matches!(attempt.outcome, Outcome::Taken | Outcome::Gone);
        let pause = RETRY_S.get(usize::from(number) - 1).filter(|_| !is_over && !planted(Bug::NewsGivenUp));
        let delivery = told.map(|told| delivery(inner, self.id, told, number, attempt));
        let write = match pause {
            Some(pause) => {
                let pause = jittered(*pause).max(attempt.retry_after.unwrap_or_default());
                let due_at = inner.clock.now().saturating_add(pause);
                let log = Some(Box::new(WebhookLog { delivery, dead: None }));
                Write::NoticeRetry(NoticeRetry { key: key_of(queued), attempt: number, due_at, event, log })
            }
            None if attempt.is_taken() => {
                let log = Some(Box::new(WebhookLog { delivery, dead: None }));
                Write::NoticeDone(NoticeDone { event, log, ..NoticeDone::new(queued) })
            }
            None => {
                let dead = told.and_then(|told| dead(inner, self.id, told, number, attempt));
                let log = Some(Box::new(WebhookLog { delivery, dead }));
                Write::NoticeDone(NoticeDone { event, log, ..NoticeDone::given_up(queued) })
            }
        };
        // The engine has ended otherwise: the row is still there at the next start.
        inner.write(write).await;
    }
}

/// The row of an attempt; number 0 is a test.
pub(super) fn delivery(
    inner: &Inner,
    webhook: WebhookId,
    told: &Told,
    number: u16,
    attempt: &Attempt,
) -> WebhookDeliveryRow {
    WebhookDeliveryRow {
        webhook_id: webhook,
        id: WebhookDeliveryId::from_raw(inner.ids.next(attempt.began_at)),
        event: told.id.clone(),
        kind: told.kind.clone(),
        attempt: number,
        at: attempt.began_at,
        took_ms: attempt.took_ms(),
        status: attempt.status,
        outcome: attempt.outcome.as_str().to_owned(),
    }
}

/// What can be told again on request. A message from a handset goes on to other targets instead.
fn dead(inner: &Inner, webhook: WebhookId, told: &Told, attempts: u16, attempt: &Attempt) -> Option<DeadLetterRow> {
    Some(DeadLetterRow {
        webhook_id: webhook,
        id: told.event_id?,
        kind: told.kind.clone(),
        attempts,
        outcome: attempt.outcome.as_str().to_owned(),
        at: inner.clock.now(),
    })
}

/// The attempt, for the message's time line.
fn line(inner: &Inner, notice: &MessageOutcome, id: WebhookId, number: u16, attempt: &Attempt) -> NewEvent {
    let now = inner.clock.now();
    let detail = serde_json::json!({
        "webhook": id.to_string(), "attempt": number, "outcome": attempt.outcome.as_str(), "status": attempt.status,
        "took_ms": attempt.took_ms(),
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
