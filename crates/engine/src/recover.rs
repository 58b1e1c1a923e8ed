//! After a crash: segments that were about to be sent, and whose answers were not stored, are in doubt.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::IdSource;
use sambac_domain::planted::{Bug, planted};
use sambac_store::StoreError;
use tokio::sync::oneshot;

use crate::Inner;
use crate::commit::{LATE, Left, Recovered, Write};

/// How old a receipt without a segment may be and still find it.
const ORPHANS_KEPT: Duration = Duration::from_secs(3_600);
/// Such receipts taken up.
const ORPHANS_MAX: u32 = 20_000;
/// Segments without a receipt, and segments in doubt, that are taken up; those that live longest. The receipts of all of them are matched by id.
const AWAITING_MAX: u32 = 100_000;
/// Segments decided at once.
const PAGE: usize = 200;

/// Hands the receipts that the last process waited for to the group commit.
pub(crate) async fn recover_receipts(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let since = inner.clock.now().saturating_sub(ORPHANS_KEPT);
    let orphans = inner.store.orphans_since(since, 0, ORPHANS_MAX).await?;
    let segments = inner.store.segments_awaiting_receipts(AWAITING_MAX).await?;
    let in_doubt = inner.store.segments_in_doubt(AWAITING_MAX).await?;
    // Also what waited for as long before it was sent.
    let doubted = inner
        .store
        .segments_doubted(IdSource::first_at(inner.clock.now().saturating_sub(LATE * 2)), AWAITING_MAX)
        .await?;
    inner.write(Write::Waiting(Box::new(Left { orphans, segments, in_doubt, doubted }))).await;
    Ok(())
}

/// Hands also the intents that it left behind to the group commit. Runs before any connector does.
pub(crate) async fn recover(inner: &Arc<Inner>) -> Result<(), StoreError> {
    recover_receipts(inner).await?;
    let intents = inner.store.intents().await?;
    if intents.is_empty() || planted(Bug::CrashForgotten) {
        return Ok(());
    }
    let segments: usize = intents.iter().map(|intent| intent.segments.len()).sum();
    tracing::warn!(intents = intents.len(), segments, "the last process ended while segments were being sent");
    for intent in intents {
        let mut pages = intent.segments.chunks(PAGE).peekable();
        while let Some(page) = pages.next() {
            let last = pages.peek().is_none();
            let write = Write::Recovered(Recovered {
                intent: last.then_some(intent.id),
                connector: intent.connector_id,
                announced_at: intent.created_at,
                segments: page.to_vec(),
            });
            inner.write(write).await;
        }
    }
    stored(inner).await;
    Ok(())
}

/// Waits until what was handed over is stored. A connector that read the outbox before would find segments there that are
/// not to be sent again.
async fn stored(inner: &Arc<Inner>) {
    let (done, stored) = oneshot::channel();
    // The group commit takes writes in order, and reloads after it has stored the others.
    if inner.write(Write::Reload { loaded: None, done }).await {
        // An error means that the group commit has ended, and with it the engine.
        let _ = stored.await;
    }
}
