//! Looks after messages from handsets that are not done: parts that the rest never came for, targets that were away for too
//! long or refused, and texts that nobody needs any more.

use std::sync::Arc;
use std::time::Duration;

use sambac_store::StoreError;
use tokio::sync::oneshot;

use crate::Inner;
use crate::commit::Write;

/// How often it is looked for what has had its time.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often texts are wiped.
const TIDY_INTERVAL: Duration = Duration::from_secs(600);
/// Parts and deliveries taken up at once.
const PAGE: u32 = 500;
/// How long the parts of a message that was put together are kept, to know them again: the longest window that a profile
/// may set.
const PARTS_KEPT: Duration = Duration::from_secs(2 * 86_400);

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut tidy = tokio::time::interval(TIDY_INTERVAL);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.handset_given_up.notified() => {}
            _ = tidy.tick() => {
                wipe(&inner).await;
                continue;
            }
            () = inner.stopping.cancelled() => return,
        }
        if let Err(error) = due(&inner).await {
            tracing::error!(%error, "unfinished messages from handsets were not read");
        }
    }
}

async fn due(inner: &Inner) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let mut assemblies = inner.store.mo_assemblies_due(now, PAGE).await?;
    assemblies.sort_unstable();
    assemblies.dedup();
    let deliveries: Vec<_> = inner.store.mo_deliveries_due(now, PAGE).await?.into_iter().map(|row| row.id).collect();
    if assemblies.is_empty() && deliveries.is_empty() {
        return Ok(());
    }
    let (done, decided) = oneshot::channel();
    if inner.write(Write::HandsetDue { assemblies, deliveries, done }).await {
        // The next look must not find the same rows. Not decided: it finds them again.
        let _ = decided.await;
    }
    Ok(())
}

async fn wipe(inner: &Inner) {
    let now = inner.clock.now();
    let tidied = inner
        .store
        .tidy_mo(now.saturating_sub(inner.settings.retention.handset_text), now.saturating_sub(PARTS_KEPT))
        .await;
    if let Err(error) = tidied {
        tracing::error!(%error, "old texts from handsets were not wiped");
    }
    match inner.store.mo_unrouted().await {
        Ok(count) => inner.metrics.handsets_unrouted(count),
        Err(error) => tracing::error!(%error, "messages that no route takes were not counted"),
    }
}
