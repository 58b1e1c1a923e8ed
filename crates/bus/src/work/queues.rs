//! The queues' names, and how they are declared.

use lapin::options::{ConfirmSelectOptions, QueueDeclareOptions, QueuePurgeOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection};
use sambac_domain::class::Lane;
use sambac_domain::id::ConnectorId;

use crate::amqp::{BrokerError, in_time};

/// A batch that was handed out so often, and never acknowledged, is put aside.
const DELIVERIES_MAX: i32 = 20;
/// Messages of one queue; what would be more is refused, and waits in the outbox. A batch has many segments.
const MESSAGES_MAX: i64 = 20_000;
/// Questions to one connector that nobody has taken.
const ASKS_MAX: i64 = 1_000;

/// The names of the queues of one installation: several may share a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkQueues {
    prefix: String,
}

/// What a queue has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// What waits in it and is not handed out.
    pub messages: u32,
    /// Who takes from it.
    pub consumers: u32,
}

/// How a queue is that may have been made by somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueFound {
    /// It is not there.
    Missing,
    /// As this program makes it.
    AsDeclared,
    /// Otherwise; what the broker says.
    Otherwise(String),
}

impl WorkQueues {
    /// Queues whose names begin so.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Segments for a connector.
    pub fn submit(&self, connector: ConnectorId, lane: Lane) -> String {
        format!("{}.submit.{connector}.{}", self.prefix, lane.0)
    }

    /// Questions to the node that has a connector's binds.
    pub fn ask(&self, connector: ConnectorId) -> String {
        format!("{}.ask.{connector}", self.prefix)
    }

    /// What became of segments, and what operators brought.
    pub fn results(&self) -> String {
        format!("{}.results", self.prefix)
    }

    /// What nobody could work on.
    pub fn dead(&self) -> String {
        format!("{}.dead", self.prefix)
    }

    /// What nobody can read: nobody takes from it.
    pub fn unreadable(&self) -> String {
        format!("{}.unreadable", self.prefix)
    }

    /// Makes a queue of work. One that is there stays as it is.
    ///
    /// # Errors
    /// Also when it is there and otherwise.
    pub(super) async fn make(&self, connection: &Connection, queue: &str) -> Result<(), BrokerError> {
        let channel = in_time(connection.create_channel()).await?;
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        in_time(channel.queue_declare(queue.into(), durable, self.arguments(queue))).await.map(drop)
    }

    /// All of RabbitMQ 3.10 and later. What is dead or cannot be read stays: it has no bound, no limit, and nowhere to go. A question that nobody takes is forgotten.
    fn arguments(&self, queue: &str) -> FieldTable {
        let text = |value: &str| AMQPValue::LongString(value.into());
        let mut table = FieldTable::default();
        table.insert("x-queue-type".into(), text("quorum"));
        if queue.starts_with(&format!("{}.ask.", self.prefix)) {
            table.insert("x-overflow".into(), text("reject-publish"));
            table.insert("x-max-length".into(), AMQPValue::LongLongInt(ASKS_MAX));
        } else if queue != self.dead() && queue != self.unreadable() {
            table.insert("x-overflow".into(), text("reject-publish"));
            table.insert("x-max-length".into(), AMQPValue::LongLongInt(MESSAGES_MAX));
            table.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERIES_MAX));
            table.insert("x-dead-letter-exchange".into(), text(""));
            table.insert("x-dead-letter-routing-key".into(), text(&self.dead()));
            table.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        }
        table
    }
}

/// Empties a queue; what is handed out stays with who has it.
pub(super) async fn purge(channel: &Channel, queue: &str) -> Result<u32, BrokerError> {
    in_time(channel.queue_purge(queue.into(), QueuePurgeOptions::default())).await
}

/// A channel on which each publish is confirmed.
pub(super) async fn confirming(connection: &Connection) -> Result<Channel, BrokerError> {
    let channel = in_time(connection.create_channel()).await?;
    in_time(channel.confirm_select(ConfirmSelectOptions::default())).await?;
    Ok(channel)
}
