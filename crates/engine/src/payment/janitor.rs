//! Asks about payments that are open or unknown, by their schedule or because a webhook says that there is news; expires those
//! that nobody paid; books bank transfers that are approved and were not booked, and ends those that nobody approved.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::PaymentId;
use sambac_store::StoreError;
use tokio::task::JoinSet;

use super::{resolve, transfer};
use crate::{Engine, Inner};

/// How often it is looked.
const INTERVAL: Duration = Duration::from_secs(1);
/// Taken up at once.
const PAGE: u32 = 100;
/// Asked about at the same time.
const CONCURRENT_MAX: usize = 8;

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.payments.wake.notified() => {}
            () = inner.stopping.cancelled() => return,
        }
        tokio::select! {
            done = look(&inner) => {
                if let Err(error) = done {
                    tracing::error!(%error, "open payments were not looked at");
                }
            }
            // What is not found out now is found out by the next process.
            () = inner.stopping.cancelled() => return,
        }
    }
}

impl Engine {
    /// Looks at what is due now, once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look_at_payments(&self) -> Result<(), StoreError> {
        look(&self.0).await
    }
}

async fn look(inner: &Arc<Inner>) -> Result<(), StoreError> {
    transfers(inner).await?;
    let mut asked = JoinSet::new();
    for row in inner.store.payment_intents_due(inner.clock.now(), PAGE).await? {
        if asked.len() >= CONCURRENT_MAX {
            tell(asked.join_next().await);
        }
        let inner = Arc::clone(inner);
        asked.spawn(async move { resolve::resolve(&inner, row).await });
    }
    while let Some(done) = asked.join_next().await {
        tell(Some(done));
    }
    Ok(())
}

/// Each once: one that cannot be booked must not keep the others waiting.
async fn transfers(inner: &Inner) -> Result<(), StoreError> {
    let (now, mut after) = (inner.clock.now(), PaymentId::from_raw(0));
    loop {
        let due = inner.store.bank_transfers_due(now, after, PAGE).await?;
        let Some(last) = due.last() else { return Ok(()) };
        after = last.id;
        for row in due {
            transfer::look(inner, row).await?;
        }
    }
}

/// One that cannot be stored does not keep the others waiting.
fn tell(done: Option<Result<Result<(), StoreError>, tokio::task::JoinError>>) {
    match done {
        Some(Ok(Err(error))) => tracing::error!(%error, "what a provider said was not stored; it is asked again"),
        Some(Err(error)) => tracing::error!(%error, "asking about a payment ended early"),
        _ => {}
    }
}
