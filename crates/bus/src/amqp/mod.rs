//! RabbitMQ, or what speaks AMQP 0.9.1 like it: events go out by a [`Publisher`] and come in by a [`Consumer`].
//!
//! Neither connects again by itself: whoever has one lets it go at the first error and makes a new one, after a pause. What was not
//! confirmed, or not acknowledged, is told again then.

mod consumer;
mod probe;
mod publisher;
mod url;
mod version;

use std::time::Duration;

use lapin::options::{BasicPublishOptions, ExchangeDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind, ExchangeKind};

pub use consumer::{Consumer, Delivered};
pub use probe::{BrokerFacts, QueueFacts, probe};
pub use publisher::{Outgoing, Publisher};
pub use url::{BrokerUrl, BrokerUrlError};
pub use version::BrokerVersion;

/// How long the broker may take to take a connection, or to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// A broker that has not taken something by then takes nothing.
pub(crate) const TAKES_WITHIN: Duration = Duration::from_secs(3);
/// A queue that nobody makes.
const NOWHERE: &str = "sambac.nowhere";

/// By which the broker says that something is not there.
const NOT_FOUND: u16 = 404;

/// The broker did not do it.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// It is away, or the connection broke.
    #[error("the broker: {0}")]
    Broker(String),
    /// What was named is not there.
    #[error("the broker: {0}")]
    Missing(String),
    /// It does not answer.
    #[error("the broker did not answer within {} s", ANSWER_TIMEOUT.as_secs())]
    Timeout,
    /// It confirmed that it has not taken an event.
    #[error("the broker refused an event")]
    Refused,
}

impl From<lapin::Error> for BrokerError {
    fn from(error: lapin::Error) -> Self {
        match error.kind() {
            ErrorKind::ProtocolError(said) if said.get_id() == NOT_FOUND => Self::Missing(error.to_string()),
            _ => Self::Broker(error.to_string()),
        }
    }
}

/// A channel of a new connection, with the exchange declared.
async fn open(url: &BrokerUrl, exchange: &str, name: &str) -> Result<(Connection, Channel), BrokerError> {
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let connection = in_time(Connection::connect_uri(url.uri().clone(), properties)).await?;
    let channel = in_time(connection.create_channel()).await?;
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    in_time(channel.exchange_declare(exchange.into(), ExchangeKind::Topic, options, FieldTable::default())).await?;
    Ok((connection, channel))
}

/// Publishes something that goes nowhere, on a channel that has confirms, and waits for the broker's word, whenever that comes. Only who publishes is told that the broker
/// is short of memory or of room; the first time it takes what came all the same, and nothing more from then on: so it is done twice.
pub(crate) async fn knock(channel: &Channel) -> Result<(), BrokerError> {
    for _ in 0..2 {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let word = channel.basic_publish("".into(), NOWHERE.into(), options, b"", properties).await?;
        taken(&word.await?)?;
    }
    Ok(())
}

/// What the broker has said of something that was published.
pub(crate) fn taken(word: &Confirmation) -> Result<(), BrokerError> {
    match word {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(_)) | Confirmation::Nack(_) | Confirmation::NotRequested => Err(BrokerError::Refused),
    }
}

pub(crate) async fn in_time<T>(answer: impl Future<Output = lapin::Result<T>>) -> Result<T, BrokerError> {
    Ok(tokio::time::timeout(ANSWER_TIMEOUT, answer).await.map_err(|_| BrokerError::Timeout)??)
}
