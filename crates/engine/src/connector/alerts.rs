//! `alert_notification` of an operator: a subscriber can be reached again, so that what waits for it goes at once.

use std::sync::Arc;

use sambac_domain::Msisdn;
use sambac_domain::number::normalise_smpp;
use sambac_smpp::AlertNotification;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Connector;
use crate::{Inner, relay, work};

impl Connector {
    /// What waits for the subscriber goes.
    pub(super) fn reachable(self: &Arc<Self>, alert: &AlertNotification<'_>) {
        let Ok(number) = normalise_smpp(alert.source.ton, alert.source.addr) else { return };
        if self.inner.work.desk().is_none() {
            self.looks.hurry(&self.inner, number);
        } else if let Some(turn) = self.looks.turn() {
            work::node::reachable(&self.inner, self.id, number, turn);
        }
    }
}

/// Looks for what waits for subscribers that can be reached again, one at a time: an operator that tells of many must not keep the database
/// busy. What is left out goes when its time comes, as without an alert.
pub(crate) struct Looks(Arc<Semaphore>);

impl Default for Looks {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

/// Who may look now.
pub(crate) type Turn = OwnedSemaphorePermit;

impl Looks {
    /// Leave to look, unless another look is under way.
    fn turn(&self) -> Option<Turn> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }

    /// Looks for what waits for this one, unless another look is under way.
    pub(crate) fn hurry(&self, inner: &Arc<Inner>, number: Msisdn) {
        let Some(turn) = self.turn() else { return };
        let inner = Arc::clone(inner);
        inner.tasks.clone().spawn(async move {
            if let Err(error) = relay::hurry(&inner, number).await {
                tracing::error!(%error, "what waits for a subscriber was not read");
            }
            drop(turn);
        });
    }
}
