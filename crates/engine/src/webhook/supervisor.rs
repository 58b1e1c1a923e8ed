//! One worker per webhook that is enabled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sambac_domain::id::{TargetId, WebhookId};
use sambac_domain::time::Timestamp;
use tokio_util::sync::CancellationToken;

use super::deliver;
use super::health::Health;
use crate::{Inner, relay};

/// The workers that run, and how their receivers do.
#[derive(Default)]
pub(crate) struct Registry {
    running: Mutex<HashMap<WebhookId, CancellationToken>>,
    health: Mutex<HashMap<WebhookId, Arc<Health>>>,
}

impl Registry {
    /// Since when receivers take nothing, as an earlier process left it.
    pub(crate) fn restored(failures: Vec<(WebhookId, Timestamp)>) -> Self {
        let health = failures.into_iter().map(|(id, since)| (id, Arc::new(Health::since(Some(since)))));
        Self { running: Mutex::default(), health: Mutex::new(health.collect()) }
    }

    fn health(&self, id: WebhookId) -> Arc<Health> {
        let mut all = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(id).or_default())
    }

    /// A receiver begins anew.
    pub(super) fn forget(&self, id: WebhookId) {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Since when a receiver takes nothing.
    pub(super) fn failing_since(&self, id: WebhookId) -> Option<Timestamp> {
        let all = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&id).and_then(|health| health.failing_since())
    }
}

/// Makes what runs agree with the snapshot: called at start and after every change.
pub(crate) fn apply_snapshot(inner: &Arc<Inner>) {
    let snapshot = inner.snapshot.load_full();
    let mut running = inner.webhooks.running.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted: HashMap<WebhookId, TargetId> = snapshot.webhook_targets().collect();
    running.retain(|id, cancel| {
        let keep = wanted.contains_key(id);
        if !keep {
            cancel.cancel();
        }
        if snapshot.webhook(*id).is_none() {
            inner.webhooks.forget(*id);
        }
        keep
    });
    for (id, target) in wanted {
        running.entry(id).or_insert_with(|| {
            let cancel = inner.stopping.child_token();
            inner.tasks.spawn(relay::run(Arc::clone(inner), target, cancel.clone()));
            let health = inner.webhooks.health(id);
            inner.tasks.spawn(deliver::run(Arc::clone(inner), id, health, cancel.clone()));
            cancel
        });
    }
}
