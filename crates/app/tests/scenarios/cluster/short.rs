//! A broker that is short of memory, or of disk, takes nothing from whoever publishes, and tells nobody else.

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::scenario::wait::until_true;

use super::carried::{Carried, variables};
use super::standby::OPERATOR;
use crate::doctor::{looked_at, verdict};

const ALERT: &str = "sambac_alerts_open{name=\"work_broker\"}";

/// Messages are taken all the time; people are told once, also while links come and go; and codes go out, once, when it takes things again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_takes_nothing_is_told_of_until_it_does_again() -> Result<()> {
    let mut carried = Carried::routed("short", OPERATOR, vec![Rabbit::start().await?], &["alpha"]).await?;
    let nodes = carried.two().await?;
    broker(&mut carried)?.runs_short().await?;
    let codes = carried.send("otp").await?;
    let links = linked(&carried)?;
    until_true("it is told", async || Ok(carried.works()?.metric(ALERT).await? == 1)).await?;
    let url = carried.url();
    let (found, _) = looked_at(&carried.world, &variables(&url, "", "9", "all")).await?;
    ensure!(verdict(&found, "work queue's alarms") == "bad", "{found:?}");
    // One was the doctor's.
    until_true("a link was made anew", async || Ok(linked(&carried)? > links + 1)).await?;
    broker(&mut carried)?.has_enough().await?;
    until_true("it is over", async || Ok(carried.works()?.metric(ALERT).await? == 0)).await?;
    // Each node tells once that it is over.
    let log = carried.world.path("platform.log");
    let over = async || -> Result<usize> {
        let log = std::fs::read_to_string(&log)?;
        Ok(log.lines().filter(|line| line.contains("\"work is carried again\"") && !line.contains("alert")).count())
    };
    until_true("it is over everywhere", async || Ok(over().await? > nodes.len())).await?;
    ensure!(over().await? == nodes.len() + 1, "one has told it twice");
    ensure!(carried.finish(&codes).await? == 0, "a code was sent twice");
    Ok(())
}

fn broker(carried: &mut Carried) -> Result<&mut Rabbit> {
    carried.rabbits.first_mut().context("a broker")
}

/// How many connections it has let in.
fn linked(carried: &Carried) -> Result<usize> {
    Ok(carried.rabbits.first().context("a broker")?.log()?.matches("granted access").count())
}
