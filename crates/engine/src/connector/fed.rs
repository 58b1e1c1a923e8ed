//! A connector whose segments come by the broker: they are announced already, by the node with the ledger.

use std::sync::Arc;
use std::time::Duration;

use sambac_bus::Queued;
use sambac_bus::work::Answered;
use sambac_domain::id::{IntentId, SegmentId};
use sambac_store::rows::{AskedState, ConnectorOrderRow};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::control::{Order, StopReason};
use super::ready::Announced;
pub(crate) use super::supervisor::start_fed as start;
use super::{Connector, operate};
use crate::commit::{AnswerOutcome, Write};
use crate::lease::HeldLease;
use crate::work::outcome;

/// How often what waits for a link is looked through for what has expired.
const LOOK: Duration = Duration::from_millis(500);
/// How long a drain that a person has asked for may take.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// By what a connector sends that another node announces for.
pub(crate) struct Fed {
    /// Who tells that node what becomes of segments.
    pub(crate) writes: mpsc::Sender<Write>,
    /// By which this process has the binds.
    pub(crate) lease: HeldLease,
}

/// Runs until the connector stops: it gives back what it may not send, and ends what nobody sends in its time.
pub(super) async fn run(connector: Arc<Connector>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let order = connector.control.order();
        if let Order::Stop(_) = order {
            connector.give_back().await;
        }
        tokio::select! {
            () = connector.control.changed_from(&order) => {}
            _ = look.tick() => connector.end_expired().await,
            () = connector.cancel.cancelled() => return,
        }
    }
}

impl Connector {
    /// Segments that are to be sent.
    pub(crate) fn feed(&self, intent: IntentId, queued: Vec<Queued>) {
        self.ready.push(queued.into_iter().map(|queued| Announced { intent, queued }));
    }

    /// Tells what became of a segment that has come and is not sent by this node.
    pub(crate) async fn not_sent_here(&self, intent: IntentId, queued: Queued, outcome: AnswerOutcome) {
        let segment = SegmentId::from_raw(queued.id);
        // False only when the node has ended: the broker hands it out again.
        self.not_sent(Announced { intent, queued }, segment, outcome).await;
    }

    /// Tells once more what became of a segment: the node that has the ledger now does not know it.
    pub(crate) async fn tell_again(&self, told: Answered, queued: Queued) {
        let Answered { segment, intent, happened, submitted_at, answered_at } = told;
        let outcome = outcome(happened, Some(&self.profile()));
        // False only when the node has ended: the broker hands it out again.
        self.tell(Announced { intent, queued }, segment, outcome, (submitted_at, answered_at)).await;
    }

    /// Whether it takes segments: it is to run.
    pub(crate) fn takes(&self) -> bool {
        self.control.order() == Order::Run
    }

    /// Unanswered submits that it may have, as it is configured.
    pub(crate) fn window_max(&self) -> usize {
        let row = self.row();
        usize::from(row.binds.max(1)) * usize::from(row.window_max.max(1))
    }

    /// How long an answer of the operator is waited for.
    pub(crate) fn response_timeout(&self) -> Duration {
        Duration::from_millis(self.profile().session.response_timeout_ms)
    }

    /// Unbinds in good order and binds again.
    pub(crate) fn bind_again(&self) {
        self.control.renew();
    }

    /// Ends it: it unbinds.
    pub(crate) fn end(&self) {
        self.cancel.cancel();
    }

    /// Does what a person has asked for on another node.
    pub(crate) fn obey(self: &Arc<Self>, order: &ConnectorOrderRow) {
        if self.control.last_asked().as_ref() == Some(order) {
            return;
        }
        tracing::info!(connector = self.name, asked = ?order.asked, "a person has asked for this");
        self.control.asked(order.clone());
        match order.asked {
            AskedState::Running => {
                self.inner.alerts.started_by_hand(&self.name);
                self.control.start();
            }
            AskedState::Stopped => self.control.stop(StopReason::Person),
            AskedState::Drained if self.control.drain() => {
                self.inner.tasks.spawn(operate::drain(Arc::clone(self), DRAIN_LIMIT));
            }
            AskedState::Drained => {}
        }
    }
}
