//! Looks at a broker without changing anything there.

use std::time::Duration;

use lapin::options::{ConfirmSelectOptions, ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties, ExchangeKind};
use tokio::time::timeout;

use super::{BrokerError, BrokerUrl, TAKES_WITHIN, in_time, knock};

/// How long it may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a broker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerFacts {
    /// Whether it takes nothing for now: it is short of memory or of room.
    pub is_blocked: bool,
    /// Whether the exchange is there.
    pub has_exchange: bool,
    /// The queue, if it is there.
    pub queue: Option<QueueFacts>,
}

/// What a broker says of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFacts {
    /// What waits in it.
    pub messages: u32,
    /// Who takes from it.
    pub consumers: u32,
}

/// Connects, and asks whether this exchange and this queue are there.
///
/// # Errors
/// [`BrokerError`] when the broker cannot be reached, or does not let us in.
pub async fn probe(url: &BrokerUrl, exchange: &str, queue: &str) -> Result<BrokerFacts, BrokerError> {
    let properties = ConnectionProperties::default().with_connection_name("sambac doctor".into());
    let connection = in_time(Connection::connect_uri(url.uri().clone(), properties)).await?;
    // A channel ends when it has asked for something that is not there.
    let channel = in_time(connection.create_channel()).await?;
    let options = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let declared = channel.exchange_declare(exchange.into(), ExchangeKind::Topic, options, FieldTable::default());
    let has_exchange = in_time(declared).await.is_ok();
    let channel = in_time(connection.create_channel()).await?;
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let declared = in_time(channel.queue_declare(queue.into(), options, FieldTable::default())).await.ok();
    let queue = declared.map(|queue| QueueFacts { messages: queue.message_count(), consumers: queue.consumer_count() });
    let channel = in_time(connection.create_channel()).await?;
    in_time(channel.confirm_select(ConfirmSelectOptions::default())).await?;
    // Who may not publish there is told so: that is no answer to this question.
    let is_blocked = timeout(TAKES_WITHIN, knock(&channel)).await.is_err();
    // It ends with this process in any case; a broker that takes nothing does not hear it.
    let _ = timeout(GOODBYE, connection.close(200, "done".into())).await;
    Ok(BrokerFacts { is_blocked, has_exchange, queue })
}
