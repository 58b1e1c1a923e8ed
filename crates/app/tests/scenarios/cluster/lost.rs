//! What is taken out of the broker's queues by others than those whom it is for, and who is kept from binds by those who had them.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_domain::class::Lane;
use sambac_domain::id::ConnectorId;
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::scenario::wait::until_true;

use super::away::all_sent;
use super::broker;
use super::carried::Carried;
use super::standby::OPERATOR;

/// Whoever has the connector never hears of what was in its queues, and nobody tells: it is published once more, and sent once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_has_taken_out_of_a_queue_is_sent_all_the_same() -> Result<()> {
    let carried = Carried::routed("lost_segments", OPERATOR, vec![Rabbit::start().await?], &["alpha"]).await?;
    let nodes = carried.two().await?;
    let (broker, queues) = broker(&carried.url()).await?;
    let alpha = carried.database.number("SELECT id FROM connectors WHERE name = 'alpha'").await?;
    let codes = carried.send("otp").await?;
    carried.operators[0].until_submits(20).await?;
    let mut gone = 0;
    for lane in Lane::ALL {
        gone += broker.purge(&queues.submit(ConnectorId::from_raw(alpha), lane)).await?;
    }
    ensure!(gone > 0, "nothing lay in the queues");
    ensure!(carried.finish(&codes).await? == 0, "a code was sent twice");
    drop(nodes);
    Ok(())
}

/// An operator has taken codes, and the reports that tell so are lost before anybody has read them. Who had sent them tells it once more; no code is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_that_are_lost_with_their_queue_are_told_once_more() -> Result<()> {
    let mut carried = Carried::routed("lost_reports", OPERATOR, vec![Rabbit::start().await?], &["alpha"]).await?;
    let nodes = carried.two().await?;
    let waits = carried.standby("4").await?;
    let (broker, queues) = broker(&carried.url()).await?;
    let codes = carried.send("otp").await?;
    carried.operators[0].until_submits(20).await?;
    carried.works.take().context("a node with the ledger")?.kill_9().await?;
    carried.operators[0].until_submits(60).await?;
    let mut gone = 0;
    until_true("reports lie in their queue", async || {
        gone = broker.purge(&queues.results()).await?;
        Ok(gone > 0)
    })
    .await?;
    carried.works = Some(waits.until_it_works().await?);
    all_sent(&carried, &codes).await?;
    let arrivals = carried.arrivals()?;
    ensure!(arrivals.values().all(|times| *times == 1), "a code was sent twice: {arrivals:?}");
    drop(nodes);
    carried.world.passed();
    Ok(())
}

/// A node that stood still lets its binds go when it goes on. The operator had no room for the next one's until then; that one does not wait as long as for a limit that is full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn binds_that_a_frozen_node_still_had_are_tried_again_soon() -> Result<()> {
    let one_bind = format!("{OPERATOR}\n[bind]\nmax = 1");
    let carried = Carried::routed("lost_frozen", &one_bind, vec![Rabbit::start().await?], &["alpha"]).await?;
    let [frozen, other] = carried.two().await?;
    frozen.signal("STOP").await?;
    until_true("the other one is refused", async || {
        let refused = carried.operators.iter().map(|operator| Ok(operator.journal()?.of("bind_refused").count()));
        Ok(refused.sum::<Result<usize>>()? > 0)
    })
    .await?;
    frozen.signal("CONT").await?;
    until_true("the other one has both", async || Ok(other.bound().await?.len() == 2)).await?;
    drop(frozen);
    carried.world.passed();
    Ok(())
}

/// Two nodes were given the same number: the second one says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_node_of_the_same_number_says_so() -> Result<()> {
    let carried = Carried::routed("lost_number", OPERATOR, vec![Rabbit::start().await?], &["alpha"]).await?;
    let one = carried.connector_node("2").await?;
    until_true("it has both", async || Ok(one.bound().await?.len() == 2)).await?;
    let namesake = carried.connector_node("2").await?;
    until_true("it is not ready", async || {
        let health = namesake.health().await?;
        Ok(health.status == 503 && health.text.contains("SAMBAC_NODE"))
    })
    .await?;
    ensure!(one.health().await?.status == 200 && one.bound().await?.len() == 2);
    // The number is free again.
    one.terminate(Duration::from_secs(10)).await?;
    until_true("it is ready, and has both", async || {
        Ok(namesake.health().await?.status == 200 && namesake.bound().await?.len() == 2)
    })
    .await?;
    carried.world.passed();
    Ok(())
}

/// Nothing is there to be told: nobody waits for a broker that is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_a_broker_ends_at_once() -> Result<()> {
    let carried = Carried::routed("lost_broker", OPERATOR, vec![Rabbit::start().await?], &["alpha"]).await?;
    let node = carried.node_at("2", "amqp://guest:guest@127.0.0.1:1/%2f").await?;
    ensure!(node.health().await?.status == 503);
    ensure!(node.terminate(Duration::from_secs(5)).await?.success());
    carried.world.passed();
    Ok(())
}
