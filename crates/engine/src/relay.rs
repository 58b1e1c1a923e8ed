//! From the outbox table to the queues: what a lane could not keep in memory is read back when it has room.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sambac_bus::{Notice, Queued, Refill, TargetQueue, Task};
use sambac_domain::id::{MessageId, NoticeId, SegmentId, TargetId};
use sambac_domain::message::{Message, MessageBody};
use sambac_domain::number::Msisdn;
use sambac_domain::planted::{Bug, planted};
use sambac_domain::rating::ChargePolicy;
use sambac_store::rows::{ChargeState, MessageRow, OutboxKind, OutboxRow, SegmentRow};
use sambac_store::{Store, StoreError};
use smallvec::SmallVec;
use tokio_util::sync::CancellationToken;

use crate::Inner;
use crate::commit::{NoticeRetry, Write};
use crate::live::{Live, SegmentProgress};

/// How often rows whose time has come are looked for.
const DUE_INTERVAL: Duration = Duration::from_millis(200);
/// Rows with a time that are taken up at once.
const DUE_MAX: u32 = 500;
/// How long a row whose time has come waits when its lane is full.
const FULL_LANE_PAUSE: Duration = Duration::from_secs(10);
/// Segments to one number that are sent at once when it can be reached again.
const HURRIED_MAX: u32 = 100;
/// How long to wait after the database refused a read.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Keeps one target's queue filled until it is cancelled.
pub(crate) async fn run(inner: Arc<Inner>, target: TargetId, cancel: CancellationToken) {
    let queue = inner.bus.queue(target);
    loop {
        while let Some(wanted) = queue.wanted() {
            if cancel.is_cancelled() {
                return;
            }
            if let Err(error) = refill(&inner, target, &queue, wanted).await {
                tracing::error!(%error, target = target.0, "the outbox was not read");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
        tokio::select! {
            () = queue.hungry() => {}
            () = cancel.cancelled() => return,
        }
    }
}

async fn refill(inner: &Inner, target: TargetId, queue: &TargetQueue, wanted: Refill) -> Result<(), StoreError> {
    let limit = u32::try_from(wanted.limit).unwrap_or(u32::MAX);
    let rows = inner.store.outbox_page(target, wanted.lane, wanted.after_id, limit).await?;
    let last_id = rows.last().map_or(wanted.after_id, |row| row.id);
    let reached_end = rows.len() < wanted.limit || planted(Bug::LaneForgets);
    let page = tasks(inner, &rows).await?;
    queue.refilled(wanted, page, last_id, reached_end);
    Ok(())
}

/// The tasks behind outbox rows, in their order. A row whose message cannot be read is left where it is, with an error.
async fn tasks(inner: &Inner, rows: &[OutboxRow]) -> Result<Vec<Queued>, StoreError> {
    let ids: Vec<_> = rows
        .iter()
        .filter(|row| row.kind == OutboxKind::Submit)
        .map(|row| SegmentId::from_raw(row.id).message())
        .collect();
    let mut messages: HashMap<MessageId, Arc<Message>> = HashMap::new();
    let mut missing = Vec::new();
    for id in ids {
        match inner.live.get(id) {
            Some(live) => drop(messages.insert(id, Arc::clone(&live.message))),
            None => missing.push(id),
        }
    }
    missing.dedup();
    // What is read here may be out of date by now: only the group commit takes messages into the working set.
    for live in load_messages(inner, &missing).await?.into_iter().filter(|live| !live.progress().finished) {
        messages.insert(live.message.id, Arc::clone(&live.message));
    }
    Ok(rows.iter().filter_map(|row| task(row, &messages)).collect())
}

fn task(row: &OutboxRow, messages: &HashMap<MessageId, Arc<Message>>) -> Option<Queued> {
    let task = match row.kind {
        OutboxKind::Submit => {
            let segment = SegmentId::from_raw(row.id);
            let message = Arc::clone(messages.get(&segment.message())?);
            Task::Submit { segment, attempt: row.attempt, message }
        }
        OutboxKind::Deliver | OutboxKind::Webhook => {
            let payload = row.payload.as_deref().unwrap_or_default();
            let notice: Notice = serde_json::from_str(payload)
                .inspect_err(|error| tracing::error!(id = row.id, %error, "a notice in the outbox cannot be read"))
                .ok()?;
            Task::Notify { id: NoticeId::from_raw(row.id), attempt: row.attempt, notice: Arc::new(notice) }
        }
    };
    Some(Queued { target: row.target, lane: row.lane, id: row.id, task })
}

/// A message and how far its segments are: the working copy, or what is stored. `None` when there is no such message, or it
/// cannot be read now.
pub(crate) async fn load_message(inner: &Inner, id: MessageId) -> Option<Arc<Live>> {
    if let Some(live) = inner.live.get(id) {
        return Some(live);
    }
    let loaded = load_messages(inner, &[id]).await;
    loaded.inspect_err(|error| tracing::error!(%error, "a message was not read")).ok()?.into_iter().next()
}

/// Messages and how far their segments are, from the database. One whose text does not open is left out, with an error.
///
/// # Errors
/// What the database said.
pub(crate) async fn load_messages(inner: &Inner, ids: &[MessageId]) -> Result<Vec<Arc<Live>>, StoreError> {
    load_by(inner, &inner.store, ids).await
}

/// The same by these connections.
///
/// # Errors
/// What the database said.
pub(crate) async fn load_by(inner: &Inner, store: &Store, ids: &[MessageId]) -> Result<Vec<Arc<Live>>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Segments first: a message that ends in between is read as ended.
    let segments = store.segments_of(ids).await?;
    let messages = store.messages_by_ids(ids).await?;
    let charges = charges(store, &messages).await?;
    let mut by_message: HashMap<MessageId, SmallVec<[SegmentRow; 1]>> = HashMap::new();
    for segment in segments {
        by_message.entry(segment.id.message()).or_default().push(segment);
    }
    Ok(messages.into_iter().filter_map(|row| live(inner, row, &mut by_message, &charges)).collect())
}

/// What became of the prices of messages that have ended, or whose prices may be settled before that.
async fn charges(store: &Store, messages: &[MessageRow]) -> Result<HashMap<SegmentId, ChargeState>, StoreError> {
    let early = |row: &&MessageRow| {
        row.final_at.is_some() || matches!(row.charge_policy, ChargePolicy::Accepted | ChargePolicy::Verified)
    };
    let ids: Vec<_> = messages.iter().filter(early).map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(store.charges_of(&ids).await?.into_iter().map(|row| (row.id, row.state)).collect())
}

fn live(
    inner: &Inner,
    row: MessageRow,
    segments: &mut HashMap<MessageId, SmallVec<[SegmentRow; 1]>>,
    charges: &HashMap<SegmentId, ChargeState>,
) -> Option<Arc<Live>> {
    let id = row.id;
    let finished = row.final_at.is_some();
    let body = match &row.body {
        // Wiped at the end: nothing needs it any more.
        None => MessageBody::Octets { data: Vec::new(), data_coding: 0, udhi: false },
        Some(sealed) => {
            let opened = inner.settings.seal.open_body(id.raw(), &sealed.0);
            let body = opened.ok().and_then(|bytes| MessageBody::from_bytes(&bytes).ok());
            body.or_else(|| {
                tracing::error!(message = %id, "the stored text does not open with the present master key");
                None
            })?
        }
    };
    let message = row.into_message(body)?;
    let mut rows = segments.remove(&id)?;
    rows.sort_unstable_by_key(|row| row.id);
    let at_first =
        if message.charge_policy == ChargePolicy::Submit { ChargeState::Captured } else { ChargeState::Held };
    let charge = |id| charges.get(&id).copied().unwrap_or(at_first);
    let progress = rows.into_iter().map(|row| {
        let charge = charge(row.id);
        SegmentProgress::from_row(row, charge)
    });
    let progress = progress.collect();
    Some(Arc::new(Live::new(Arc::new(message), progress, finished)))
}

/// Puts rows whose time has come at the head of their queues, until the engine stops.
pub(crate) async fn run_due(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(DUE_INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        if let Err(error) = due(&inner).await {
            tracing::error!(%error, "rows whose time has come were not read");
        }
    }
}

/// Sends what waits for this number at once, before its time.
///
/// # Errors
/// What the database said.
pub(crate) async fn hurry(inner: &Inner, number: Msisdn) -> Result<(), StoreError> {
    let rows = inner.store.outbox_waiting_for(number, HURRIED_MAX).await?;
    take_up(inner, rows).await
}

async fn due(inner: &Inner) -> Result<(), StoreError> {
    if planted(Bug::DueForgotten) {
        return Ok(());
    }
    let rows = inner.store.outbox_due(inner.clock.now(), DUE_MAX).await?;
    take_up(inner, rows).await
}

async fn take_up(inner: &Inner, rows: Vec<OutboxRow>) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    // A lane that is full, because nobody works on it or it has other work, takes them later: they must not stand in the
    // way of the other lanes' rows.
    let has_room = |row: &OutboxRow| inner.bus.queue(row.target).lane_len(row.lane) < inner.settings.lane_capacity;
    let (rows, full): (Vec<_>, Vec<_>) = rows.into_iter().partition(has_room);
    for row in full {
        let due_at = inner.clock.now().saturating_add(FULL_LANE_PAUSE);
        let retry = NoticeRetry { key: row.key(), attempt: row.attempt, due_at, event: None, log: None };
        inner.write(Write::NoticeRetry(retry)).await;
    }
    let mut waits = Vec::new();
    for queued in tasks(inner, &rows).await? {
        let queue = inner.bus.queue(queued.target);
        let (done, wait) = tokio::sync::oneshot::channel();
        waits.push(wait);
        inner.write(Write::Due { queued, queue, done }).await;
    }
    // The next look must not find the same rows: wait until they are stored as taken up.
    for wait in waits {
        let _ = wait.await;
    }
    Ok(())
}
