//! Gives up news that its client has not fetched in the time for which it is kept: of an account that never binds again, of a
//! webhook that is switched off. Nothing vanishes silently: each leaves an event in its message's history, and is counted.
//!
//! Messages from handsets are not given up here: they go on to other targets, which [`crate::mo`] sees to.

use std::sync::Arc;
use std::time::Duration;

use sambac_bus::{EventRef, Notice};
use sambac_domain::id::{EventId, IdSource, SmppAccountId, TargetId, WebhookId};
use sambac_domain::time::Timestamp;
use sambac_store::rows::{DeadLetterRow, OutboxKind, OutboxRow};
use sambac_store::{NewEvent, OutboxTarget, StoreError};
use tokio::sync::oneshot;

use crate::Inner;
use crate::commit::{NoticeDone, WebhookLog, Write};

/// How long news is kept for a webhook that takes nothing: longer than its attempts go on.
pub(crate) const WEBHOOK_KEPT: Duration = Duration::from_secs(7 * 86_400);
/// After their time, news may be on its way still: to a client that has it and has not answered.
const GRACE: Duration = Duration::from_secs(600);
/// Rows read at once.
const PAGE: u32 = 500;
/// Rows read by one look.
const LOOK_MAX: usize = 5_000;

/// Where the next look goes on: behind this row of this queue.
type Place = Option<(OutboxTarget, i64)>;

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(inner.settings.notice_interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut place = None;
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        match look(&inner, place).await {
            Ok(next) => place = next,
            Err(error) => tracing::error!(%error, "news that nobody fetches was not read"),
        }
    }
}

/// Looks through a bounded number of rows, and answers where it stopped; `None` at the end.
async fn look(inner: &Inner, from: Place) -> Result<Place, StoreError> {
    let mut looked_at = 0;
    for queue in inner.store.outbox_targets().await? {
        let begun = from.filter(|(at, _)| (at.target, at.lane) >= (queue.target, queue.lane));
        let mut after_id = match begun {
            Some((at, after_id)) if at == queue => after_id,
            // It was looked through before.
            Some(_) => continue,
            None => i64::MIN,
        };
        let Some(kept) = kept(inner, queue.target) else { continue };
        let until = inner.clock.now().saturating_sub(kept.saturating_add(GRACE));
        let before_id = IdSource::first_at(until);
        loop {
            let page = inner.store.outbox_waiting(queue.target, queue.lane, after_id, before_id, PAGE).await?;
            let Some(last) = page.last() else { break };
            after_id = last.id;
            looked_at += page.len();
            give_up(inner, &page).await;
            if looked_at >= LOOK_MAX {
                return Ok(Some((queue, after_id)));
            }
        }
    }
    Ok(None)
}

/// How long a target's news is kept; `None` when it gets no news.
fn kept(inner: &Inner, target: TargetId) -> Option<Duration> {
    let snapshot = inner.snapshot.load();
    if let Some(account) = snapshot.smpp_account_by_id(SmppAccountId::from_raw(target.0)) {
        return Some(Duration::from_secs(u64::from(account.profile.receipt.kept_h) * 3_600));
    }
    let is_connector = snapshot.connectors.keys().any(|id| TargetId::from(*id) == target);
    // One that is not configured any more counts as a webhook: the longest time there is.
    (!is_connector).then_some(WEBHOOK_KEPT)
}

/// Removes the news among these rows, and waits until that is stored: the next page must not find them again.
async fn give_up(inner: &Inner, rows: &[OutboxRow]) {
    for row in rows {
        let Some(done) = given_up(inner, row).await else { continue };
        if !inner.write(Write::NoticeDone(done)).await {
            return;
        }
        inner.metrics.notice_given_up(row.kind);
    }
    let (done, stored) = oneshot::channel();
    if inner.write(Write::Stored(done)).await {
        // Not stored: the next look finds them.
        let _ = stored.await;
    }
}

/// What removes a row of news of a message's end.
async fn given_up(inner: &Inner, row: &OutboxRow) -> Option<NoticeDone> {
    let (kind, detail) = match row.kind {
        OutboxKind::Submit => return None,
        OutboxKind::Deliver => ("receipt_given_up", None),
        OutboxKind::Webhook => {
            let webhook = WebhookId::from_raw(row.target.0).to_string();
            ("webhook_given_up", Some(serde_json::json!({ "webhook": webhook }).to_string()))
        }
    };
    let notice = serde_json::from_str(row.payload.as_deref().unwrap_or_default());
    let told = match &notice {
        Ok(Notice::Outcome(outcome)) => outcome.event_id.map(|id| (id, format!("message.{}", outcome.state.as_str()))),
        Ok(Notice::Event(EventRef { account_id, event_id })) => {
            let kept = inner.store.account_event(*account_id, *event_id).await;
            // One that is not kept any more cannot be told again.
            kept.ok().flatten().map(|kept| (*event_id, kept.kind))
        }
        _ => None,
    };
    let dead = told.filter(|_| row.kind == OutboxKind::Webhook).map(|(id, kind)| DeadLetterRow {
        webhook_id: WebhookId::from_raw(row.target.0),
        id,
        kind,
        attempts: row.attempt,
        outcome: "not taken in a week".to_owned(),
        at: inner.clock.now(),
    });
    let event = match notice {
        Ok(Notice::Outcome(outcome)) => Some(event(inner, outcome.message_id, kind, detail)),
        Ok(Notice::Received(_)) => return None,
        Ok(Notice::Event(_)) => None,
        Err(error) => {
            tracing::error!(id = row.id, %error, "a notice that cannot be read was removed");
            None
        }
    };
    let log = dead.map(|dead| Box::new(WebhookLog { delivery: None, dead: Some(dead) }));
    Some(NoticeDone { key: row.key(), event, handed: None, log })
}

fn event(inner: &Inner, message_id: sambac_domain::MessageId, kind: &str, detail: Option<String>) -> NewEvent {
    let at: Timestamp = inner.clock.now();
    let id = EventId::from_raw(inner.ids.next(at));
    NewEvent { id, message_id, segment_no: 0, kind: kind.to_owned(), at, detail }
}
