//! Which connectors this node has: as many as are its share of all, so that the nodes that are there have about the same number each.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use sambac_bus::work::ConnectorSeen;
use sambac_domain::id::ConnectorId;
use sambac_domain::time::Timestamp;
use sambac_store::StoreError;
use tokio::time::{Instant, MissedTickBehavior, timeout, timeout_at};

use super::Desk;
use super::asked;
use super::feed;
use super::held::Held;
use super::say::{self, say};
use crate::Inner;
use crate::connector::fed::{self, Fed};
use crate::lease::HeldLease;
use crate::work::seen;

/// How often connectors are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often leases are asked for, and orders of people read.
const ASK: Duration = Duration::from_secs(1);
/// How often it is told how a connector is when nothing has changed.
const TELL: Duration = Duration::from_secs(1);
/// How long it may take to say that a connector goes.
const LEAVE_LIMIT: Duration = Duration::from_millis(500);
/// What names of connectors' leases begin with.
const CONNECTOR: &str = "connector ";
/// What names of the leases by which nodes say that they are there begin with.
const NODE: &str = "binds ";

/// What was last told of each connector.
type Told = HashMap<ConnectorId, (Instant, ConnectorSeen)>;

/// Runs until the engine stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let Some(desk) = inner.work.desk() else { return };
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut there, mut asked_at, mut told) = (None::<HeldLease>, None::<Instant>, Told::default());
    let mut namesake = None;
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = inner.draining.cancelled() => break,
        }
        // An operator may not be told that we have what we cannot carry.
        inner.store_away.store(!desk.link.is_up(), Ordering::Relaxed);
        tell(&inner, desk, &mut told).await;
        say::alerts(&inner, desk).await;
        if asked_at.is_none_or(|at| at.elapsed() >= ASK) {
            asked_at = Some(Instant::now());
            if let Err(error) = ask(&inner, desk, &mut there).await {
                tracing::error!(%error, "leases of connectors were not asked for");
            }
            let now = desk.namesake();
            if let Some(wrong) = now.as_ref().filter(|_| now != namesake) {
                tracing::error!("{wrong}");
            }
            namesake = now;
        }
    }
    // Others count this node no more.
    if let Some(there) = there {
        there.release().await;
    }
}

/// Says that this node is there, takes what is its share, gives what is more, and does what people have asked for.
async fn ask(inner: &Arc<Inner>, desk: &Desk, there: &mut Option<HeldLease>) -> Result<(), StoreError> {
    if there.as_ref().is_none_or(|lease| !lease.is_held()) {
        *there = say_there(inner, desk).await?;
    }
    share_out(inner, desk).await?;
    for order in inner.store.connector_orders().await? {
        // One that leaves hears it from its next holder.
        if let Some(held) = desk.of(order.id).filter(|held| !held.is_leaving()) {
            held.connector().obey(&order);
        }
    }
    Ok(())
}

/// Takes the lease by which this node says that it is there. Another process may have it: the one before this, for a moment, or one that was given the same number.
async fn say_there(inner: &Inner, desk: &Desk) -> Result<Option<HeldLease>, StoreError> {
    let name = format!("{NODE}{}", desk.node);
    let taken = HeldLease::take(&inner.store, &name, inner.settings.node, desk.lease).await?;
    let holder = if taken.is_none() { inner.store.lease(&name).await?.map(|row| row.holder) } else { None };
    desk.is_called_by(holder);
    Ok(taken)
}

async fn share_out(inner: &Arc<Inner>, desk: &Desk) -> Result<(), StoreError> {
    let nodes = inner.store.leases_held(NODE).await?.len().max(1);
    let snapshot = inner.snapshot.load_full();
    let mut wanted: Vec<_> = snapshot.connectors.values().filter(|row| row.enabled).map(|row| row.id).collect();
    wanted.sort_unstable();
    let share = wanted.len().div_ceil(nodes);
    let is_over = |held: &Arc<Held>| !wanted.contains(&held.id()) || held.has_ended();
    for held in desk.all().into_iter().filter(is_over) {
        give(inner, held);
    }
    let held = desk.all();
    if held.iter().any(|held| held.is_leaving()) {
        // One at a time: another node takes it before the next look.
        return Ok(());
    }
    if let Some(last) = held.last().filter(|_| held.len() > share) {
        give(inner, Arc::clone(last));
        return Ok(());
    }
    let taken: Vec<_> = inner.store.leases_held(CONNECTOR).await?.into_iter().map(|row| row.name).collect();
    let free = wanted.into_iter().filter(|id| !taken.contains(&lease_name(*id)) && desk.of(*id).is_none());
    for id in free.take(share.saturating_sub(held.len())) {
        take(inner, desk, id).await?;
    }
    Ok(())
}

/// The name of a connector's lease.
pub(in crate::work) fn lease_name(id: ConnectorId) -> String {
    format!("{CONNECTOR}{id}")
}

async fn take(inner: &Arc<Inner>, desk: &Desk, id: ConnectorId) -> Result<(), StoreError> {
    if !desk.link.is_up() {
        return Ok(());
    }
    // What the operator brings can be carried from its first moment.
    inner.store_away.store(false, Ordering::Relaxed);
    let since = inner.clock.now();
    let Some(lease) = HeldLease::take(&inner.store, &lease_name(id), inner.settings.node, desk.lease).await? else {
        return Ok(());
    };
    let Some(held) = begin(inner, desk, (id, since), &lease) else {
        lease.release().await;
        return Ok(());
    };
    tracing::info!(connector = %id, epoch = lease.epoch(), "this node has it now");
    inner.tasks.spawn(asked::run(Arc::clone(inner), Arc::clone(&held)));
    inner.tasks.spawn(feed::run(Arc::clone(inner), Arc::clone(&held)));
    inner.tasks.spawn(ends_with_its_lease(Arc::clone(inner), Arc::clone(&held)));
    let away_after = inner.settings.away_after;
    inner.tasks.spawn(async move { held.gives_back_while_down(away_after).await });
    Ok(())
}

/// Begins with a connector whose lease was just taken; `None` when there is none of that id any more, or this node is about to end: it has told which
/// it hands over, or is about to look.
fn begin(
    inner: &Arc<Inner>,
    desk: &Desk,
    (id, since): (ConnectorId, Timestamp),
    lease: &HeldLease,
) -> Option<Arc<Held>> {
    let mut all = desk.held();
    if inner.draining.is_cancelled() {
        return None;
    }
    let fed = Fed { writes: desk.writes.clone(), lease: lease.clone() };
    let (connector, ended) = fed::start(inner, id, fed)?;
    let held = Held::new(connector, ended, lease.clone(), since);
    all.insert(id, Arc::clone(&held));
    Some(held)
}

/// Whatever everything else waits for: without the lease nothing more is sent, and the binds go.
async fn ends_with_its_lease(inner: Arc<Inner>, held: Arc<Held>) {
    let Some(desk) = inner.work.desk() else { return };
    tokio::select! {
        _ = held.lease().lost() => desk.drops(&held),
        () = inner.stopping.cancelled() => return,
    }
    held.given.cancelled().await;
    desk.forget(&held);
}

/// Another node is to have it: this takes seconds, in which the others are served.
fn give(inner: &Arc<Inner>, held: Arc<Held>) {
    if held.is_leaving() {
        return;
    }
    tracing::info!(connector = held.name(), "it is handed over");
    held.leaves();
    let inner = Arc::clone(inner);
    inner.tasks.clone().spawn(async move {
        let Some(desk) = inner.work.desk() else { return };
        hand_over(&inner, desk, &held).await;
    });
}

async fn hand_over(inner: &Inner, desk: &Desk, held: &Held) {
    tell_leaving(inner, desk, held).await;
    let is_told = held.wind_up().await;
    if !is_told {
        tracing::warn!(connector = held.name(), "handed over before everything was told");
    }
    held.release(is_told).await;
}

/// Tells that this node takes nothing more: what is announced from now on is for the next one, and named so.
async fn tell_leaving(inner: &Inner, desk: &Desk, held: &Held) {
    let leaving = ConnectorSeen { bound: 0, state: "draining".to_owned(), ..now(inner, held) };
    // A broker that takes nothing holds nobody up.
    let told = say(desk, held, false, |report| report.seen = Some(leaving));
    if timeout(LEAVE_LIMIT, told).await.is_err() {
        tracing::warn!(connector = held.name(), "it was not told that it goes");
    }
}

/// How a connector is.
fn now(inner: &Inner, held: &Held) -> ConnectorSeen {
    let alerts = Some(inner.alerts.of_binds(held.name()));
    ConnectorSeen { alerts, ..seen::told(&held.connector().status()) }
}

/// Hands over everything at once, in time.
pub(super) async fn hand_over_all(inner: &Inner, desk: &Desk, until: Instant) {
    let all = desk.all();
    let ended = join_all(all.iter().map(async |held| {
        if held.is_leaving() {
            held.given.cancelled().await;
        } else {
            held.leaves();
            hand_over(inner, desk, held).await;
        }
    }));
    if timeout_at(until, ended).await.is_err() {
        tracing::warn!("not every connector was handed over in time: their leases end by themselves");
    }
}

/// Tells how each connector is: at once when that has changed, and now and then.
async fn tell(inner: &Inner, desk: &Desk, told: &mut Told) {
    told.retain(|id, _| desk.of(*id).is_some());
    for held in desk.all().into_iter().filter(|held| desk.link.is_up() && !held.is_leaving()) {
        let now = now(inner, &held);
        let is_news = told.get(&held.id()).is_none_or(|(at, before)| at.elapsed() >= TELL || changed(before, &now));
        if !is_news {
            continue;
        }
        told.insert(held.id(), (Instant::now(), now.clone()));
        // Nobody waits for it: the next one says it again.
        say(desk, &held, false, |report| report.seen = Some(now)).await;
    }
}

/// Whether more is another way than numbers that always move.
fn changed(before: &ConnectorSeen, now: &ConnectorSeen) -> bool {
    (before.bound, &before.state, &before.stopped, &before.alerts) != (now.bound, &now.state, &now.stopped, &now.alerts)
}
