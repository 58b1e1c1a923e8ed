//! A connector whose segments come by the broker: they are announced already, by the node with the ledger.

use std::sync::Arc;
use std::time::Duration;

use sambac_bus::Queued;
use sambac_domain::id::{ConnectorId, IntentId};
use sambac_store::rows::{AskedState, ConnectorOrderRow};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::control::{Order, StopReason};
use super::ready::Announced;
use super::{Connector, ConnectorStatus, operate};
use crate::Inner;
use crate::commit::Write;
use crate::lease::HeldLease;

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

/// Starts a connector of the configuration; `None` when there is none that is to run.
pub(crate) fn start(inner: &Arc<Inner>, id: ConnectorId, fed: Fed) -> Option<(Arc<Connector>, CancellationToken)> {
    super::supervisor::start_fed(inner, id, fed)
}

impl Connector {
    /// Segments that are to be sent.
    pub(crate) fn feed(&self, intent: IntentId, queued: Vec<Queued>) {
        self.ready.push(queued.into_iter().map(|queued| Announced { intent, queued }));
    }

    /// Whether it takes segments: it is to run.
    pub(crate) fn takes(&self) -> bool {
        self.control.order() == Order::Run
    }

    /// Whether a bind is up.
    pub(crate) fn is_bound(&self) -> bool {
        self.bound() > 0
    }

    /// Unanswered submits that it may have, as it is configured.
    pub(crate) fn window_max(&self) -> usize {
        let row = self.row();
        usize::from(row.binds.max(1)) * usize::from(row.window_max.max(1))
    }

    /// Everything that was not sent is told to be so.
    pub(crate) async fn give_back_all(&self) {
        self.give_back().await;
    }

    /// Whether nothing waits to be sent, and everything that was sent is answered.
    pub(crate) fn has_nothing_open(&self) -> bool {
        self.is_idle()
    }

    /// Ends it: it unbinds.
    pub(crate) fn end(&self) {
        self.cancel.cancel();
    }

    /// How it is, for the node with the ledger.
    pub(crate) fn present(&self) -> ConnectorStatus {
        self.status()
    }

    /// Does what a person has asked for on another node.
    pub(crate) fn obey(self: &Arc<Self>, order: &ConnectorOrderRow) {
        if self.control.last_asked().as_ref() == Some(order) {
            return;
        }
        tracing::info!(connector = self.name, asked = ?order.asked, "a person has asked for this");
        self.control.asked(order.clone());
        match order.asked {
            AskedState::Running => self.control.start(),
            AskedState::Stopped => self.control.stop(StopReason::Person),
            AskedState::Drained if self.control.drain() => {
                self.inner.tasks.spawn(operate::drain(Arc::clone(self), DRAIN_LIMIT));
            }
            AskedState::Drained => {}
        }
    }
}
