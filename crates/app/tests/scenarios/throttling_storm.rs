//! An operator that takes less than was agreed: throttled at first, the connector finds what is really allowed.
//!
//! That it stays within a tenth of it after thirty seconds is held on a mock clock (`connector::throughput`); here the whole
//! platform goes through the storm, and what must hold on any machine is counted.

use std::time::Duration;

use anyhow::Result;
use sambac_testkit::scenario::wait::until;
use sambac_testkit::scenario::{Charges, Site};

use crate::load::Load;
use crate::world;

const COUNT: usize = 900;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_costs_no_attempt_and_dies_down() -> Result<()> {
    let world = world("throttling_storm")?;
    let scenario = "magic = false\n[answer]\ndelay_ms = 10\nthroughput_per_s_max = 100";
    let mut operator = world.simulator("alpha", scenario).await?;
    let connector = "window_max = 50\nthroughput_per_s_max = 200";
    let site = Site::with_one_account("1000").connector("alpha", &operator, connector);
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let platform = world.platform(&[]).await?;
    let esme = platform.esme(&secrets).await?;
    Load::default().send(&esme, COUNT).await?;
    let mut learned = Vec::new();
    let mut database = world.database().await?;
    until("every message ends", Duration::from_secs(60), async || {
        learned.push(platform.metric("sambac_connector_learned_throughput_per_s{name=\"alpha\"}").await?);
        Ok((database.open_messages().await? == 0).then_some(()))
    })
    .await?;
    database.audit().await?;
    let total = i64::try_from(COUNT)?;
    assert_eq!(database.charges().await?, Charges { captured: total, ..Charges::default() });
    assert_eq!(database.number("SELECT MAX(attempts) FROM segments").await?, 1, "throttles cost attempts");
    assert!(learned.iter().any(|rate| (60..=130).contains(rate)), "{learned:?}");
    let journal = operator.finish().await?;
    let statuses: Vec<_> = journal.of("answer").map(|line| line.status).collect();
    let throttled = |answers: &[u32]| answers.iter().filter(|status| **status == 0x58).count();
    let (half, all) = (statuses.len() / 2, throttled(&statuses));
    assert!(all >= 3, "there was no storm");
    assert!(
        throttled(&statuses[half..]) * 10 <= statuses.len() - half,
        "the storm went on: {all} of {}",
        statuses.len()
    );
    world.passed();
    Ok(())
}
