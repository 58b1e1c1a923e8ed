//! One connection to the broker that carries work.
//!
//! It does not connect again by itself: whoever has it lets it go at the first error and makes a new one, after a pause. What was not
//! confirmed is published again then, and what was not acknowledged is handed out again.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, BasicRejectOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, PublisherConfirm};
use tokio::time::{Sleep, sleep, timeout};

use super::queues::{QueueCounts, QueueFound, WorkQueues, confirming, purge};
use crate::amqp::{BrokerError, BrokerUrl, TAKES_WITHIN, in_time, knock, taken};

const PERSISTENT: u8 = 2;
const TRANSIENT: u8 = 1;
/// How long something waits that the next one makes worthless.
const PASSING_MS: &str = "5000";

/// How long the broker may take to confirm something.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(20);
/// How long a confirm that nobody waits for may take.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// A connection that carries work.
#[derive(Debug)]
pub struct WorkBroker {
    connection: Connection,
    channel: Channel,
    queues: WorkQueues,
}

/// What was published and is not confirmed yet: a future of the broker's word that it has it.
///
/// It ends with [`BrokerError::Refused`] when the queue is full or gone, or too few of the broker's nodes are up, and with
/// [`BrokerError::Timeout`] 20 s after it was published. After another error than the first nobody knows whether it was published.
#[derive(Debug)]
#[must_use = "what is not confirmed may be lost"]
pub struct Confirm {
    word: Pin<Box<PublisherConfirm>>,
    limit: Pin<Box<Sleep>>,
}

/// What comes out of one queue.
#[derive(Debug)]
pub struct Arrivals {
    channel: Channel,
    consumer: lapin::Consumer,
}

/// One message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// What is in it.
    pub body: Vec<u8>,
    /// Whether it was handed out before, to whomever.
    pub redelivered: bool,
    /// By which it is acknowledged, on the arrivals that it came by.
    pub tag: u64,
}

impl WorkBroker {
    /// Connects under a name that the broker's own pages show.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub async fn connect(url: &BrokerUrl, queues: WorkQueues, name: &str) -> Result<Self, BrokerError> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connection = in_time(Connection::connect_uri(url.uri().clone(), properties)).await?;
        let channel = confirming(&connection).await?;
        Ok(Self { connection, channel, queues })
    }

    /// Makes sure that a queue is there; whether it was there already.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub async fn declare(&self, queue: &str) -> Result<bool, BrokerError> {
        if self.counts(queue).await?.is_some() {
            return Ok(true);
        }
        self.queues.make(&self.connection, queue).await?;
        Ok(false)
    }

    /// Publishes to a queue without waiting for the broker's word: many may be open at a time. What is not `kept` is thrown away
    /// when nobody takes it within some seconds.
    ///
    /// # Errors
    /// [`BrokerError`]; it may have been published all the same.
    pub async fn publish(&self, queue: &str, body: &[u8], kept: bool) -> Result<Confirm, BrokerError> {
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(if kept { PERSISTENT } else { TRANSIENT })
            .with_app_id("sambac".into());
        let properties = if kept { properties } else { properties.with_expiration(PASSING_MS.into()) };
        // A queue that is not there must not swallow it.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        in_time(self.channel.basic_publish("".into(), queue.into(), options, body, properties)).await.map(Confirm::of)
    }

    /// Takes from a queue, up to `prefetch` messages that are not acknowledged.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub async fn take(&self, queue: &str, prefetch: u16) -> Result<Arrivals, BrokerError> {
        let channel = in_time(self.connection.create_channel()).await?;
        in_time(channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
        let consumer = in_time(channel.basic_consume(queue.into(), "".into(), options, none)).await?;
        Ok(Arrivals { channel, consumer })
    }

    /// Empties a queue; how much was in it. What is handed out stays with who has it.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub async fn purge(&self, queue: &str) -> Result<u32, BrokerError> {
        let channel = in_time(self.connection.create_channel()).await?;
        purge(&channel, queue).await
    }

    /// What a queue has; `None` when there is none.
    ///
    /// # Errors
    /// [`BrokerError`] when the broker does not say.
    pub async fn counts(&self, queue: &str) -> Result<Option<QueueCounts>, BrokerError> {
        // A passive declaration that finds nothing closes its channel.
        let channel = in_time(self.connection.create_channel()).await?;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        match in_time(channel.queue_declare(queue.into(), passive, FieldTable::default())).await {
            Ok(queue) => Ok(Some(QueueCounts { messages: queue.message_count(), consumers: queue.consumer_count() })),
            Err(BrokerError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How a queue is; changes nothing.
    ///
    /// # Errors
    /// [`BrokerError`] when the connection is gone.
    pub async fn find(&self, queue: &str) -> Result<QueueFound, BrokerError> {
        if self.counts(queue).await?.is_none() {
            return Ok(QueueFound::Missing);
        }
        // The broker refuses a declaration that is not as the queue is.
        match self.queues.make(&self.connection, queue).await {
            Ok(()) => Ok(QueueFound::AsDeclared),
            Err(BrokerError::Broker(said)) if self.is_up() => Ok(QueueFound::Otherwise(said)),
            Err(error) => Err(error),
        }
    }

    /// Publishes something that goes nowhere: the broker confirms it when it takes things, and tells only who publishes that it takes nothing.
    /// Ends with the broker's word, whenever that comes, or with the connection.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub async fn knock(&self) -> Result<(), BrokerError> {
        knock(&self.channel).await
    }

    /// Whether the broker takes what is published, within some seconds.
    ///
    /// # Errors
    /// [`BrokerError`] when the connection is gone.
    pub async fn takes(&self) -> Result<bool, BrokerError> {
        match timeout(TAKES_WITHIN, self.knock()).await {
            Ok(word) => word.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Whether the broker has said, since something was published, that it takes nothing for now: it is short of memory or of room.
    pub fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Whether the connection is up, as far as is known.
    pub fn is_up(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Says goodbye, within a moment.
    pub async fn close(&self) {
        // It ends with the process in any case.
        let _ = timeout(Duration::from_secs(2), self.connection.close(200, "done".into())).await;
    }
}

impl Confirm {
    fn of(word: PublisherConfirm) -> Self {
        Self { word: Box::pin(word), limit: Box::pin(sleep(CONFIRMED_WITHIN)) }
    }

    /// Lets the broker say it in its time: nobody waits for it. (A confirm that is dropped before is remembered by its channel for ever.)
    pub fn settle(self) {
        tokio::spawn(timeout(SETTLED_WITHIN, self.word));
    }
}

impl Future for Confirm {
    type Output = Result<(), BrokerError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(told) = self.word.as_mut().poll(context) {
            return Poll::Ready(taken(&told?));
        }
        ready!(self.limit.as_mut().poll(context));
        Poll::Ready(Err(BrokerError::Timeout))
    }
}

impl Arrivals {
    /// Waits for the next message. May be dropped before its end.
    ///
    /// # Errors
    /// [`BrokerError`] when the connection, or the queue, is gone: everything that is not acknowledged is handed out again.
    pub async fn next(&mut self) -> Result<Arrived, BrokerError> {
        let delivery = self.consumer.next().await;
        let delivery = delivery.ok_or_else(|| BrokerError::Broker("it ended the delivery".to_owned()))??;
        Ok(Arrived { redelivered: delivery.redelivered, tag: delivery.delivery_tag, body: delivery.data })
    }

    /// Asks for nothing more: [`next`](Self::next) gives what was handed out already, and ends.
    ///
    /// # Errors
    /// [`BrokerError`] when the connection is gone.
    pub async fn stop(&self) -> Result<(), BrokerError> {
        in_time(self.channel.basic_cancel(self.consumer.tag(), BasicCancelOptions::default())).await
    }

    /// Takes nothing more: what is not acknowledged is handed out again.
    pub async fn close(self) {
        // It ends with the connection in any case.
        let _ = in_time(self.channel.close(200, "done".into())).await;
    }

    /// By which messages are acknowledged.
    pub fn acknowledging(&self) -> Acknowledging {
        Acknowledging(self.channel.clone())
    }
}

/// Acknowledges what came by some arrivals. After these have ended it does nothing.
#[derive(Clone, Debug)]
pub struct Acknowledging(Channel);

impl Acknowledging {
    /// It is worked on, and may be forgotten.
    ///
    /// # Errors
    /// [`BrokerError`]; it comes again then.
    pub async fn done(&self, tag: u64) -> Result<(), BrokerError> {
        in_time(self.0.basic_ack(tag, BasicAckOptions::default())).await
    }

    /// Nobody can work on it: it is put aside, where a person finds it.
    ///
    /// # Errors
    /// [`BrokerError`]; it comes again then.
    pub async fn put_aside(&self, tag: u64) -> Result<(), BrokerError> {
        in_time(self.0.basic_reject(tag, BasicRejectOptions { requeue: false })).await
    }
}
