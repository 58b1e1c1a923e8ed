//! A node that has operators' binds while another has the ledger.
//!
//! It asks for the lease of each connector, as many as are its share, and runs those that it gets: fed by the broker (`feed`), heard by the node with the
//! ledger in reports (`tell`). It writes nothing of messages and money, and has no memory but of what it sends.

mod asked;
mod feed;
mod held;
mod say;
mod sent;
mod share;
mod tell;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sambac_domain::id::ConnectorId;
use sambac_store::Store;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::link::{self, BrokerLink};
use super::{Role, WorkSettings};
use crate::clock::{self, Clock};
use crate::commit::Write;
use crate::start::{self, Begun, StartError};
use crate::{Inner, Settings};
use held::Held;
pub(crate) use say::reachable;
pub(super) use share::lease_name;

/// How much two nodes' clocks may differ.
const SKEW_MAX: Duration = Duration::from_secs(5);
/// How long after its end a lease may still be asked for.
const NAME_LEEWAY: Duration = Duration::from_secs(2);
/// Writes that may wait to be told.
const WRITES_MAX: usize = 4_096;

/// The running node; a cheap handle.
#[derive(Clone)]
pub struct BindsNode(Arc<Inner>);

/// What a node with binds has before it.
pub(crate) struct Desk {
    link: Arc<BrokerLink>,
    /// As reports call it.
    node: String,
    /// For how long a lease is taken.
    lease: Duration,
    held: Mutex<HashMap<ConnectorId, Arc<Held>>>,
    writes: mpsc::Sender<Write>,
    /// Who says that it is the node of this number, and since when, while it is not this process.
    other: Mutex<Option<(Instant, String)>>,
}

impl Desk {
    fn held(&self) -> MutexGuard<'_, HashMap<ConnectorId, Arc<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes who says that it is this node, and is another process.
    fn is_called_by(&self, holder: Option<String>) {
        let mut other = self.other.lock().unwrap_or_else(PoisonError::into_inner);
        if other.as_ref().map(|(_, holder)| holder) != holder.as_ref() {
            *other = holder.map(|holder| (Instant::now(), holder));
        }
    }

    /// What is wrong when another process says that it is this node, for longer than one that has ended could.
    fn namesake(&self) -> Option<String> {
        let other = self.other.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, holder) = other.as_ref().filter(|(since, _)| since.elapsed() > self.lease + NAME_LEEWAY)?;
        Some(format!("{holder} says that it is this node: give each node a number of its own (SAMBAC_NODE)"))
    }

    pub(super) const fn link(&self) -> &Arc<BrokerLink> {
        &self.link
    }

    fn of(&self, id: ConnectorId) -> Option<Arc<Held>> {
        self.held().get(&id).cloned()
    }

    /// Its lease is over: nothing more is sent, and the binds go.
    fn drops(&self, held: &Arc<Held>) {
        if held.is_leaving() {
            held.stops();
        } else if !held.given.is_cancelled() {
            tracing::error!(connector = held.name(), "its lease is over: nothing more is sent by it");
            held.drop_all();
            self.forget(held);
        }
    }

    /// It is not this node's any more; it may be again.
    fn forget(&self, held: &Arc<Held>) {
        let mut all = self.held();
        if all.get(&held.id()).is_some_and(|now| Arc::ptr_eq(now, held)) {
            all.remove(&held.id());
        }
    }

    fn all(&self) -> Vec<Arc<Held>> {
        let mut all: Vec<_> = self.held().values().cloned().collect();
        all.sort_by_key(|held| held.id());
        all
    }
}

impl BindsNode {
    /// Reads the configuration, and begins to ask for connectors.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(
        settings: Settings,
        work: &WorkSettings,
        lease: Duration,
        store: Store,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let (writes, inbox) = mpsc::channel(WRITES_MAX);
        let desk = Desk {
            link: BrokerLink::new(work.clone(), "sambac binds"),
            node: format!("node {}", settings.node),
            lease,
            held: Mutex::default(),
            writes: writes.clone(),
            other: Mutex::default(),
        };
        let settings = Settings { lease: None, shared_limits: None, events: None, work: None, ..settings };
        let begun = Begun::without_ledger(&settings, &store, &clock, writes, Role::Binds(desk)).await?;
        let inner = start::make(settings, store, clock, begun)?;
        inner.tasks.spawn(start::watch_configuration(Arc::clone(&inner)));
        inner.tasks.spawn(share::run(Arc::clone(&inner)));
        inner.tasks.spawn(clock::watch(Arc::clone(&inner)));
        if let Some(desk) = inner.work.desk() {
            inner.committer.spawn(link::run(Arc::clone(&inner), Arc::clone(&desk.link)));
        }
        inner.committer.spawn(tell::run(Arc::clone(&inner), inbox));
        Ok(Self(inner))
    }

    /// The connectors that it has now, by name, and how many of their binds are up.
    pub fn connectors(&self) -> Vec<(String, usize)> {
        let held = self.0.work.desk().map(Desk::all).unwrap_or_default();
        held.iter().map(|held| (held.name().to_owned(), held.connector().bound())).collect()
    }

    /// What is wrong with it, for a person to read; nothing when it is ready.
    pub fn reasons(&self) -> Vec<String> {
        let Some(desk) = self.0.work.desk() else { return Vec::new() };
        let is_away = !desk.link.is_up();
        let away = is_away.then(|| "the broker that carries work is away".to_owned());
        away.into_iter().chain(desk.namesake()).collect()
    }

    /// Metrics in OpenMetrics text.
    pub fn metrics_text(&self) -> String {
        self.0.metrics.text(&self.0)
    }

    /// Hands everything over in good order, within `limit`.
    pub async fn stop(&self, limit: Duration) {
        let until = Instant::now() + limit;
        self.0.draining.cancel();
        if let Some(desk) = self.0.work.desk() {
            share::hand_over_all(&self.0, desk, until).await;
        }
        self.0.stopping.cancel();
        self.0.tasks.close();
        if timeout_at(until, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("not everything ended in time; other nodes settle what is in doubt");
        }
        self.0.closing.cancel();
        self.0.committer.close();
        if timeout_at(until, self.0.committer.wait()).await.is_err() {
            tracing::warn!("not everything could be told to the node with the ledger; the broker hands it out again");
        }
        self.0.store.close().await;
    }
}
