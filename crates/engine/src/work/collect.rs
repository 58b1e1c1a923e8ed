//! What comes back from the nodes with binds goes to the group commit, and is acknowledged to the broker once it is stored.
//!
//! Reports are taken in the order in which they come, and many wait for their commit at a time. What comes twice is known: an answer by that its
//! segment has one, a receipt and a handset's message as they would be from the operator itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use sambac_bus::amqp::BrokerError;
use sambac_bus::work::{Acknowledging, Batch, HandsetSeen, Happened, ReceiptSeen, Report, WorkBroker};
use sambac_domain::id::ConnectorId;
use sambac_domain::mo::MoBody;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::link::BrokerLink;
use super::put_aside;
use crate::Inner;
use crate::alert::AlertKind;
use crate::commit::{Acknowledgement, Brought, Found, HandsetIn, ReceiptFrom, ReceiptIn, Write};

/// Reports that are handed out and not stored.
const PREFETCH: u16 = 64;
/// Before something that the database did not take is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// What is taken.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    /// Reports of nodes with binds.
    Reports,
    /// What was put aside.
    Dead,
}

/// Takes it by each link that comes up, until the engine stops.
pub(super) async fn run(inner: Arc<Inner>, link: Arc<BrokerLink>, what: Takes) {
    loop {
        let broker = tokio::select! {
            broker = link.up() => broker,
            () = inner.stopping.cancelled() => return,
        };
        let taken = async {
            match what {
                Takes::Reports => take(&inner, &link, &broker).await,
                Takes::Dead => take_dead(&inner, &link, &broker).await,
            }
        };
        tokio::select! {
            taken = taken => {
                let Err(error) = taken;
                link.failed(&broker, &error);
            }
            () = inner.stopping.cancelled() => return,
        }
    }
}

async fn take(inner: &Arc<Inner>, link: &BrokerLink, broker: &Arc<WorkBroker>) -> Result<Infallible, BrokerError> {
    let queue = link.queues().results();
    let mut arrivals = broker.take(&queue, PREFETCH).await?;
    let acknowledging = arrivals.acknowledging();
    let mut storing = JoinSet::new();
    loop {
        tokio::select! {
            arrived = arrivals.next() => {
                let arrived = arrived?;
                match Report::from_json(&arrived.body) {
                    Ok(report) => {
                        let stored = hand_over(inner, report).await;
                        storing.spawn(finish(stored, acknowledging.clone(), arrived.tag));
                    }
                    Err(error) => put_aside(inner, &queue, &acknowledging, arrived.tag, &error.to_string()).await?,
                }
            }
            // Here only: a report in hand is handed over whole.
            lost = link.lost(broker) => return Err(lost),
            Some(done) = storing.join_next() => {
                // A task that was cancelled has not acknowledged: its report comes again.
                done.unwrap_or(Ok(()))?;
            }
        }
    }
}

/// What is handed over and not known to be stored.
struct Handed {
    inner: Arc<Inner>,
    report: Report,
    brought: Arc<Brought>,
    stored: oneshot::Receiver<()>,
}

/// Hands a report's parts to the group commit, in their order.
async fn hand_over(inner: &Arc<Inner>, mut report: Report) -> Handed {
    let line = inner.work.office().and_then(|office| office.announced_by(report.connector));
    for answered in std::mem::take(&mut report.answers) {
        if let Some(write) = line.as_ref().and_then(|line| line.answered(answered, report.held())) {
            inner.write(write).await;
        }
    }
    if let (Some(line), Some(seen)) = (&line, report.seen.take()) {
        line.hears(&report, seen);
    }
    if let Some(office) = inner.work.office() {
        std::mem::take(&mut report.replies).into_iter().for_each(|reply| office.replied(reply));
    }
    std::mem::take(&mut report.alerts).into_iter().for_each(|alert| inner.alerts.happened(alert));
    for number in std::mem::take(&mut report.reachable) {
        line.iter().for_each(|line| line.looks().hurry(inner, number));
    }
    let (brought, stored) = bring(inner, &report).await;
    Handed { inner: Arc::clone(inner), report, brought, stored }
}

/// What operators brought, once or again.
async fn bring(inner: &Arc<Inner>, report: &Report) -> (Arc<Brought>, oneshot::Receiver<()>) {
    let brought = Arc::new(Brought::default());
    for receipt in &report.receipts {
        let found = found(inner, report.connector, receipt);
        let from = ReceiptFrom::Session(Acknowledgement::Node(Arc::clone(&brought)));
        inner.write(Write::Receipt(Box::new(ReceiptIn { found, from }))).await;
    }
    for handset in &report.handsets {
        if let Some(incoming) = handset_in(inner, report.connector, handset) {
            let acknowledge = Acknowledgement::Node(Arc::clone(&brought));
            inner.write(Write::Handset { incoming: Box::new(incoming), acknowledge }).await;
        }
    }
    let (done, stored) = oneshot::channel();
    inner.write(Write::Stored(done)).await;
    (brought, stored)
}

/// Waits until all of a report is stored, and tells the broker.
async fn finish(mut handed: Handed, acknowledging: Acknowledging, tag: u64) -> Result<(), BrokerError> {
    loop {
        if handed.stored.await.is_err() {
            // The engine has ended: the broker hands it out again.
            return Ok(());
        }
        if !handed.brought.was_refused() {
            return acknowledging.done(tag).await;
        }
        // The operator has been told that we have it.
        tokio::time::sleep(RETRY_PAUSE).await;
        (handed.brought, handed.stored) = bring(&handed.inner, &handed.report).await;
    }
}

fn found(inner: &Inner, connector: ConnectorId, seen: &ReceiptSeen) -> Found {
    let addresses = (seen.source.as_bytes(), seen.destination.as_bytes());
    Found::new(&inner.snapshot.load(), connector, seen.receipt.clone(), addresses, seen.received_at)
}

/// `None` when its text does not open: then it was sealed with another key, and nobody here can read it. A person is told.
fn handset_in(inner: &Inner, connector: ConnectorId, seen: &HandsetSeen) -> Option<HandsetIn> {
    let snapshot = inner.snapshot.load();
    let opened = inner.settings.seal.open_octets(seen.fingerprint, &seen.text).ok();
    let Some(MoBody { parts, tlvs }) = opened.and_then(|opened| serde_json::from_slice(&opened).ok()) else {
        let text =
            "a handset's message does not open with this node's master key: its operator was told that we have it";
        inner.alerts.raise(AlertKind::WorkPutAside, &connector.to_string(), text);
        return None;
    };
    Some(HandsetIn {
        connector,
        profile: snapshot.profile(connector).cloned().unwrap_or_default(),
        group: snapshot.receipt_group(connector),
        source: seen.source.clone(),
        destination: seen.destination.clone(),
        part: parts.into_iter().next()?,
        reference: seen.reference,
        tlvs,
        fingerprint: seen.fingerprint,
        has_reference: seen.has_reference,
        received_at: seen.received_at,
    })
}

/// Takes what was put aside: segments that a node has been handed again and again and never answered are in doubt, and a report that came so often is taken once more; a
/// person is told. What cannot be read goes where nobody takes it.
async fn take_dead(inner: &Arc<Inner>, link: &BrokerLink, broker: &Arc<WorkBroker>) -> Result<Infallible, BrokerError> {
    let queue = link.queues().dead();
    let mut arrivals = broker.take(&queue, PREFETCH).await?;
    let acknowledging = arrivals.acknowledging();
    loop {
        let arrived = tokio::select! {
            arrived = arrivals.next() => arrived?,
            lost = link.lost(broker) => return Err(lost),
        };
        let Ok(batch) = Batch::from_json(&arrived.body) else {
            match Report::from_json(&arrived.body) {
                // How a connector was: forgotten when nobody took it in its time.
                Ok(report) if report.is_empty() => acknowledging.done(arrived.tag).await?,
                Ok(report) => {
                    let text = format!("a report of {} was handed out again and again: it is taken now", report.node);
                    inner.alerts.raise(AlertKind::WorkPutAside, &queue, text);
                    let stored = finish(hand_over(inner, report).await, acknowledging.clone(), arrived.tag);
                    // When it cannot be acknowledged it comes again.
                    inner.tasks.spawn(async { drop(stored.await) });
                }
                Err(error) => {
                    // Where nobody takes it: what is never acknowledged would cost this link after half an hour.
                    let aside = link.queues().unreadable();
                    inner.alerts.raise(AlertKind::WorkPutAside, &aside, error.to_string());
                    match set_aside(broker, &aside, &arrived.body).await {
                        Ok(()) => acknowledging.done(arrived.tag).await?,
                        Err(error) if broker.is_up() => tracing::error!(%error, aside, "it stays among the dead"),
                        Err(error) => return Err(error),
                    }
                }
            }
            continue;
        };
        let first = batch.segments().next().map(|segment| segment.to_string()).unwrap_or_default();
        let text =
            format!("{} segments, the first {first}, were handed out again and again and never answered", batch.len());
        inner.alerts.raise(AlertKind::WorkPutAside, &queue, text);
        if let Some(line) = inner.work.office().and_then(|office| office.announced_by(batch.connector)) {
            line.end_batch(&batch, Happened::Unknown).await;
        }
        acknowledging.done(arrived.tag).await?;
    }
}

async fn set_aside(broker: &WorkBroker, queue: &str, body: &[u8]) -> Result<(), BrokerError> {
    broker.declare(queue).await?;
    broker.publish(queue, body, true).await?.await
}
