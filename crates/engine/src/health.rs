//! Whether new messages are taken, and what is bound.

use sambac_domain::id::ConnectorId;

use crate::Engine;

/// The state of the platform.
#[derive(Clone, Debug)]
pub struct Health {
    /// Whether messages are taken now.
    pub accepting: bool,
    /// Why not, for an operator to read.
    pub reasons: Vec<String>,
    /// Every configured connector.
    pub connectors: Vec<ConnectorHealth>,
    /// Tasks waiting in memory, per lane.
    pub queued: Vec<usize>,
    /// Whether more of them wait on disk.
    pub spilled: bool,
    /// How limits are kept that several nodes share; `None` where this one is alone.
    pub shared_limits: Option<SharedLimitsHealth>,
}

/// How limits are kept that several nodes share. None of it keeps messages from being taken.
#[derive(Clone, Copy, Debug)]
pub struct SharedLimitsHealth {
    /// Whether they are counted in Redis now; else each node keeps to its part.
    pub redis_up: bool,
    /// Nodes among which they are parted then.
    pub nodes: u32,
}

/// The state of a connector.
#[derive(Clone, Debug)]
pub struct ConnectorHealth {
    /// Its id.
    pub id: ConnectorId,
    /// Its name.
    pub name: String,
    /// Whether it is meant to run.
    pub enabled: bool,
    /// Binds that are up.
    pub bound: usize,
    /// Binds that are meant to be up.
    pub binds: usize,
}

impl Engine {
    /// How the platform is. Cheap: asks nothing outside the process.
    pub fn health(&self) -> Health {
        let mut reasons = Vec::new();
        if self.0.draining.is_cancelled() {
            reasons.push("the service is stopping".to_owned());
        }
        if self.0.admission.fill_percent() >= 100 {
            reasons.push("the queue for new messages is full".to_owned());
        }
        if self.0.metrics.is_database_failing() {
            reasons.push("the database refused the last commit".to_owned());
        }
        let snapshot = self.snapshot();
        let mut connectors: Vec<_> = snapshot
            .connectors
            .values()
            .map(|row| ConnectorHealth {
                id: row.id,
                name: row.name.clone(),
                enabled: row.enabled,
                bound: self.connector_status(row.id).map_or(0, |status| status.bound),
                binds: usize::from(row.binds),
            })
            .collect();
        connectors.sort_by(|a, b| a.name.cmp(&b.name));
        let (queued, spilled) = self.0.bus.depth();
        let shared_limits = self.0.shared_limits.as_ref();
        let shared_limits =
            shared_limits.map(|shared| SharedLimitsHealth { redis_up: shared.is_there(), nodes: shared.nodes() });
        Health { accepting: reasons.is_empty(), reasons, connectors, queued: queued.to_vec(), spilled, shared_limits }
    }
}
