//! Drops what is told of deliveries when it is old, or too much; and events that were given up, with the events themselves.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::{AccountEventId, IdSource, WebhookDeliveryId};
use sambac_store::StoreError;

use crate::Inner;

/// How often it is looked for it.
const INTERVAL: Duration = Duration::from_secs(600);
/// How long attempts are told of.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
/// Attempts of one webhook that are told of.
const DELIVERIES_MAX: u32 = 10_000;

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        if let Err(error) = look(&inner).await {
            tracing::error!(%error, "old deliveries were not dropped");
        }
    }
}

async fn look(inner: &Inner) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let before = WebhookDeliveryId::from_raw(IdSource::first_at(now.saturating_sub(KEPT)));
    let events_before = AccountEventId::from_raw(IdSource::first_at(now.saturating_sub(inner.settings.feed.kept)));
    for id in inner.snapshot.load_full().webhooks() {
        inner.store.drop_webhook_log(id, before, DELIVERIES_MAX, events_before).await?;
    }
    Ok(())
}
