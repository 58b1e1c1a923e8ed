//! Decisions by limits that nodes share, straight at a Redis: as many as can be, and at a fixed rate.
//!
//! Each decision asks three limits at once, those of a call: of its key, its account and its group of endpoints. None of them refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use sambac_bus::redis::{Ask, Redis, RedisSettings};

use super::Options;
use crate::bench::latency::Latencies;
use crate::bench::report::{Bar, Report};

/// Calls that are decided at a time.
const CLIENTS: usize = 64;
/// Keys that call in turn.
const KEYS: u64 = 1_000;
const RATE_PER_S: u64 = 1_000;
const SECONDS: u64 = 5;

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let url = options.redis_url.as_ref().context("this one needs a Redis: --redis-url redis://127.0.0.1:6379")?;
    // Whatever a busy machine takes is to be seen in the figures.
    let settings = RedisSettings { timeout: Duration::from_secs(10), ..RedisSettings::new(url.parse()?) };
    let redis = Redis::new(&settings, &format!("bench-{}", std::process::id()))?;
    redis.connect("bench").await?;
    let duration = Duration::from_secs(options.duration_s.unwrap_or(SECONDS));
    let alone = closed(&redis, duration / 2, 1).await?;
    let many = closed(&redis, duration, CLIENTS).await?;
    let mut open = Latencies::new()?;
    open_loop(&redis, options.rate_per_s.unwrap_or(RATE_PER_S), duration, &mut open).await?;
    redis.leave("bench").await?;
    let decision = open.summary().context("no decision was measured")?;
    let mut report = Report {
        what: format!(
            "Decisions of a Redis over three limits each: one after the other, {CLIENTS} at a time, and {} a second.",
            options.rate_per_s.unwrap_or(RATE_PER_S)
        ),
        ..Report::default()
    };
    report.latency.insert("decision".to_owned(), decision);
    report.figures =
        [("alone_per_s", alone), ("many_per_s", many)].map(|(name, value)| (name.to_owned(), value)).into();
    report.bars = vec![
        Bar::at_least("decisions of three limits, 64 at a time /s", 10_000, many),
        Bar::at_most("p99 of a decision at the fixed rate, µs", 10_000, Some(decision.p99_us)),
    ];
    Ok(report)
}

/// As many as can be.
async fn closed(redis: &Redis, duration: Duration, clients: usize) -> anyhow::Result<u64> {
    let (until, done) = (Instant::now() + duration, Arc::new(AtomicU64::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (redis, done) = (redis.clone(), Arc::clone(&done));
        tasks.spawn(async move {
            while Instant::now() < until {
                decide(&redis, done.fetch_add(1, Ordering::Relaxed)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(done.load(Ordering::Relaxed) * 1_000 / u64::try_from(duration.as_millis())?.max(1))
}

/// At a fixed rate, each measured from the moment at which it was due.
async fn open_loop(redis: &Redis, rate: u64, duration: Duration, latencies: &mut Latencies) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..rate * duration.as_secs() {
        let due = start + Duration::from_micros(number * 1_000_000 / rate.max(1));
        tokio::time::sleep_until(due.into()).await;
        let redis = redis.clone();
        tasks.spawn(async move { decide(&redis, number).await.map(|()| due.elapsed()) });
        while let Some(ended) = tasks.try_join_next() {
            latencies.record(u64::try_from(ended??.as_micros())?);
        }
    }
    while let Some(ended) = tasks.join_next().await {
        latencies.record(u64::try_from(ended??.as_micros())?);
    }
    Ok(())
}

async fn decide(redis: &Redis, number: u64) -> anyhow::Result<()> {
    let ask = |name: &str, whose: u64| Ask {
        counter: format!("{name}:{whose}"),
        interval_ns: 1_000,
        burst: 1_000_000,
        count: 1,
    };
    let key = number % KEYS;
    let asks = [ask("key", key), ask("account", key / 10), ask("send", key / 10)];
    let decided = redis.decide(&asks).await?;
    ensure!(decided.refused.is_none(), "a limit that nobody reaches refused");
    Ok(())
}
