//! What lies in the queues of a connector that no node has.

use std::time::Duration;

use sambac_bus::amqp::BrokerError;
use sambac_bus::work::{Answered, Batch, Happened, WorkBroker};
use sambac_domain::class::Lane;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Line;
use crate::commit::Write;
use crate::work::node;

/// How long a queue gives nothing when there is nothing more in it.
const EMPTY_AFTER: Duration = Duration::from_millis(500);

impl Line {
    /// Whether a node has the lease of the connector, as far as the database says: it may be silent because the broker was away.
    pub(super) async fn has_holder(&self) -> bool {
        let name = node::lease_name(self.id);
        let held = self.inner.store.leases_held(&name).await;
        held.map_or(true, |held| held.iter().any(|row| row.name == name))
    }

    /// Whether nothing is heard of the connector, and segments lie in its queues.
    pub(super) fn is_left(&self) -> bool {
        !self.open().segments.is_empty() && !self.is_heard()
    }

    /// Takes back what lies in the queues, as nobody else does: what was never handed out was never sent.
    pub(super) async fn take_back(&self, broker: &WorkBroker) -> Result<(), BrokerError> {
        let mut count = 0;
        for lane in Lane::ALL {
            let mut arrivals = broker.take(&self.link.queues().submit(self.id, lane), 64).await?;
            let acknowledging = arrivals.acknowledging();
            while let Ok(arrived) = timeout(EMPTY_AFTER, arrivals.next()).await {
                let arrived = arrived?;
                let Ok(batch) = Batch::from_json(&arrived.body) else {
                    acknowledging.put_aside(arrived.tag).await?;
                    continue;
                };
                count += batch.len();
                let sent = arrived.redelivered || batch.again;
                self.end_batch(&batch, if sent { Happened::Unknown } else { Happened::NotSent }).await;
                acknowledging.done(arrived.tag).await?;
            }
        }
        if count > 0 {
            tracing::warn!(connector = self.name, segments = count, "no node has it: its segments were taken back");
        }
        Ok(())
    }

    /// Writes the same for all segments of a batch, and waits until it is stored.
    pub(in crate::work) async fn end_batch(&self, batch: &Batch, happened: Happened) {
        let (intent, answered_at) = (batch.intent, self.inner.clock.now());
        for segment in batch.segments() {
            let happened = happened.clone();
            let answered = Answered { segment, intent, happened, submitted_at: None, answered_at };
            if let Some(write) = self.answered(answered, 0..0) {
                self.inner.write(write).await;
            }
        }
        let (done, stored) = oneshot::channel();
        self.inner.write(Write::Stored(done)).await;
        // An error means that the engine has ended: the broker hands it out again.
        let _ = stored.await;
    }
}
