//! Tells consumers outside what the ledger holds: the relay.
//!
//! The chain of blocks is the log. Each block names the charges and CDRs that its commit wrote; the relay walks the blocks behind a
//! durable cursor for each shard, reads what they name, publishes it, and moves the cursor when the broker has confirmed all of it. So nothing
//! is added to the commit, and nothing is told that was not committed. After a crash some events are told again, with the same ids: at
//! least once, and exactly once for who keeps the ids. Where no broker is configured none of this runs.
//! Reference: `docs/reference/events.md`.

mod tell;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use sambac_bus::amqp::{BrokerError, BrokerUrl, Publisher};
use sambac_domain::time::Timestamp;
use sambac_store::StoreError;
use sambac_store::chain::LoggedBlock;
use sambac_store::rows::EventCursorRow;

use crate::Inner;
use crate::alert::AlertKind;
use crate::kill_point;

/// Where events go.
#[derive(Clone, Debug)]
pub struct EventSettings {
    /// The broker.
    pub url: BrokerUrl,
    /// Of the kind topic, durable; declared by whoever comes first.
    pub exchange: String,
}

/// Blocks that are read at once.
const PAGE_BLOCKS: i64 = 16;
/// How often it is looked whether there is something to tell.
const INTERVAL: Duration = Duration::from_millis(200);
/// Pauses while the broker is away.
const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// After how long an alert tells that nothing is told.
const ALERT_AFTER: Duration = Duration::from_secs(30);
/// Whom the alert is of.
const SUBJECT: &str = "events";

/// Nothing could be told.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
}

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>, settings: EventSettings) {
    let (mut pause, mut failing_since) = (RETRY_MIN, None);
    loop {
        let relayed = tokio::select! {
            relayed = relay(&inner, &settings, &mut failing_since, &mut pause) => relayed,
            () = inner.stopping.cancelled() => return,
        };
        let Err(error) = relayed;
        fails(&inner, &settings, &error, &mut failing_since);
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = RETRY_MAX.min(pause.saturating_mul(2)),
            () = inner.stopping.cancelled() => return,
        }
    }
}

fn fails(inner: &Inner, settings: &EventSettings, error: &RelayError, failing_since: &mut Option<Timestamp>) {
    let now = inner.clock.now();
    let since = *failing_since.get_or_insert_with(|| {
        tracing::warn!(broker = %settings.url, %error, "events are not told; they wait in the ledger");
        now
    });
    if now.since(since) >= ALERT_AFTER {
        inner.alerts.holds(AlertKind::EventsUnsent, SUBJECT, format!("{}: {error}", settings.url));
    }
}

/// Connects, and tells what there is until something fails.
async fn relay(
    inner: &Inner,
    settings: &EventSettings,
    failing_since: &mut Option<Timestamp>,
    pause: &mut Duration,
) -> Result<Infallible, RelayError> {
    // What waits is counted while the broker is away, too.
    let mut cursors = Cursors::load(inner).await?;
    cursors.count_lag(inner).await?;
    let publisher = Publisher::connect(&settings.url, &settings.exchange).await?;
    loop {
        let told = cursors.tell_more(inner, &publisher).await?;
        *pause = RETRY_MIN;
        if failing_since.take().is_some() {
            tracing::info!(broker = %settings.url, "events are told again");
        }
        inner.alerts.clear(AlertKind::EventsUnsent, SUBJECT, "events are told again");
        if !told {
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

/// How far each shard was told of.
struct Cursors(Vec<EventCursorRow>);

impl Cursors {
    async fn load(inner: &Inner) -> Result<Self, StoreError> {
        inner.store.event_cursors().await.map(Self)
    }

    /// Up to which block a shard was told of; 0: of nothing.
    fn of(&self, shard: i64) -> i64 {
        self.0.iter().find(|cursor| cursor.id == shard).map_or(0, |cursor| cursor.block_id)
    }

    async fn count_lag(&self, inner: &Inner) -> Result<(), StoreError> {
        let heads = inner.store.ledger_heads().await?;
        let behind = |head: &sambac_store::Head| head.blocks_after(self.of(head.shard));
        inner.metrics.events_lag(heads.iter().map(behind).sum());
        Ok(())
    }

    /// Tells the next page of each shard; whether there was anything.
    async fn tell_more(&mut self, inner: &Inner, publisher: &Publisher) -> Result<bool, RelayError> {
        let (mut told, mut behind) = (false, 0);
        for head in inner.store.ledger_heads().await? {
            if head.blocks_after(self.of(head.shard)) > 0 {
                told |= self.tell_shard(inner, publisher, head.shard).await?;
                behind += head.blocks_after(self.of(head.shard));
            }
        }
        inner.metrics.events_lag(behind);
        Ok(told)
    }

    async fn tell_shard(&mut self, inner: &Inner, publisher: &Publisher, shard: i64) -> Result<bool, RelayError> {
        let blocks: Vec<LoggedBlock> = inner.store.logged_blocks(shard, self.of(shard), PAGE_BLOCKS).await?;
        let Some(last) = blocks.last() else { return Ok(false) };
        let events = tell::events(inner, &blocks).await?;
        kill_point::reached("events_read");
        let unrouted = publisher.publish(&events).await?;
        inner.metrics.events_published(events.len(), unrouted);
        kill_point::reached("events_published");
        let cursor = EventCursorRow { id: shard, block_id: last.id, moved_at: inner.clock.now() };
        inner.store.move_event_cursor(&cursor).await?;
        self.0.retain(|other| other.id != shard);
        self.0.push(cursor);
        Ok(true)
    }
}
