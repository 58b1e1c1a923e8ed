//! Starts, stops, changes and restarts connectors so that what runs is what is configured.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use sambac_domain::id::ConnectorId;
use sambac_domain::throughput::Throughput as Limit;
use sambac_store::rows::ConnectorOrderRow;
use tokio::sync::{Notify, OnceCell};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alerts::Looks;
use super::control::Control;
use super::fed::{self, Fed};
use super::hunger::Hunger;
use super::seat::{Seat, wanted};
use super::{Connector, Setup, announcer, bind, query, ready::Ready, sender, throughput::Throughput};
use crate::Inner;
use crate::commit::{LastWords, target_of};
use crate::lease::HeldLease;
use crate::overdue::Questions;
use crate::{relay, work};

/// The connectors that run, and those that are ending.
#[derive(Default)]
pub(crate) struct Registry {
    running: Mutex<Running>,
    /// Those that are away, in order: nearly always none.
    away: ArcSwap<Vec<ConnectorId>>,
}

#[derive(Default)]
struct Running {
    connectors: HashMap<ConnectorId, Arc<Connector>>,
    /// What is wanted of each configured connector, whether it runs or not.
    controls: HashMap<ConnectorId, Arc<Control>>,
    /// Cancelled when the last connector of this id has ended: until then its successor does not begin, so that neither
    /// tasks nor binds exist twice.
    ended: HashMap<ConnectorId, CancellationToken>,
}

impl Registry {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// With what people asked of connectors before this process began.
    pub(crate) fn restored(orders: Vec<ConnectorOrderRow>) -> Self {
        let controls = orders.into_iter().map(|order| (order.id, Arc::new(Control::restored(order)))).collect();
        Self { running: Mutex::new(Running { controls, ..Running::default() }), away: ArcSwap::default() }
    }

    /// Notes what is asked of a connector that another node has.
    pub(super) fn note_asked(&self, order: ConnectorOrderRow) {
        self.running().controls.entry(order.id).or_default().asked(order);
    }

    /// What was last asked of a connector, whether it runs or not.
    pub(super) fn last_asked(&self, id: ConnectorId) -> Option<ConnectorOrderRow> {
        let control = self.running().controls.get(&id).cloned()?;
        control.last_asked().clone()
    }

    /// The connector of this id, if it runs.
    pub(super) fn get(&self, id: ConnectorId) -> Option<Arc<Connector>> {
        self.running().connectors.get(&id).cloned()
    }

    /// All running connectors.
    pub(super) fn all(&self) -> Vec<Arc<Connector>> {
        self.running().connectors.values().cloned().collect()
    }

    /// Those for which this process is what they wait for: nearly always none.
    pub(crate) fn behind(&self) -> Vec<ConnectorId> {
        let running = self.running();
        running.connectors.values().filter(|connector| connector.is_behind()).map(|connector| connector.id()).collect()
    }

    /// Says which are away; true when that has changed.
    pub(super) fn set_away(&self, away: &[ConnectorId]) -> bool {
        let changed = **self.away.load() != away;
        if changed {
            self.away.store(Arc::new(away.to_vec()));
        }
        changed
    }

    /// Whether a connector is away: it has no bind, and has had none for a while.
    pub(crate) fn is_away(&self, id: ConnectorId) -> bool {
        self.away.load().contains(&id)
    }
}

/// Makes what runs agree with the snapshot: called at start and after every change.
pub(crate) fn apply_snapshot(inner: &Arc<Inner>) {
    let snapshot = inner.snapshot.load_full();
    let mut running = inner.connectors.running();
    let Running { connectors, controls, ended } = &mut *running;
    controls.retain(|id, _| snapshot.connectors.contains_key(id));
    inner.alerts.keep_connectors(|name| snapshot.connectors.values().any(|row| row.enabled && row.name == name));
    let setup_of = |id: &ConnectorId| {
        let row = snapshot.connectors.get(id).filter(|row| row.enabled)?;
        let profile = snapshot.profile(*id)?;
        Some(Setup { row: Arc::clone(row), profile: Arc::clone(profile) })
    };
    connectors.retain(|id, connector| {
        let goes_on = setup_of(id).is_some_and(|setup| connector.change(setup));
        if !goes_on {
            connector.cancel.cancel();
        }
        goes_on
    });
    if !matches!(inner.work, work::Role::Alone) {
        // Other nodes have the binds, or those of them that this one has are started as it gets them.
        return;
    }
    for id in snapshot.connectors.keys() {
        if !connectors.contains_key(id)
            && let Some(setup) = setup_of(id)
        {
            let control = Arc::clone(controls.entry(*id).or_default());
            connectors.insert(*id, start(inner, setup, control, ended, None).0);
        }
    }
}

/// Starts one whose segments come from another node; `None` when it is not to run. The token is cancelled when it has ended.
pub(crate) fn start_fed(inner: &Arc<Inner>, id: ConnectorId, fed: Fed) -> Option<(Arc<Connector>, CancellationToken)> {
    let snapshot = inner.snapshot.load_full();
    let row = snapshot.connectors.get(&id).filter(|row| row.enabled)?;
    let setup = Setup { row: Arc::clone(row), profile: Arc::clone(snapshot.profile(id)?) };
    let mut running = inner.connectors.running();
    let Running { connectors, controls, ended } = &mut *running;
    let control = Arc::clone(controls.entry(id).or_default());
    let (connector, end) = start(inner, setup, control, ended, Some(fed));
    connectors.insert(id, Arc::clone(&connector));
    Some((connector, end))
}

fn start(
    inner: &Arc<Inner>,
    setup: Setup,
    control: Arc<Control>,
    ended: &mut HashMap<ConnectorId, CancellationToken>,
    fed: Option<Fed>,
) -> (Arc<Connector>, CancellationToken) {
    let is_fed = fed.is_some();
    let (writes, lease) = match fed {
        Some(Fed { writes, lease }) => (writes, Some(lease)),
        None => (inner.writes.clone(), inner.settings.lease.clone()),
    };
    let row = Arc::clone(&setup.row);
    let throughput = Throughput::new(setup.limit(), &setup.profile.flow, Instant::now());
    let connector = Arc::new(Connector {
        inner: Arc::clone(inner),
        writes,
        lease,
        id: row.id,
        name: row.name.clone(),
        setup: ArcSwap::from_pointee(setup),
        control,
        seats: Mutex::default(),
        seat_tasks: TaskTracker::new(),
        outbind: OnceCell::new(),
        queue: inner.bus.queue(target_of(row.id)),
        ready: Ready::default(),
        links: Mutex::default(),
        linked: Notify::new(),
        room: Arc::new(Notify::new()),
        hunger: Hunger::default(),
        looks: Looks::default(),
        throughput,
        questions: Questions::new(row.id, &row.name),
        metrics: inner.metrics.connector(&row.name),
        cancel: inner.stopping.child_token(),
    });
    let end = CancellationToken::new();
    let predecessor = ended.insert(row.id, end.clone());
    let (running, has_ended) = (Arc::clone(&connector), end.clone());
    inner.tasks.spawn(async move {
        if let Some(predecessor) = predecessor {
            predecessor.cancelled().await;
        }
        run(running, is_fed).await;
        end.cancel();
    });
    (connector, has_ended)
}

/// The connector's life: its tasks, and at the end what was announced and never sent.
async fn run(connector: Arc<Connector>, is_fed: bool) {
    let sender = LastWords::of("a sender", sender::run(Arc::clone(&connector)));
    let mut tasks = vec![tokio::spawn(sender)];
    if is_fed {
        tasks.push(tokio::spawn(fed::run(Arc::clone(&connector))));
    } else {
        let relay = relay::run(Arc::clone(&connector.inner), target_of(connector.id()), connector.cancel.clone());
        tasks.push(tokio::spawn(LastWords::of("the relay of a connector", relay)));
        tasks.push(tokio::spawn(LastWords::of("an announcer", announcer::run(Arc::clone(&connector)))));
        tasks.push(tokio::spawn(query::run(Arc::clone(&connector))));
    }
    connector.take_seats();
    for task in tasks {
        if let Err(error) = task.await {
            tracing::error!(connector = connector.name, %error, "a task of the connector ended badly");
        }
    }
    connector.cancel.cancelled().await;
    connector.seat_tasks.close();
    connector.seat_tasks.wait().await;
    // Without its lease nothing may be said of what waits: another node has it.
    if connector.lease.as_ref().is_none_or(HeldLease::is_held) {
        connector.give_back().await;
    }
}

impl Connector {
    /// Takes other settings while it runs: binds go and come again only when they depend on what has changed. False when
    /// it cannot, and has to begin anew.
    fn change(self: &Arc<Self>, wanted: Setup) -> bool {
        let current = self.setup.load_full();
        if *current == wanted {
            return true;
        }
        let (old, new) = (&current.row, &wanted.row);
        let is_another = (&old.name, old.operator_id, old.bind_kind) != (&new.name, new.operator_id, new.bind_kind)
            || current.profile.bind.outbind_listen != wanted.profile.bind.outbind_listen;
        if is_another {
            return false;
        }
        let renews = current.binds_otherwise(&wanted);
        let has_other_credentials = (&old.system_id, &old.password_sealed) != (&new.system_id, &new.password_sealed);
        tracing::info!(connector = self.name, binds_again = renews, "settings changed");
        let new = Arc::new(wanted);
        self.setup.store(Arc::clone(&new));
        self.questions.begin_anew(&self.inner);
        self.throughput.configure(new.limit(), &new.profile.flow);
        for link in self.links().iter() {
            link.set_window(&new.profile.flow, new.row.window_max);
        }
        self.control.change(renews);
        if has_other_credentials {
            self.control.credentials_changed();
        }
        // One that waits for its predecessor's end takes its seats when it begins.
        if !self.seats().is_empty() {
            self.take_seats();
        }
        true
    }

    /// Makes the binds as many as wanted.
    fn take_seats(self: &Arc<Self>) {
        if self.cancel.is_cancelled() {
            return;
        }
        let row = self.row();
        let wanted = wanted(row.bind_kind, row.binds);
        let mut seats = self.seats();
        seats.retain(|seat| {
            let stays = wanted.contains(&(seat.number, seat.kind));
            if !stays {
                seat.gone.cancel();
            }
            stays
        });
        for (number, kind) in wanted {
            if seats.iter().all(|seat| (seat.number, seat.kind) != (number, kind)) {
                let seat = Arc::new(Seat::new(number, kind, self.cancel.child_token(), self.inner.clock.now()));
                seats.push(Arc::clone(&seat));
                self.seat_tasks.spawn(LastWords::of("a bind", bind::run(Arc::clone(self), seat)));
            }
        }
    }
}

impl Setup {
    /// The throughput that was agreed over all binds.
    fn limit(&self) -> Limit {
        Limit::per_s(self.row.throughput_per_s_max)
    }

    /// Whether a bind that is up has to go, because it depends on something that `other` has otherwise.
    fn binds_otherwise(&self, other: &Self) -> bool {
        let link = |setup: &Self| {
            let row = &setup.row;
            (row.host.clone(), row.port, row.system_id.clone(), row.password_sealed.clone())
        };
        let (mine, theirs) = (&self.profile, &other.profile);
        let same_profile =
            mine.session == theirs.session && mine.tls == theirs.tls && mine.bind.binds_like(&theirs.bind);
        link(self) != link(other) || !same_profile
    }
}
