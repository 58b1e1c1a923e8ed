//! Takes events from a queue, many at a time, and acknowledges them when they are stored.

use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};

use super::{BrokerError, BrokerUrl, in_time, open};

/// One event as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// What it was routed by.
    pub routing_key: String,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the broker has handed it out before.
    pub redelivered: bool,
    tag: u64,
}

/// A connection that consumes from one queue.
#[derive(Debug)]
pub struct Consumer {
    connection: Connection,
    channel: Channel,
    deliveries: lapin::Consumer,
}

impl Consumer {
    /// Connects, declares the queue, binds it to the exchange by these patterns, and begins. At most `prefetch` events are
    /// handed out and not acknowledged.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub async fn connect(
        url: &BrokerUrl,
        exchange: &str,
        queue: &str,
        patterns: &[&str],
        prefetch: u16,
    ) -> Result<Self, BrokerError> {
        declare(url, exchange, queue).await?;
        let (connection, channel) = open(url, exchange, "sambac mirror").await?;
        for pattern in patterns {
            let (options, none) = (QueueBindOptions::default(), FieldTable::default());
            in_time(channel.queue_bind(queue.into(), exchange.into(), (*pattern).into(), options, none)).await?;
        }
        in_time(channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
        let deliveries = in_time(channel.basic_consume(queue.into(), "".into(), options, none)).await?;
        Ok(Self { connection, channel, deliveries })
    }

    /// Waits for an event, then takes what else comes within `gather`, up to `max`. Who drops it before its end
    /// has to let the connection go, too: what it had taken comes again only then.
    ///
    /// # Errors
    /// [`BrokerError`] when the connection is gone.
    pub async fn next(&mut self, max: usize, gather: Duration) -> Result<Vec<Delivered>, BrokerError> {
        let mut taken = vec![self.one().await?];
        let ends_at = tokio::time::Instant::now() + gather;
        while taken.len() < max {
            match tokio::time::timeout_at(ends_at, self.one()).await {
                Ok(delivered) => taken.push(delivered?),
                Err(_) => break,
            }
        }
        Ok(taken)
    }

    async fn one(&mut self) -> Result<Delivered, BrokerError> {
        let delivery = self.deliveries.next().await;
        let delivery = delivery.ok_or_else(|| BrokerError::Broker("it ended the delivery".to_owned()))??;
        let Delivery { delivery_tag: tag, redelivered, routing_key, data, .. } = delivery;
        Ok(Delivered { routing_key: routing_key.to_string(), body: data, redelivered, tag })
    }

    /// All events up to this one are stored.
    ///
    /// # Errors
    /// [`BrokerError`]; they come again then.
    pub async fn acknowledge(&self, last: &Delivered) -> Result<(), BrokerError> {
        in_time(self.channel.basic_ack(last.tag, BasicAckOptions { multiple: true })).await
    }

    /// Says goodbye; what was not acknowledged stays in the queue.
    pub async fn close(self) {
        // The broker takes it back in any case.
        let _ = in_time(self.connection.close(200, "done".into())).await;
    }
}

/// Declares the queue, durable. One that is there already stays as it is, of whatever kind.
///
/// A replicated (quorum) queue is for whoever runs a cluster to declare beforehand: one on a single broker of RabbitMQ 3.10 was seen
/// to have no leader for minutes after that broker was killed, and took and gave nothing.
async fn declare(url: &BrokerUrl, exchange: &str, queue: &str) -> Result<(), BrokerError> {
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let passive = QueueDeclareOptions { passive: true, ..durable };
    let mut refused = BrokerError::Refused;
    for options in [passive, durable] {
        // A refusal closes the channel, so each try has its own.
        let (connection, channel) = open(url, exchange, "sambac mirror").await?;
        let declared = in_time(channel.queue_declare(queue.into(), options, FieldTable::default())).await;
        // The connection breaks otherwise, and that is as good.
        let _ = in_time(connection.close(200, "done".into())).await;
        match declared {
            Ok(_) => return Ok(()),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}
