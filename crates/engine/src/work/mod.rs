//! Several nodes share the work: one has the ledger, others have operators' binds, and RabbitMQ carries segments and answers between them.
//!
//! On the node with the ledger each connector is a `Line`: it takes segments off the queue, has the intent to send them stored, and
//! publishes them; `collect` hands what comes back to the group commit. On a node with binds (`node`) a connector runs as it does anywhere,
//! but is fed by the broker, and what it has to say goes into reports. The database is the truth: what was announced and has no answer is
//! published again after a crash, and whoever has had the connector all the time knows what it has sent.
//! ([Decision 16](../../../../docs/adr/0016-work-goes-by-a-broker.md).)

mod adopt;
mod answer;
mod asks;
mod collect;
mod line;
mod link;
pub mod node;
mod open;
mod rebuild;
mod seen;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sambac_bus::amqp::{BrokerError, BrokerUrl};
use sambac_bus::work::{Acknowledging, Reply, WorkQueues};
use sambac_domain::id::ConnectorId;

use crate::Inner;
use crate::alert::AlertKind;
use crate::connector::ConnectorStatus;
pub(crate) use adopt::adopt;
pub(crate) use answer::outcome;
use asks::Asks;
use collect::Takes;
use line::Line;
use link::BrokerLink;
pub use rebuild::ask_rebuild;

/// By which broker work goes to other nodes.
#[derive(Clone, Debug)]
pub struct WorkSettings {
    /// The broker: the nodes of its cluster, which are tried in turn. At least one.
    pub urls: Vec<BrokerUrl>,
    /// The names of its queues.
    pub queues: WorkQueues,
}

/// What a process does with connectors.
pub(crate) enum Role {
    /// It has the ledger and runs them itself.
    Alone,
    /// It has the ledger; other nodes have the binds.
    Ledger(Office),
    /// It has binds; another node has the ledger.
    Binds(node::Desk),
}

/// The lines of the node that has the ledger.
pub(crate) struct Office {
    link: Arc<BrokerLink>,
    lines: Mutex<HashMap<ConnectorId, Arc<Line>>>,
    asks: Asks,
}

impl Role {
    /// Of a process with the ledger.
    pub(crate) fn of_ledger(settings: Option<&WorkSettings>) -> Self {
        settings.map_or(Self::Alone, |settings| {
            let link = BrokerLink::new(settings.clone(), "sambac ledger");
            Self::Ledger(Office { link, lines: Mutex::default(), asks: Asks::default() })
        })
    }

    /// The lines, where other nodes have the binds.
    pub(crate) const fn office(&self) -> Option<&Office> {
        match self {
            Self::Ledger(office) => Some(office),
            Self::Alone | Self::Binds(_) => None,
        }
    }

    /// Nothing more is carried: the link to the broker ends.
    pub(crate) fn done(&self) {
        match self {
            Self::Ledger(office) => office.link.done(),
            Self::Binds(desk) => desk.link().done(),
            Self::Alone => {}
        }
    }

    /// The desk, where this node has binds only.
    pub(crate) const fn desk(&self) -> Option<&node::Desk> {
        match self {
            Self::Binds(desk) => Some(desk),
            Self::Alone | Self::Ledger(_) => None,
        }
    }
}

impl Office {
    fn lines(&self) -> MutexGuard<'_, HashMap<ConnectorId, Arc<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line of a connector that is wanted.
    pub(crate) fn line(&self, id: ConnectorId) -> Option<Arc<Line>> {
        self.announced_by(id).filter(|line| !line.leaves())
    }

    /// A connector's line, also when it only waits for what it has announced.
    fn announced_by(&self, id: ConnectorId) -> Option<Arc<Line>> {
        self.lines().get(&id).cloned()
    }

    /// A reply has come.
    fn replied(&self, reply: Reply) {
        self.asks.replied(reply);
    }

    /// How a connector is, as the node that has it tells.
    pub(crate) fn status(&self, id: ConnectorId) -> Option<ConnectorStatus> {
        Some(self.line(id)?.status())
    }

    /// How all of them are.
    pub(crate) fn all(&self) -> Vec<ConnectorStatus> {
        self.lines().values().filter(|line| !line.leaves()).map(|line| line.status()).collect()
    }

    /// Every queue of segments is emptied, and everything that is announced is published anew.
    pub(crate) fn rebuild(&self) {
        self.lines().values().for_each(|line| line.rebuild());
    }
}

/// Makes the lines agree with the configuration.
pub(crate) fn apply_snapshot(inner: &Arc<Inner>, office: &Office) {
    let snapshot = inner.snapshot.load_full();
    let mut lines = office.lines();
    // One that has announced something stays until it knows what became of that.
    lines.retain(|id, line| {
        line.is_wanted(snapshot.connectors.get(id).is_some_and(|row| row.enabled));
        !line.is_over()
    });
    for row in snapshot.connectors.values().filter(|row| row.enabled) {
        let setup = (Arc::clone(row), snapshot.profile(row.id).cloned());
        match lines.entry(row.id) {
            Entry::Occupied(line) => line.get().is_set_up(setup),
            Entry::Vacant(place) => drop(place.insert(line::start(inner, setup, &office.link))),
        }
    }
}

/// Begins to carry: the link to the broker, and what comes back.
pub(crate) fn start(inner: &Arc<Inner>, office: &Office) {
    // It outlives the tasks that carry by it.
    inner.committer.spawn(link::run(Arc::clone(inner), Arc::clone(&office.link)));
    inner.tasks.spawn(collect::run(Arc::clone(inner), Arc::clone(&office.link), Takes::Reports));
    inner.tasks.spawn(rebuild::run(Arc::clone(inner)));
    inner.tasks.spawn(collect::run(Arc::clone(inner), Arc::clone(&office.link), Takes::Dead));
}

/// What nobody can read stays where a person finds it. The alert is of `subject`.
async fn put_aside(
    inner: &Inner,
    subject: &str,
    acknowledging: &Acknowledging,
    tag: u64,
    why: &str,
) -> Result<(), BrokerError> {
    tracing::error!(subject, why, "something in a queue of work was put aside");
    inner.alerts.raise(AlertKind::WorkPutAside, subject, why);
    acknowledging.put_aside(tag).await
}
