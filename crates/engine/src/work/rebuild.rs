//! A person asks for all queues of segments to be made anew: by a row in the database, whoever has the ledger.

use std::sync::Arc;
use std::time::Duration;

use sambac_store::{Store, StoreError};

use crate::Inner;

/// The lease whose epoch says how often that was asked for; nobody holds it.
const NAME: &str = "queue rebuild";
/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Asks the node with the ledger to empty all queues of segments, and to publish everything anew that is announced and has no answer. It does
/// so within a second or two.
///
/// # Errors
/// What the database said.
pub async fn ask_rebuild(store: &Store, by: &str) -> Result<(), StoreError> {
    store.take_lease(NAME, by, Duration::ZERO).await.map(drop)
}

async fn times(inner: &Inner) -> Result<i64, StoreError> {
    Ok(inner.store.lease(NAME).await?.map_or(0, |row| row.epoch))
}

/// Runs until the engine stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let Some(office) = inner.work.office() else { return };
    let mut interval = tokio::time::interval(LOOK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut done = None;
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        match times(&inner).await {
            // A start has published everything anew in any case.
            Ok(asked) if done.is_none_or(|done| done == asked) => done = Some(asked),
            Ok(asked) => {
                done = Some(asked);
                tracing::warn!("a person has asked for it: the queues are made anew");
                office.rebuild();
            }
            Err(error) => tracing::error!(%error, "it was not read whether queues are to be made anew"),
        }
    }
}
