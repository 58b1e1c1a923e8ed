//! What has happened at this node's connectors, told to the node with the ledger: many things in one report, many reports on their way at a time.
//!
//! What an operator brings is acknowledged to it, a place in a window is free again, and a message of a queue is done with, once the broker has the report
//! that tells of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sambac_bus::amqp::BrokerError;
use sambac_bus::work::{Confirm, HandsetSeen, ReceiptSeen, Report, WorkBroker};
use sambac_domain::id::ConnectorId;
use sambac_domain::mo::MoBody;
use sambac_smpp::CommandStatus;
use tokio::sync::{mpsc, oneshot};

use super::Desk;
use crate::Inner;
use crate::commit::{Acknowledgement, Found, HandsetIn, Loaded, ReceiptFrom, Write};
use crate::connector::Slot;
use crate::kill_point;
use crate::seal::Seal;
use crate::work::answer;

/// Writes that are taken at once.
const WRITES_MAX: usize = 500;
/// Reports that may be without a confirm.
const REPORTS_MAX: usize = 256;
/// Before reports that the broker refused are published again.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);

/// A report, and what is done once the broker has it.
struct Telling {
    report: Report,
    slots: Vec<Slot>,
    brought: Vec<(Acknowledgement, CommandStatus)>,
    stored: Vec<oneshot::Sender<()>>,
    /// Its confirm, once it is published.
    confirm: Option<Confirm>,
}

/// Runs until nobody has anything to tell any more, and everything is told.
pub(super) async fn run(inner: Arc<Inner>, inbox: mpsc::Receiver<Write>) {
    let Some(desk) = inner.work.desk() else { return };
    tell_all(&inner, desk, inbox).await;
    inner.work.done();
}

async fn tell_all(inner: &Arc<Inner>, desk: &Desk, mut inbox: mpsc::Receiver<Write>) {
    let (mut open, mut is_closing) = (VecDeque::new(), false);
    while !is_closing || !open.is_empty() {
        let broker = tokio::select! {
            broker = desk.link.up() => broker,
            () = inner.closing.cancelled(), if !is_closing => {
                // What there is to tell waits for the broker. Where there is nothing, nobody does.
                inbox.close();
                is_closing = true;
                let mut writes = Vec::new();
                while inbox.recv_many(&mut writes, WRITES_MAX).await > 0 {
                    gather(inner, desk, &mut writes, &mut open);
                }
                continue;
            }
        };
        let told = tokio::select! {
            told = tell(inner, desk, &broker, &mut inbox, &mut open, &mut is_closing) => told,
            lost = desk.link.lost(&broker) => Err(lost),
        };
        if let Err(error) = told {
            let refused = matches!(error, BrokerError::Refused);
            if refused && let Some(first) = open.front_mut() {
                first.confirm = None; // It has been told.
            }
            // Published or not, they are published again: what comes twice is known.
            open.iter_mut().filter_map(|telling: &mut Telling| telling.confirm.take()).for_each(Confirm::settle);
            if !refused {
                desk.link.failed(&broker, &error);
                continue;
            }
            // Its queue is full, cannot be written now, or is gone: the link has nothing to do with it.
            tokio::time::sleep(REFUSED_PAUSE).await;
            if let Err(error) = broker.declare(&desk.link.queues().results()).await {
                desk.link.failed(&broker, &error);
            }
        }
    }
}

async fn tell(
    inner: &Arc<Inner>,
    desk: &Desk,
    broker: &WorkBroker,
    inbox: &mut mpsc::Receiver<Write>,
    open: &mut VecDeque<Telling>,
    is_closing: &mut bool,
) -> Result<(), BrokerError> {
    let queue = desk.link.queues().results();
    let mut writes = Vec::new();
    loop {
        for telling in open.iter_mut().filter(|telling| telling.confirm.is_none()) {
            let confirm = broker.publish(&queue, &telling.report.to_json(), true).await?;
            telling.confirm = Some(confirm);
        }
        if *is_closing && open.is_empty() {
            return Ok(());
        }
        tokio::select! {
            count = inbox.recv_many(&mut writes, WRITES_MAX), if open.len() < REPORTS_MAX && !*is_closing => {
                *is_closing = count == 0;
            }
            confirmed = first(open), if !open.is_empty() => {
                confirmed?;
                kill_point::reached("report_confirmed");
                if let Some(telling) = open.pop_front() {
                    telling.told(desk).await;
                }
            }
            () = inner.closing.cancelled(), if !*is_closing => inbox.close(),
        }
        if !writes.is_empty() {
            gather(inner, desk, &mut writes, open);
        }
    }
}

/// Waits for the oldest confirm.
async fn first(open: &mut VecDeque<Telling>) -> Result<(), BrokerError> {
    let Some(confirm) = open.front_mut().and_then(|telling| telling.confirm.as_mut()) else { return Ok(()) };
    confirm.await
}

/// Makes reports of writes, one for each connector, in the order of its writes.
fn gather(inner: &Arc<Inner>, desk: &Desk, writes: &mut Vec<Write>, open: &mut VecDeque<Telling>) {
    let mut tellings: Vec<Telling> = Vec::new();
    for write in writes.drain(..) {
        match write {
            Write::Answer(answer) => {
                let telling = of(desk, &mut tellings, answer.connector);
                telling.report.answers.push(answer::told(&answer));
                telling.slots.extend(answer.slot);
            }
            Write::Receipt(receipt) => {
                let telling = of(desk, &mut tellings, receipt.found.connector);
                telling.report.receipts.push(receipt_told(receipt.found));
                if let ReceiptFrom::Session(acknowledge) = receipt.from {
                    telling.brought.push((acknowledge, CommandStatus::ROK));
                }
            }
            Write::Handset { incoming, acknowledge } => match handset_told(&inner.settings.seal, &incoming) {
                Some(told) => {
                    let telling = of(desk, &mut tellings, incoming.connector);
                    telling.report.handsets.push(told);
                    telling.brought.push((acknowledge, incoming.status_by(&inner.snapshot.load())));
                }
                None => acknowledge.refuse(),
            },
            Write::Stored(done) => match tellings.last_mut().or_else(|| open.back_mut()) {
                Some(telling) => telling.stored.push(done),
                // A receiver that has gone asks no more.
                None => drop(done.send(())),
            },
            Write::Reload { loaded, done } => {
                if let Some(Loaded { snapshot, .. }) = loaded {
                    inner.snapshot.store(snapshot);
                }
                let _ = done.send(());
            }
            _ => tracing::error!("a node with binds was asked to write what only the ledger's node writes"),
        }
    }
    open.extend(tellings);
}

fn of<'a>(desk: &Desk, tellings: &'a mut Vec<Telling>, connector: ConnectorId) -> &'a mut Telling {
    let at = tellings.iter().position(|telling| telling.report.connector == connector).unwrap_or_else(|| {
        let (epoch, orderly_since) =
            desk.of(connector).map_or((0, 0), |held| (held.lease().epoch(), held.lease().orderly_since()));
        let mut report = Report::new(connector, &desk.node, epoch);
        report.orderly_since = orderly_since;
        tellings.push(Telling::new(report));
        tellings.len() - 1
    });
    &mut tellings[at]
}

impl Telling {
    fn new(report: Report) -> Self {
        Self { report, slots: Vec::new(), brought: Vec::new(), stored: Vec::new(), confirm: None }
    }

    /// The broker has it.
    async fn told(self, desk: &Desk) {
        drop(self.slots);
        self.brought.into_iter().for_each(|(acknowledge, status)| acknowledge.give(status));
        for done in self.stored {
            // A receiver that has gone asks no more.
            let _ = done.send(());
        }
        let Some(held) = desk.of(self.report.connector) else { return };
        // All of them are known as told before anything is waited for: this may end there, with the link.
        let answers = self.report.answers.into_iter();
        let deliveries: Vec<_> = answers.filter_map(|told| held.sent().is_answered(told)).collect();
        for delivery in deliveries {
            delivery.one_done().await;
        }
    }
}

fn receipt_told(found: Found) -> ReceiptSeen {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let (source, destination) = (text(&found.source), text(&found.destination));
    ReceiptSeen { receipt: found.receipt, source, destination, received_at: found.received_at }
}

/// `None` when its text could not be sealed.
fn handset_told(seal: &Seal, incoming: &HandsetIn) -> Option<HandsetSeen> {
    let body = MoBody { parts: vec![incoming.part.clone()], tlvs: incoming.tlvs.clone() };
    let sealed = seal.seal_octets(incoming.fingerprint, &serde_json::to_vec(&body).ok()?);
    let text = sealed.inspect_err(|error| tracing::error!(%error, "a handset's message was not sealed")).ok()?;
    Some(HandsetSeen {
        source: incoming.source.clone(),
        destination: incoming.destination.clone(),
        text,
        reference: incoming.reference,
        fingerprint: incoming.fingerprint,
        has_reference: incoming.has_reference,
        received_at: incoming.received_at,
    })
}
