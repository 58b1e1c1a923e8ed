//! What the node with the ledger asks of an operator by a connector's binds, and the replies.

use std::sync::Arc;
use std::time::Duration;

use sambac_bus::amqp::BrokerError;
use sambac_bus::work::{Ask, Asked, Reply, Said, WorkBroker};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::SKEW_MAX;
use super::held::Held;
use super::say::say;
use crate::Inner;
use crate::work::asks::PLACE_LIMIT;

/// Before the queue of questions is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// Questions that are worked on at a time.
const OPEN_MAX: u16 = 32;

/// Runs until the connector is given up.
pub(super) async fn run(inner: Arc<Inner>, held: Arc<Held>) {
    let Some(desk) = inner.work.desk() else { return };
    loop {
        let broker = tokio::select! {
            broker = desk.link().up() => broker,
            () = held.closed.cancelled() => return,
        };
        match take(&inner, &held, &broker).await {
            Ok(()) if held.closed.is_cancelled() => return,
            Ok(()) => {}
            Err(error) if broker.is_up() => {
                // Segments and reports have nothing to do with it: the link stays.
                tracing::warn!(connector = held.name(), %error, "no questions are taken; tried again");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            Err(error) => desk.link().failed(&broker, &error),
        }
    }
}

async fn take(inner: &Arc<Inner>, held: &Arc<Held>, broker: &Arc<WorkBroker>) -> Result<(), BrokerError> {
    let Some(desk) = inner.work.desk() else { return Ok(()) };
    let queue = desk.link().queues().ask(held.id());
    broker.declare(&queue).await?;
    let mut arrivals = broker.take(&queue, OPEN_MAX).await?;
    let (acknowledging, mut open) = (arrivals.acknowledging(), JoinSet::new());
    loop {
        let arrived = tokio::select! {
            arrived = arrivals.next(), if open.len() < OPEN_MAX.into() => arrived?,
            Some(_) = open.join_next() => continue,
            _ = desk.link().lost(broker) => return Ok(()),
            () = held.closed.cancelled() => break,
        };
        // Once is enough: who asks does so again when no reply comes.
        acknowledging.done(arrived.tag).await?;
        match Ask::from_json(&arrived.body) {
            // Nobody waits for the reply any more.
            Ok(ask) if inner.clock.now() > ask.until.saturating_add(SKEW_MAX) => {}
            Ok(ask) => drop(open.spawn(reply(Arc::clone(inner), Arc::clone(held), ask))),
            Err(error) => tracing::warn!(connector = held.name(), %error, "a question was not read"),
        }
    }
    arrivals.close().await;
    Ok(())
}

async fn reply(inner: Arc<Inner>, held: Arc<Held>, ask: Ask) {
    let Some(desk) = inner.work.desk() else { return };
    let reply = Reply { id: ask.id, said: said(&held, ask.asked).await };
    say(desk, &held, true, |report| report.replies.push(reply)).await;
}

async fn said(held: &Held, asked: Asked) -> Said {
    let connector = held.connector();
    match asked {
        _ if !held.lease().is_held() => Said::NotAsked,
        Asked::Query { smsc_message_id, sender } => {
            connector.query_within(PLACE_LIMIT, &sender, &smsc_message_id).await
        }
        Asked::TakeBack { smsc_message_id, sender, destination } => {
            let recalled = connector.recall(&sender, destination, &smsc_message_id);
            match timeout(connector.response_timeout(), recalled).await {
                Ok(true) => Said::TakenBack,
                Ok(false) => Said::Kept,
                Err(_) => Said::Nothing,
            }
        }
        Asked::BindAgain => {
            connector.bind_again();
            Said::Done
        }
    }
}
