//! The `mirror` command: a consumer of billing events that keeps charges and CDRs in a database of its own.
//!
//! ```text
//! sambac mirror                                 # takes events until it is stopped
//! sambac mirror --verify --from 2026-11-01      # compares what it has with the platform, account by account and day by day
//! ```
//!
//! It needs `events.url` and `mirror.url`. Reference: `docs/reference/events.md`.

mod reading;
mod verify;

use std::time::Duration;

use clap::Args;
use sambac_bus::amqp::{BrokerError, Consumer};
use sambac_domain::Day;
use sambac_engine::clock::Clock;
use sambac_engine::events::EventSettings;
use sambac_store::StoreError;
use sambac_store::mirror::Mirror;
use serde_json::json;

use crate::config::command::load;
use crate::config::{Config, Flags};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::run::start_logging;
use crate::{events, signals};

/// What the queue is bound to.
const PATTERNS: [&str; 2] = ["billing.charge.*.*", "cdr.written.*"];
/// Events that are stored at once, and that are handed out and not acknowledged.
const BATCH_MAX: usize = 500;
const PREFETCH: u16 = 2_000;
/// How long a batch may gather.
const GATHER: Duration = Duration::from_millis(50);
/// Pauses while the broker or the database is away.
const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// Keep a copy of charges and CDRs in a database of its own, from billing events; until SIGINT or SIGTERM.
#[derive(Args, Debug)]
pub(crate) struct MirrorCommand {
    /// Compare the copy with the platform's database instead, account by account and day by day, and end.
    #[arg(long)]
    verify: bool,
    /// With --verify: the first day of UTC, by the time at which messages were taken; the first one there is when it is not given.
    #[arg(long, value_name = "DAY", requires = "verify")]
    from: Option<Day>,
    /// With --verify: the last day, included; today when it is not given.
    #[arg(long, value_name = "DAY", requires = "verify")]
    to: Option<Day>,
    #[command(flatten)]
    flags: Flags,
}

/// Events could not be taken for now.
#[derive(Debug, thiserror::Error)]
enum TakeError {
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error("the mirror's database: {0}")]
    Store(#[from] StoreError),
}

impl MirrorCommand {
    /// Does it.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let config = load(&self.flags)?.config;
        let database = database(&config)?;
        if self.verify {
            let today = Day::of(Clock::system().now());
            let from = self.from.unwrap_or(Day::from_number(0));
            return verify::run(&config, &database, (from, self.to.unwrap_or(today)), output).await;
        }
        start_logging(&config);
        let missing =
            || Failure::because(Exit::Configuration, "events.url: the broker that events come from is not given");
        let settings = events::settings(&config)?.ok_or_else(missing)?;
        let stop = signals::stop()?;
        let mirror = open(&database).await?;
        output.print(&json!({"ready": true, "queue": config.mirror.queue}), || {
            format!("ready: takes events from {} at {}", config.mirror.queue, settings.url)
        })?;
        tokio::select! {
            () = take_all(&settings, &config.mirror.queue, &mirror) => {}
            () = stop => tracing::info!("stopping"),
        }
        mirror.close().await;
        Ok(())
    }
}

/// Where the mirror's database is; never the platform's.
fn database(config: &Config) -> Result<String, Failure> {
    let wrong = |why: &str| Failure::because(Exit::Configuration, format!("mirror.url: {why}"));
    let url = config.mirror.url.as_ref().ok_or_else(|| wrong("the database of the mirror is not given"))?;
    if url.expose() == config.store_url() {
        return Err(wrong("it is the platform's own database; the mirror needs another one"));
    }
    Ok(url.expose().to_owned())
}

async fn open(url: &str) -> Result<Mirror, Failure> {
    let failed = |error| Failure::because(Exit::Configuration, format!("mirror.url: {error}"));
    Mirror::open(url).await.map_err(failed)
}

/// Takes events for ever; whatever fails is tried again after a pause.
async fn take_all(settings: &EventSettings, queue: &str, mirror: &Mirror) {
    let (mut pause, mut is_failing) = (RETRY_MIN, false);
    loop {
        let Err(error) = take(settings, queue, mirror, &mut pause, &mut is_failing).await else { return };
        if !is_failing {
            tracing::warn!(broker = %settings.url, %error, "no events are taken; they wait in the queue");
        }
        is_failing = true;
        tokio::time::sleep(pause).await;
        pause = RETRY_MAX.min(pause.saturating_mul(2));
    }
}

/// Connects, and takes events until something fails. They are acknowledged when they are stored.
async fn take(
    settings: &EventSettings,
    queue: &str,
    mirror: &Mirror,
    pause: &mut Duration,
    is_failing: &mut bool,
) -> Result<(), TakeError> {
    let mut consumer = Consumer::connect(&settings.url, &settings.exchange, queue, &PATTERNS, PREFETCH).await?;
    tracing::info!(broker = %settings.url, queue, "events are taken");
    (*pause, *is_failing) = (RETRY_MIN, false);
    loop {
        let delivered = consumer.next(BATCH_MAX, GATHER).await?;
        let Some(last) = delivered.last() else { continue };
        mirror.take(&reading::batch(&delivered, Clock::system().now())).await?;
        consumer.acknowledge(last).await?;
    }
}
