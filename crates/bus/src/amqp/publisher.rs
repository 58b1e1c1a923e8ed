//! Publishes events, and waits for the broker's word that it has them.

use std::collections::VecDeque;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, Connection, PublisherConfirm};

use super::{BrokerError, BrokerUrl, in_time, open};

/// Events that may be without a confirm at a time.
const WINDOW: usize = 1_024;
const PERSISTENT: u8 = 2;

/// An event on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// What it is routed by.
    pub routing_key: &'static str,
    /// Its id: the message_id of AMQP.
    pub event_id: String,
    /// When it was written, in seconds since 1970.
    pub at_s: u64,
    /// JSON.
    pub body: Vec<u8>,
}

/// A connection that publishes to one exchange.
#[derive(Debug)]
pub struct Publisher {
    /// Closed when it is dropped.
    _connection: Connection,
    channel: Channel,
    exchange: String,
}

impl Publisher {
    /// Connects, and declares the exchange: of the kind topic, durable.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub async fn connect(url: &BrokerUrl, exchange: &str) -> Result<Self, BrokerError> {
        let (connection, channel) = open(url, exchange, "sambac events").await?;
        in_time(channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(Self { _connection: connection, channel, exchange: exchange.to_owned() })
    }

    /// Publishes these in their order, and answers when the broker has confirmed all of them: how many of them no queue wanted.
    ///
    /// # Errors
    /// [`BrokerError`]; any of them may have been published then, and all are to be published again.
    pub async fn publish(&self, events: &[Outgoing]) -> Result<u64, BrokerError> {
        let (mut open, mut unrouted) = (VecDeque::with_capacity(WINDOW.min(events.len())), 0);
        for event in events {
            if open.len() >= WINDOW
                && let Some(oldest) = open.pop_front()
            {
                unrouted += confirmed(oldest).await?;
            }
            open.push_back(self.send(event).await?);
        }
        for confirm in open {
            unrouted += confirmed(confirm).await?;
        }
        Ok(unrouted)
    }

    async fn send(&self, event: &Outgoing) -> Result<PublisherConfirm, BrokerError> {
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(event.event_id.as_str().into())
            .with_type(event.routing_key.into())
            .with_timestamp(event.at_s)
            .with_app_id("sambac".into());
        // Events that no queue wants come back before they are confirmed.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let exchange = self.exchange.as_str().into();
        in_time(self.channel.basic_publish(exchange, event.routing_key.into(), options, &event.body, properties)).await
    }
}

/// How many were returned: none or one.
async fn confirmed(confirm: PublisherConfirm) -> Result<u64, BrokerError> {
    match in_time(confirm).await? {
        Confirmation::Ack(returned) => Ok(u64::from(returned.is_some())),
        Confirmation::Nack(_) | Confirmation::NotRequested => Err(BrokerError::Refused),
    }
}
