//! Starts, stops and restarts connectors so that what runs is what is configured.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sambac_domain::id::{ConnectorId, SegmentId};
use sambac_domain::profile::Profile;
use sambac_store::rows::ConnectorRow;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Connector, announcer, bind, ready::Ready, sender, throughput::Throughput};
use crate::Inner;
use crate::commit::{AnswerOutcome, target_of};
use crate::relay;

/// The connectors that run, and those that are ending.
#[derive(Default)]
pub(crate) struct Registry(Mutex<Running>);

#[derive(Default)]
struct Running {
    connectors: HashMap<ConnectorId, Arc<Connector>>,
    /// Cancelled when the last connector of this id has ended: until then its successor does not begin, so that neither
    /// tasks nor binds exist twice.
    ended: HashMap<ConnectorId, CancellationToken>,
}

impl Registry {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Binds that are up, per connector.
    pub(crate) fn bound(&self, id: ConnectorId) -> usize {
        self.running().connectors.get(&id).map_or(0, |connector| connector.bound())
    }
}

/// Makes what runs agree with the snapshot: called at start and after every change.
pub(crate) fn apply_snapshot(inner: &Arc<Inner>) {
    let snapshot = inner.snapshot.load_full();
    let mut running = inner.connectors.running();
    let Running { connectors, ended } = &mut *running;
    connectors.retain(|id, connector| {
        let keep = snapshot.connectors.get(id).is_some_and(|row| row.enabled && **row == *connector.row);
        if !keep {
            connector.cancel.cancel();
        }
        keep
    });
    for row in snapshot.connectors.values().filter(|row| row.enabled) {
        if !connectors.contains_key(&row.id)
            && let Some(profile) = snapshot.profile(row.id)
        {
            connectors.insert(row.id, start(inner, row, profile, ended));
        }
    }
}

fn start(
    inner: &Arc<Inner>,
    row: &Arc<ConnectorRow>,
    profile: &Arc<Profile>,
    ended: &mut HashMap<ConnectorId, CancellationToken>,
) -> Arc<Connector> {
    let connector = Arc::new(Connector {
        inner: Arc::clone(inner),
        row: Arc::clone(row),
        profile: Arc::clone(profile),
        queue: inner.bus.queue(target_of(row.id)),
        ready: Ready::default(),
        links: Mutex::default(),
        linked: Notify::new(),
        room: Arc::new(Notify::new()),
        throughput: Throughput::new(row.throughput_per_s_max),
        metrics: inner.metrics.connector(&row.name),
        cancel: inner.stopping.child_token(),
    });
    let end = CancellationToken::new();
    let predecessor = ended.insert(row.id, end.clone());
    let running = Arc::clone(&connector);
    inner.tasks.spawn(async move {
        if let Some(predecessor) = predecessor {
            predecessor.cancelled().await;
        }
        run(running).await;
        end.cancel();
    });
    connector
}

/// The connector's life: its tasks, and at the end what was announced and never sent.
async fn run(connector: Arc<Connector>) {
    let relay = relay::run(Arc::clone(&connector.inner), target_of(connector.id()), connector.cancel.clone());
    let relay = tokio::spawn(relay);
    let announcer = tokio::spawn(announcer::run(Arc::clone(&connector)));
    let sender = tokio::spawn(sender::run(Arc::clone(&connector)));
    let binds: Vec<_> =
        (0..connector.row.binds.max(1)).map(|_| tokio::spawn(bind::run(Arc::clone(&connector)))).collect();
    for task in [relay, announcer, sender].into_iter().chain(binds) {
        if let Err(error) = task.await {
            tracing::error!(connector = connector.row.name, %error, "a task of the connector ended badly");
        }
    }
    while let Some(announced) = connector.ready.pop() {
        let segment = SegmentId::from_raw(announced.queued.id);
        connector.not_sent(announced, segment, AnswerOutcome::NotSent).await;
    }
}
