//! After a crash of the node with the ledger: what it had announced may be in a queue, with the node that sends it, or answered. It is taken
//! up as it is, and published again; whoever has had the connector meanwhile knows what it has sent.

use std::collections::HashMap;
use std::sync::Arc;

use sambac_bus::{Queued, Task};
use sambac_domain::id::{MessageId, SegmentId};
use sambac_store::StoreError;
use sambac_store::rows::IntentRow;
use tokio::sync::oneshot;

use super::open::Announced;
use crate::Inner;
use crate::commit::{Adopted, Write, target_of};
use crate::relay::load_messages;

/// Segments decided at once.
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
    for intent in intents {
        adopt_one(inner, intent).await?;
    }
    Ok(())
}

async fn adopt_one(inner: &Arc<Inner>, intent: IntentRow) -> Result<(), StoreError> {
    let line = inner.work.office().and_then(|office| office.line(intent.connector_id));
    for page in intent.segments.chunks(PAGE) {
        let (done, open) = oneshot::channel();
        let adopted = Adopted {
            intent: intent.id,
            connector: intent.connector_id,
            announced_at: intent.created_at,
            segments: page.to_vec(),
            // A connector that nobody has any more: what became of its segments will not be known.
            is_carried: line.is_some(),
            done,
        };
        inner.write(Write::Adopted(adopted)).await;
        // An error means that the engine has ended.
        let open = open.await.unwrap_or_default();
        let Some(line) = &line else { continue };
        let ids: Vec<MessageId> = open.iter().map(|segment| segment.message()).collect();
        let messages: HashMap<_, _> =
            load_messages(inner, &ids).await?.into_iter().map(|live| (live.message.id, live)).collect();
        let rows = inner.store.outbox_rows(target_of(intent.connector_id), &open).await?;
        let queued = rows.into_iter().filter_map(|row| {
            let segment = SegmentId::from_raw(row.id);
            let message = Arc::clone(&messages.get(&segment.message())?.message);
            let task = Task::Submit { segment, attempt: row.attempt, message };
            Some(Queued { target: row.target, lane: row.lane, id: row.id, task })
        });
        line.adopt(
            Announced { intent: intent.id, at: intent.created_at, epoch: intent.epoch, link: None },
            queued.collect(),
        );
    }
    Ok(())
}
