//! What broke in other gateways, and must not here (A.2 of the reliability goals): binds and queues.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::smpp::BindKind;
use sambac_testkit::scenario::wait::{until, until_true};
use sambac_testkit::scenario::{Charges, Site};

use crate::load::{Load, arrivals};
use crate::world;

const QUICK: &str = "settings = { bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";

/// A connector that is not bound has a backlog: no message is tried even once, and the platform does next to nothing. (One
/// gateway requeued a message 5,432 times in 12 minutes.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn regression_a2_03_a_backlog_without_a_bind_is_tried_by_nobody() -> Result<()> {
    const COUNT: usize = 5_000;
    let world = world("a2_03")?;
    let mut operator = world.simulator("alpha", "magic = false").await?;
    operator.stop().await?;
    let site = Site::with_one_account("10000").connector("alpha", &operator, QUICK).route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[("SAMBAC_LIMITS_LANE_CAPACITY", "200")]).await?;
    let esme = platform.esme_as(&secrets, "esme", BindKind::Transmitter).await?;
    assert_eq!(Load::default().send(&esme, COUNT).await?.len(), COUNT);
    let failures = "sambac_connector_bind_failures_total{name=\"alpha\",class=\"link\"}";
    let (begun, cpu_ms, tried) = (std::time::Instant::now(), cpu_ms(platform.pid())?, platform.metric(failures).await?);
    until_true("twenty more attempts to bind", async || Ok(platform.metric(failures).await? >= tried + 20)).await?;
    let (wall_ms, cpu_ms) = (begun.elapsed().as_millis(), cpu_ms_since(platform.pid(), cpu_ms)?);
    ensure!(wall_ms > 1_500, "20 attempts in {wall_ms} ms are too many");
    // The test itself asks for the metrics a hundred times a second meanwhile, in a build that is not optimised.
    ensure!(u128::from(cpu_ms) * 4 < wall_ms, "{cpu_ms} ms of CPU in {wall_ms} ms");
    let mut database = world.database().await?;
    assert_eq!(database.number("SELECT SUM(attempts) FROM segments").await?, 0, "nothing was tried");
    assert_eq!(database.number("SELECT COUNT(*) FROM message_events WHERE kind = 'retry'").await?, 0);
    assert_eq!(database.number("SELECT COUNT(*) FROM submit_intents").await?, 0, "nothing was even announced");

    operator.start_again(&world, "magic = false").await?;
    until("it drains", Duration::from_secs(60), async || Ok((database.open_messages().await? == 0).then_some(())))
        .await?;
    let total = i64::try_from(COUNT)?;
    assert_eq!(database.charges().await?, Charges { captured: total, ..Charges::default() });
    assert_eq!(operator.finish().await?.submits().count(), COUNT, "each once");
    world.passed();
    Ok(())
}

/// After each kill -9 the queue drains by itself. (In one gateway it stayed stuck until the next restart.) `kill_9.rs`
/// kills under load; here each restart has a backlog, and must empty it before it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn regression_a2_04_the_queue_drains_after_every_restart() -> Result<()> {
    const EACH: usize = 100;
    let world = world("a2_04")?;
    let mut operator = world.simulator("alpha", "magic = false").await?;
    let site = Site::with_one_account("10000").connector("alpha", &operator, QUICK).route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let load = Load::default();
    let restarts = std::env::var("SAMBAC_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    for _ in 0..restarts {
        operator.stop().await?;
        let platform = world.platform(&[]).await?;
        let esme = platform.esme(&secrets).await?;
        ensure!(load.send(&esme, EACH).await?.len() == EACH, "all are accepted");
        platform.kill_9().await?;
        operator.start_again(&world, "magic = false").await?;
        let platform = world.platform(&[]).await?;
        let mut database = world.database().await?;
        until("it drains", Duration::from_secs(60), async || Ok((database.open_messages().await? == 0).then_some(())))
            .await?;
        platform.kill_9().await?;
    }
    let mut database = world.database().await?;
    database.audit().await?;
    let total = restarts * EACH;
    assert_eq!(database.messages().await?, [("delivered", i64::try_from(total)?)].into());
    let arrivals = arrivals(&operator.finish().await?);
    assert_eq!((arrivals.len(), arrivals.values().sum::<usize>()), (total, total), "each once");
    world.passed();
    Ok(())
}

/// CPU time that a process has used: utime and stime, in hundredths of a second.
fn cpu_ms(pid: u32) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit(") ").next().context("a name in brackets")?;
    let times = fields.split_whitespace().skip(11).take(2).map(|ticks| Ok(ticks.parse::<u64>()?));
    Ok(times.collect::<Result<Vec<_>>>()?.iter().sum::<u64>() * 10)
}

fn cpu_ms_since(pid: u32, before_ms: u64) -> Result<u64> {
    Ok(cpu_ms(pid)?.saturating_sub(before_ms))
}
