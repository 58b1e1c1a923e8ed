//! One worker per webhook that is enabled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sambac_domain::id::{TargetId, WebhookId};
use tokio_util::sync::CancellationToken;

use super::deliver;
use crate::{Inner, relay};

/// The workers that run.
#[derive(Default)]
pub(crate) struct Registry(Mutex<HashMap<WebhookId, CancellationToken>>);

/// Makes what runs agree with the snapshot: called at start and after every change.
pub(crate) fn apply_snapshot(inner: &Arc<Inner>) {
    let snapshot = inner.snapshot.load_full();
    let mut running = inner.webhooks.0.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted: HashMap<WebhookId, TargetId> = snapshot.webhook_targets().collect();
    running.retain(|id, cancel| {
        let keep = wanted.contains_key(id);
        if !keep {
            cancel.cancel();
        }
        keep
    });
    for (id, target) in wanted {
        running.entry(id).or_insert_with(|| {
            let cancel = inner.stopping.child_token();
            inner.tasks.spawn(relay::run(Arc::clone(inner), target, cancel.clone()));
            inner.tasks.spawn(deliver::run(Arc::clone(inner), id, cancel.clone()));
            cancel
        });
    }
}
