//! How fast a connector is, for people to see.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::ConnectorId;
use tokio::time::Instant;

use super::{Connector, Registry};
use crate::Engine;

/// Window and throughput of a connector, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowStatus {
    /// Places in the windows of all its binds.
    pub window: usize,
    /// Places taken: segments sent whose answer is not stored yet.
    pub in_flight: usize,
    /// The rate learned from the operator's throttling, in segments a second; `None` while the agreed one holds.
    pub learned_throughput_per_s: Option<u64>,
    /// What is left of the rest after a throttle.
    pub paused: Duration,
}

impl Engine {
    /// How fast a connector is; `None` when it does not run.
    #[must_use]
    pub fn connector_flow(&self, id: ConnectorId) -> Option<FlowStatus> {
        self.0.connectors.get(id).map(|connector| connector.flow_status())
    }
}

impl Registry {
    /// Brings the gauges of all connectors up to date.
    pub(crate) fn gauge_flow(&self) {
        for connector in self.all() {
            connector.metrics.flow(&connector.flow_status());
        }
    }
}

impl Connector {
    fn flow_status(self: &Arc<Self>) -> FlowStatus {
        let speed = self.throughput.speed(Instant::now());
        let links = self.links();
        FlowStatus {
            window: links.iter().map(|link| link.window()).sum(),
            in_flight: links.iter().map(|link| link.taken()).sum(),
            learned_throughput_per_s: speed.learned_per_s,
            paused: speed.paused,
        }
    }
}
