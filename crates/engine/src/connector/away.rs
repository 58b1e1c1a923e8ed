//! Connectors that are away: down for longer than a bind takes to come again, or stopped.
//!
//! What waits for one goes to a connector of the same route that is there, and new messages do not begin with it. What was tried
//! already goes forward in its route only, so that nothing is sent twice by one connector. Who is alone on its routes keeps what it has.
//! An alert tells of one that is down for long although it is to run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::ConnectorId;
use tokio::time::Instant;

use super::{ConnectorState, ConnectorStatus};
use crate::alert::AlertKind;
use crate::commit::Gives;
use crate::snapshot::Snapshot;
use crate::{Engine, Inner};

/// How often it is looked.
const INTERVAL: Duration = Duration::from_millis(500);
/// When it is looked again whether something can go that could not.
const AGAIN: Duration = Duration::from_secs(30);

/// A connector that is to be there.
struct Present {
    id: ConnectorId,
    name: String,
    /// Binds that are up.
    bound: usize,
    /// Nobody has stopped it.
    is_to_run: bool,
}

/// How long one is down, and when it gave away the last time.
struct Down {
    since: Instant,
    gave_at: Option<Instant>,
}

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL.min(inner.settings.away_after.max(Duration::from_millis(1))));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut down = HashMap::new();
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        tokio::select! {
            () = look(&inner, &mut down) => {}
            // What waits is with the next process.
            () = inner.stopping.cancelled() => return,
        }
    }
}

async fn look(inner: &Arc<Inner>, down: &mut HashMap<ConnectorId, Down>) {
    let (connectors, now) = (present(inner), Instant::now());
    down.retain(|id, _| connectors.iter().any(|one| one.id == *id && one.bound == 0));
    for connector in connectors.iter().filter(|connector| connector.bound == 0) {
        down.entry(connector.id).or_insert(Down { since: now, gave_at: None });
    }
    let lasts = |id: &ConnectorId, time: Duration| down.get(id).is_some_and(|down| now >= down.since + time);
    for connector in &connectors {
        tell(inner, connector, lasts(&connector.id, inner.settings.down_alert_after));
    }
    let mut away: Vec<_> = down.keys().copied().filter(|id| lasts(id, inner.settings.away_after)).collect();
    away.sort_unstable();
    if inner.connectors.set_away(&away) {
        // Somebody came or went: what could not go before may go now.
        down.values_mut().for_each(|down| down.gave_at = None);
    }
    let snapshot = inner.snapshot.load_full();
    for id in &away {
        let Some(own) = down.get_mut(id) else { continue };
        if own.gave_at.is_none_or(|at| now >= at + AGAIN) && has_others(&snapshot, *id, &away) {
            own.gave_at = Some(now);
            give_away(inner, *id).await;
        }
    }
}

/// The connectors that are to be there: those that run here, or those of other nodes.
fn present(inner: &Inner) -> Vec<Present> {
    match inner.work.office() {
        Some(office) => office.all().into_iter().map(Present::from).collect(),
        None => inner.connectors.all().iter().map(|connector| Present::from(connector.status())).collect(),
    }
}

impl From<ConnectorStatus> for Present {
    fn from(status: ConnectorStatus) -> Self {
        let is_to_run = !matches!(status.state, ConnectorState::Stopped(_) | ConnectorState::Draining);
        Self { id: status.id, name: status.name, bound: status.bound, is_to_run }
    }
}

fn tell(inner: &Inner, connector: &Present, is_down: bool) {
    let (alerts, name) = (&inner.alerts, &connector.name);
    if is_down && connector.is_to_run {
        alerts.holds(AlertKind::ConnectorDown, name, "it is to run, and none of its binds is up");
    } else {
        alerts.clear(AlertKind::ConnectorDown, name, "it is up, or not to run");
    }
}

/// Whether a route leads to it and to somebody who is there.
fn has_others(snapshot: &Snapshot, id: ConnectorId, away: &[ConnectorId]) -> bool {
    snapshot.routes_with(id).any(|route| route.iter().any(|other| !away.contains(other)))
}

async fn give_away(inner: &Arc<Inner>, id: ConnectorId) {
    if let Some(connector) = inner.connectors.get(id) {
        // What was announced while it was there, and not sent.
        connector.give_back().await;
    }
    match Engine(Arc::clone(inner)).give_away(id, Gives::Reachable).await {
        Ok(done) if done.released.moved > 0 => {
            tracing::warn!(connector = %id, moved = done.released.moved, "it is away: others have what waited for it");
        }
        Ok(_) => {}
        Err(refusal) => {
            tracing::error!(connector = %id, %refusal, "it is away, and what waits for it was not given away");
        }
    }
}
