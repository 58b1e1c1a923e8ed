//! From the broker to the sender: what came before is known, what another node may have sent is in doubt, everything else is sent.

use std::sync::Arc;
use std::time::Duration;

use sambac_bus::amqp::BrokerError;
use sambac_bus::work::{Acknowledging, Arrivals, Arrived, Batch, Carried, WorkBroker};
use sambac_bus::{Queued, Task};
use sambac_domain::Message;
use sambac_domain::class::Lane;
use sambac_domain::id::SegmentId;
use sambac_domain::message::MessageBody;
use tokio::time::timeout;

use super::held::Held;
use super::sent::{Delivery, Known};
use crate::Inner;
use crate::commit::{AnswerOutcome, target_of};
use crate::kill_point;
use crate::work::put_aside;

/// Messages of a queue that are handed out ahead: their segments are in memory here, and in doubt when this node dies.
const PREFETCH_MIN: usize = 2;
const PREFETCH_MAX: usize = 64;
/// Segments of a message of a queue, about.
const SEGMENTS_ABOUT: usize = 32;
/// How long what was handed out is waited for when nothing more is taken.
const LAST: Duration = Duration::from_millis(200);

/// Runs until the connector is given up.
pub(super) async fn run(inner: Arc<Inner>, held: Arc<Held>) {
    let Some(desk) = inner.work.desk() else { return };
    while !held.closed.is_cancelled() {
        let broker = tokio::select! {
            broker = desk.link.up() => broker,
            () = held.closed.cancelled() => break,
        };
        if let Err(error) = take(&inner, &held, &broker).await {
            desk.link.failed(&broker, &error);
        }
    }
    held.emptied.cancel();
}

async fn take(inner: &Arc<Inner>, held: &Held, broker: &Arc<WorkBroker>) -> Result<(), BrokerError> {
    let Some(desk) = inner.work.desk() else { return Ok(()) };
    let prefetch = (held.connector().window_max() / SEGMENTS_ABOUT + PREFETCH_MIN).min(PREFETCH_MAX);
    let prefetch = u16::try_from(prefetch).unwrap_or(u16::MAX);
    let mut lanes = Vec::new();
    for lane in Lane::ALL {
        let queue = desk.link.queues().submit(held.id(), lane);
        broker.declare(&queue).await?;
        lanes.push(broker.take(&queue, prefetch).await?);
    }
    let [otp, transactional, marketing] = lanes.as_mut_slice() else { return Ok(()) };
    loop {
        let (arrived, by) = tokio::select! {
            biased;
            () = held.closed.cancelled() => break,
            // Here only: what has come is never half taken.
            _ = desk.link.lost(broker) => return Ok(()),
            arrived = otp.next() => (arrived?, otp.acknowledging()),
            arrived = transactional.next() => (arrived?, transactional.acknowledging()),
            arrived = marketing.next() => (arrived?, marketing.acknowledging()),
        };
        comes(inner, held, &arrived, by).await?;
    }
    if held.lease().is_held() {
        for arrivals in &mut lanes {
            give_back(inner, held, arrivals).await?;
        }
        // They stay open: what is on its way is acknowledged on them.
        held.emptied.cancel();
        held.given.cancelled().await;
    } else {
        for arrivals in lanes {
            arrivals.close().await;
        }
    }
    Ok(())
}

/// What was handed out and not looked at yet.
async fn give_back(inner: &Arc<Inner>, held: &Held, arrivals: &mut Arrivals) -> Result<(), BrokerError> {
    arrivals.stop().await?;
    let by = arrivals.acknowledging();
    while let Ok(Ok(arrived)) = timeout(LAST, arrivals.next()).await {
        comes(inner, held, &arrived, by.clone()).await?;
    }
    Ok(())
}

async fn comes(inner: &Arc<Inner>, held: &Held, arrived: &Arrived, by: Acknowledging) -> Result<(), BrokerError> {
    let batch = match Batch::from_json(&arrived.body) {
        Ok(batch) => batch,
        Err(error) => return put_aside(inner, held.name(), &by, arrived.tag, &error.to_string()).await,
    };
    let comes_again = arrived.redelivered || batch.again;
    let in_doubt = comes_again && (held.may_be_anothers(&batch) || held.sent().may_have_forgotten(batch.intent));
    let goes_back =
        held.closed.is_cancelled() || !held.connector().takes() || held.is_down_for(inner.settings.away_after);
    let delivery = Delivery::new(by.clone(), arrived.tag, batch.len());
    let mut to_send = Vec::new();
    let opened: Option<Vec<_>> = batch.messages.iter().map(|carried| opened(inner, carried)).collect();
    let Some(opened) = opened else {
        let why = "its text does not open with this node's master key";
        return put_aside(inner, held.name(), &by, arrived.tag, why).await;
    };
    for (carried, message) in batch.messages.iter().zip(opened) {
        for segment in &carried.segments {
            let id = SegmentId::new(message.id, segment.no);
            let (known, before) = held.sent().comes(id, batch.intent, &delivery);
            if let Some(before) = before {
                before.one_done().await;
            }
            if matches!(known, Known::Open) {
                continue;
            }
            let task = Task::Submit { segment: id, attempt: segment.attempt, message: Arc::clone(&message) };
            let queued = Queued { target: target_of(held.id()), lane: batch.lane, id: id.raw(), task };
            if let Known::Answered(told) = known {
                held.connector().tell_again(*told, queued).await;
            } else if in_doubt {
                held.connector().not_sent_here(batch.intent, queued, AnswerOutcome::Unknown).await;
            } else if goes_back {
                held.connector().not_sent_here(batch.intent, queued, AnswerOutcome::NotSent).await;
            } else {
                to_send.push(queued);
            }
        }
    }
    kill_point::reached("handed_out");
    held.connector().feed(batch.intent, to_send);
    Ok(())
}

fn opened(inner: &Inner, carried: &Carried) -> Option<Arc<Message>> {
    let opened = inner.settings.seal.open_octets(carried.message.id.raw(), &carried.text).ok()?;
    let body = MessageBody::from_bytes(&opened).ok()?;
    Some(Arc::new(Message { body, ..Message::clone(&carried.message) }))
}
