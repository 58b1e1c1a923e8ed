//! After a crash of the node with the ledger: what it had announced may be in a queue, with the node that sends it, or answered. It is taken
//! up as it is, and published again; whoever has had the connector meanwhile knows what it has sent.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sambac_bus::{Queued, Task};
use sambac_domain::id::{ConnectorId, MessageId, SegmentId};
use sambac_store::StoreError;
use sambac_store::rows::IntentRow;
use tokio::sync::oneshot;

use super::Office;
use super::line::{self, Line};
use super::open::Announced;
use crate::Inner;
use crate::commit::{Adopted, Write, target_of};
use crate::relay::load_messages;

/// Messages that are read at once.
const PAGE: usize = 200;

/// Takes up what the last process has announced. Runs after the lines were made, and before any of them publishes.
///
/// # Errors
/// What the database said.
pub(crate) async fn adopt(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let intents = inner.store.intents().await?;
    let segments: usize = intents.iter().map(|intent| intent.segments.len()).sum();
    if segments > 0 {
        tracing::info!(intents = intents.len(), segments, "segments that the last process has announced are taken up");
    }
    // The last first: a segment that was given back, and announced once more, is that intent's.
    for intent in intents.into_iter().rev() {
        adopt_one(inner, intent).await?;
    }
    Ok(())
}

/// The line of a connector for which something is announced. For one that is not wanted any more one is made that only waits for what becomes of that; for
/// one that is gone there is none.
fn line_of(inner: &Arc<Inner>, office: &Office, id: ConnectorId) -> Option<Arc<Line>> {
    if let Some(line) = office.announced_by(id) {
        return Some(line);
    }
    let snapshot = inner.snapshot.load_full();
    let row = snapshot.connectors.get(&id)?;
    let line = line::start(inner, (Arc::clone(row), snapshot.profile(id).cloned()), &office.link);
    line.is_wanted(false);
    office.lines().insert(id, Arc::clone(&line));
    Some(line)
}

async fn adopt_one(inner: &Arc<Inner>, intent: IntentRow) -> Result<(), StoreError> {
    let IntentRow { id, connector_id, segments, created_at, epoch } = intent;
    let line = inner.work.office().and_then(|office| line_of(inner, office, connector_id));
    // What has no row any more was answered, or waits for nothing but its end; what is to be tried later was answered, too.
    let rows = match &line {
        Some(_) => inner.store.outbox_rows(target_of(connector_id), &segments).await?,
        None => Vec::new(),
    };
    let now = inner.clock.now();
    let rows: Vec<_> = rows.into_iter().filter(|row| row.due_at <= now).collect();
    let (done, open) = oneshot::channel();
    let adopted = Adopted {
        intent: id,
        connector: connector_id,
        announced_at: created_at,
        segments: if line.is_some() { rows.iter().map(|row| SegmentId::from_raw(row.id)).collect() } else { segments },
        // A connector that nobody has any more: what became of its segments will not be known.
        is_carried: line.is_some(),
        done,
    };
    inner.write(Write::Adopted(adopted)).await;
    // An error means that the engine has ended.
    let open: HashSet<SegmentId> = open.await.unwrap_or_default().into_iter().collect();
    let Some(line) = line else { return Ok(()) };
    let mut ids: Vec<MessageId> = open.iter().map(|segment| segment.message()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut messages = HashMap::new();
    for page in ids.chunks(PAGE) {
        messages.extend(load_messages(inner, page).await?.into_iter().map(|live| (live.message.id, live)));
    }
    let queued = rows.into_iter().filter_map(|row| {
        let segment = SegmentId::from_raw(row.id);
        let message = Arc::clone(&messages.get(&segment.message()).filter(|_| open.contains(&segment))?.message);
        let task = Task::Submit { segment, attempt: row.attempt, message };
        Some(Queued { target: row.target, lane: row.lane, id: row.id, task })
    });
    line.adopt(Announced { intent: id, at: created_at, epoch, link: None }, queued.collect());
    Ok(())
}
