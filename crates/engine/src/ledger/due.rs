//! What is held and has had its time: holds of other services, and charges of messages that wait for a verification which
//! does not come.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::HoldId;
use sambac_domain::time::Timestamp;
use sambac_store::StoreError;
use tokio::sync::oneshot;

use crate::Inner;
use crate::commit::Write;

/// How often it is looked for.
const INTERVAL: Duration = Duration::from_secs(1);
/// Taken up at once.
const PAGE: u32 = 500;

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        for done in [holds(&inner).await, unverified(&inner).await] {
            if let Err(error) = done {
                tracing::error!(%error, "what is held and has had its time was not read");
            }
        }
    }
}

/// Each once: what cannot be ended must not keep the others waiting.
async fn holds(inner: &Inner) -> Result<(), StoreError> {
    let (now, mut after) = (inner.clock.now(), (Timestamp(i64::MIN), HoldId::from_raw(0)));
    loop {
        let due = inner.store.holds_due(now, after, PAGE).await?;
        let Some(last) = due.last() else { return Ok(()) };
        after = *last;
        let holds = due.into_iter().map(|(_, id)| id).collect();
        let (done, decided) = oneshot::channel();
        if !inner.write(Write::ExpireHolds { holds, done }).await || decided.await.is_err() {
            return Ok(());
        }
    }
}

async fn unverified(inner: &Inner) -> Result<(), StoreError> {
    loop {
        let until = inner.clock.now().saturating_sub(inner.settings.receipt_grace);
        let segments = inner.store.charges_unverified(until, PAGE).await?;
        let (done, decided) = oneshot::channel();
        if segments.is_empty() || !inner.write(Write::Unverified { segments, done }).await || decided.await.is_err() {
            return Ok(());
        }
    }
}
