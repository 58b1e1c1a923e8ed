//! Drops events that were kept for as long as they are. The newest one of an account stays, so that its cursor stays good.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::{AccountEventId, IdSource};
use sambac_store::StoreError;

use crate::Inner;

/// How often it is looked for them.
const INTERVAL: Duration = Duration::from_secs(600);
/// Between two steps: others write, too.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        tokio::select! {
            done = look(&inner) => {
                if let Err(error) = done {
                    tracing::error!(%error, "old events were not dropped");
                }
            }
            // What is left is found by the next process.
            () = inner.stopping.cancelled() => return,
        }
    }
}

async fn look(inner: &Inner) -> Result<(), StoreError> {
    let before = IdSource::first_at(inner.clock.now().saturating_sub(inner.settings.feed.kept));
    let before = AccountEventId::from_raw(before);
    for account in inner.store.accounts_with_events().await? {
        let Some(newest) = inner.store.last_account_event(account).await? else { continue };
        while inner.store.drop_account_events(account, before.min(newest)).await? > 0 {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}
