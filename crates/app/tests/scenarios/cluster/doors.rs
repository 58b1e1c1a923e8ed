//! Clients may come to any node: one that waits, or that has doors and nothing else, hands their connections to the node that works.

use std::time::Duration;

use anyhow::{Result, ensure};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Platform, Site, message};
use serde_json::json;

use super::standby::database;
use crate::world;

/// Seconds.
const LEASE: &str = "8";

fn node(number: &'static str, roles: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("SAMBAC_CLUSTER_LEASE_S", LEASE),
        ("SAMBAC_CLUSTER_LISTEN", "127.0.0.1:0"),
        ("SAMBAC_NODE", number),
        ("SAMBAC_ROLES", roles),
    ]
}

async fn is_ready(node: &Platform) -> Result<bool> {
    Ok(node.service("")?.get("/health/ready").await?.status == 200)
}

/// By the door of another node a text goes out and its receipt comes back, over REST and SMPP; a client that comes while nobody works is told to come
/// again, and is served by the next node that works, by the same door. A stranger at the node's inner door gets nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_may_come_to_any_node() -> Result<()> {
    let database = database().await?;
    let world = world("cluster_doors")?.on(database.url());
    let operator = world.simulator("alpha", "magic = false\n[receipt]\ndelay_ms = [0, 50]").await?;
    let connector = "settings = { bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";
    let site = Site::with_one_account("10").connector("alpha", &operator, connector).route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let works = world.platform(&node("1", "all")).await?;
    works.until_bound().await?;
    let door = world.platform(&node("2", "api,smsc")).await?;
    let waits = world.standby(&node("3", "all")).await?;
    until_true("the door leads somewhere", async || is_ready(&door).await).await?;

    let rest = door.rest(&secrets)?;
    let id = rest.send_text("+447700900123", "by another door").await?;
    ensure!(rest.final_state(&id).await? == "delivered");
    let esme = door.esme(&secrets).await?;
    let id = esme.accepted(message("447700900124", b"by SMPP")).await?;
    ensure!(esme.receipts(1).await?[0].id == id);

    works.kill_9().await?;
    esme.closed().await?;
    let body = json!({ "to": "+447700900125", "from": "Bank", "text": "while nobody works" });
    let refused = rest.post("/v1/sms/send", &body, &[("idempotency-key", "once")]).await?;
    ensure!((refused.status, refused.body["code"].as_str()) == (503, Some("service_unavailable")), "{}", refused.text);
    let works = waits.until_it_works().await?;
    until_true("the next node takes it", async || {
        let taken = rest.post("/v1/sms/send", &body, &[("idempotency-key", "once")]).await?;
        Ok(taken.status == 202)
    })
    .await?;
    let esme = door.esme(&secrets).await?;
    let id = esme.accepted(message("447700900126", b"by SMPP again")).await?;
    // The receipt of before may come once more: that it was taken was perhaps not stored.
    let told = async |count| Ok::<_, anyhow::Error>(esme.receipts(count).await?.iter().any(|receipt| receipt.id == id));
    ensure!(told(1).await? || told(2).await?);

    ensure!(door.terminate(Duration::from_secs(10)).await?.success());
    ensure!(works.terminate(Duration::from_secs(10)).await?.success());
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}
