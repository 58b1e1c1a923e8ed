//! What is told beside what became of segments: how a connector is, what a person must know of, and replies. Nobody's message depends on it.

use std::sync::Arc;

use sambac_bus::work::Report;
use sambac_domain::Msisdn;
use sambac_domain::id::ConnectorId;

use super::Desk;
use super::held::Held;
use crate::Inner;
use crate::connector::Turn;

/// Tells it, if the broker is up. What is not `kept` is worth nothing after some seconds.
pub(super) async fn say(desk: &Desk, held: &Held, kept: bool, fill: impl FnOnce(&mut Report)) {
    let Some(broker) = desk.link.now() else { return };
    let mut report = Report::new(held.id(), &desk.node, held.lease().epoch());
    fill(&mut report);
    match broker.publish(&desk.link.queues().results(), &report.to_json(), kept).await {
        Ok(confirm) => confirm.settle(),
        Err(error) => desk.link.failed(&broker, &error),
    }
}

/// Tells what has happened at connectors that a person must know of.
pub(super) async fn alerts(inner: &Inner, desk: &Desk) {
    if !desk.link.is_up() {
        return;
    }
    let all = desk.all();
    if all.is_empty() {
        return;
    }
    for alert in inner.alerts.take_events() {
        let of = all.iter().find(|held| held.name() == alert.subject).or(all.first());
        if let Some(held) = of {
            say(desk, held, true, |report| report.alerts.push(alert)).await;
        }
    }
}

/// A subscriber can be reached again: what waits for it is with the node that has the ledger. The next one may be told of when this one is.
pub(crate) fn reachable(inner: &Arc<Inner>, id: ConnectorId, number: Msisdn, turn: Turn) {
    let inner = Arc::clone(inner);
    inner.tasks.clone().spawn(async move {
        if let Some(desk) = inner.work.desk()
            && let Some(held) = desk.of(id)
        {
            say(desk, &held, false, |report| report.reachable.push(number)).await;
        }
        drop(turn);
    });
}
