//! Keeps when keys were last used, and what signed requests have brought as long as it matters: once a minute for those that were, never a write for a request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::{ApiKeyId, Timestamp};
use sambac_store::rows::ApiKeyUseRow;

use crate::Inner;

const INTERVAL: Duration = Duration::from_secs(60);

/// Runs until the engine stops, and writes a last time then.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut kept = HashMap::new();
    loop {
        tokio::select! {
            _ = interval.tick() => keep(&inner, &mut kept).await,
            () = inner.stopping.cancelled() => return keep(&inner, &mut kept).await,
        }
    }
}

/// Writes those that were used since they were last written, and forgets nonces of requests that cannot come again.
async fn keep(inner: &Inner, kept: &mut HashMap<ApiKeyId, Timestamp>) {
    if let Err(error) = inner.store.drop_request_nonces(inner.clock.now()).await {
        tracing::error!(%error, "old nonces were not removed; tried again");
    }
    let snapshot = inner.snapshot.load_full();
    let used = snapshot.api_keys().filter_map(|key| Some(ApiKeyUseRow { id: key.row.id, used_at: key.used_at()? }));
    let new: Vec<_> = used.filter(|row| kept.get(&row.id) != Some(&row.used_at)).collect();
    if new.is_empty() {
        return;
    }
    match inner.store.keep_api_key_uses(&new).await {
        Ok(()) => kept.extend(new.into_iter().map(|row| (row.id, row.used_at))),
        Err(error) => tracing::error!(%error, "when keys were used was not stored; tried again"),
    }
}
