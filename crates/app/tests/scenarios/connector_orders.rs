//! What a person asked of a connector holds when the process starts again.

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::smpp::Sm;
use sambac_testkit::scenario::{Platform, Secrets, Site, World, message};
use serde_json::Value;

use crate::admin_shell::{REFUSED, Shell};
use crate::world;

const KEY: &str = "name = \"operations\"\nscopes = [\"config:read\", \"config:write\", \"operations\"]";

/// Ends the platform without a warning, and starts it again.
async fn start_again(world: &World, platform: Platform, secrets: &Secrets) -> Result<(Platform, Shell)> {
    platform.kill_9().await?;
    let platform = world.platform(&[]).await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    Ok((platform, shell))
}

fn asked(state: &Value, wanted: &str, reason: &str) -> Result<()> {
    ensure!(state["state"] == "stopped" && state["reason"] == reason && state["bound"] == 0, "{state}");
    ensure!(state["asked"] == wanted && state["asked_by"] == "admin key operations", "{state}");
    state["asked_at"].as_str().context("when")?;
    Ok(())
}

#[tokio::test]
async fn a_stop_and_a_drain_hold_until_a_person_starts_the_connector() -> Result<()> {
    let world = world("connector_orders")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site.table("admin_key", KEY)).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    let fresh = shell.ask(&["connector", "state", "alpha"]).await?;
    ensure!(fresh["asked"] == "running" && fresh.get("asked_by").is_none(), "{fresh}");

    shell.ask(&["connector", "stop", "alpha"]).await?;
    let (platform, shell) = start_again(&world, platform, &secrets).await?;
    asked(&shell.ask(&["connector", "state", "alpha"]).await?, "stopped", "stopped by hand")?;
    let waiting = platform.rest(&secrets)?.send_text("+447700900123", "it waits").await?;

    shell.ask(&["connector", "start", "alpha"]).await?;
    ensure!(platform.rest(&secrets)?.final_state(&waiting).await? == "delivered");
    let (platform, shell) = start_again(&world, platform, &secrets).await?;
    shell.until_state("alpha", "bound").await?;

    shell.ask(&["connector", "drain", "alpha"]).await?;
    let (_platform, shell) = start_again(&world, platform, &secrets).await?;
    asked(&shell.ask(&["connector", "state", "alpha"]).await?, "drained", "drained")?;
    shell.ask(&["connector", "start", "alpha"]).await?;
    shell.until_state("alpha", "bound").await?;
    world.passed();
    Ok(())
}

/// Segments that wait for a connector that will never send them stand in the way of its removal. What the refusals say to do,
/// step by step, removes it: with another connector in the route nothing is lost, without one they end and cost nothing.
#[tokio::test]
async fn a_connector_with_waiting_segments_is_removed_by_the_steps_that_its_refusals_tell() -> Result<()> {
    let world = world("connector_removed")?;
    let beta = world.simulator("beta", "").await?;
    // Port 1 of this machine: nobody listens there.
    let site = Site::with_one_account("10")
        .connector_at("alpha", "127.0.0.1:1".parse()?, "")
        .connector("beta", &beta, "")
        .route("all", &["alpha"], "");
    let secrets = world.apply(&site.table("admin_key", KEY)).await?;
    let platform = world.platform(&[]).await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    let rest = platform.rest(&secrets)?;
    let first = rest.send_text("+447700900123", "beta takes it").await?;

    shell.refused(&["connector", "delete", "alpha"], REFUSED, "routes use it: all").await?;
    shell.ask(&["route", "update", "all", "--set", "connectors=[\"beta\"]"]).await?;
    shell.refused(&["connector", "delete", "alpha"], REFUSED, "set enabled to false first").await?;
    shell.ask(&["connector", "update", "alpha", "--set", "enabled=false"]).await?;
    for said in ["1 segments wait for it", "sambac connector release alpha"] {
        shell.refused(&["connector", "delete", "alpha"], REFUSED, said).await?;
    }
    let released = shell.ask(&["connector", "release", "alpha"]).await?;
    ensure!(released["moved"] == 1 && released["kept"] == 0, "{released}");
    shell.run(&["connector", "delete", "alpha"]).await?;
    ensure!(rest.final_state(&first).await? == "delivered");

    // The route's only connector: nobody else takes what waits.
    shell.ask(&["connector", "stop", "beta"]).await?;
    let second = rest.send_text("+447700900124", "nobody takes it").await?;
    shell.ask(&["connector", "update", "beta", "--set", "enabled=false"]).await?;
    shell.ask(&["route", "delete", "all"]).await?;
    let released = shell.ask(&["connector", "release", "beta"]).await?;
    ensure!(released["moved"] == 0 && released["kept"] == 1, "{released}");
    let released = shell.ask(&["connector", "release", "beta", "--end"]).await?;
    ensure!(released["ended"] == 1, "{released}");
    ensure!(rest.final_state(&second).await? == "failed");
    ensure!(shell.run(&["connector", "delete", "beta"]).await?.status.success());
    let mut database = world.database().await?;
    database.audit().await?;
    world.passed();
    Ok(())
}

/// What one connector gives away is the other's, also for a process that has it from the table alone; what is scheduled keeps
/// its time.
#[tokio::test]
async fn what_was_given_away_is_sent_by_the_other_connector_after_a_restart() -> Result<()> {
    let world = world("connector_released")?;
    let beta = world.simulator("beta", "").await?;
    let site = Site::with_one_account("10")
        .connector_at("alpha", "127.0.0.1:1".parse()?, "")
        .connector("beta", &beta, "")
        .route("all", &["alpha", "beta"], "");
    let secrets = world.apply(&site.table("admin_key", KEY)).await?;
    let platform = world.platform(&[]).await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    for connector in ["alpha", "beta"] {
        shell.ask(&["connector", "stop", connector]).await?;
    }
    let esme = platform.esme(&secrets).await?;
    let now = platform.rest(&secrets)?.send_text("+447700900123", "now").await?;
    let sm = Sm { schedule_delivery_time: b"000000000003000R", ..message("447700900124", b"in three seconds") };
    let later = esme.accepted(sm).await?;
    let released = shell.ask(&["connector", "release", "alpha"]).await?;
    ensure!(released["moved"] == 2 && released["kept"] == 0, "{released}");
    for (connector, queued) in [("alpha", 0), ("beta", 1)] {
        let state = shell.ask(&["connector", "state", connector]).await?;
        ensure!(state["queued"] == queued, "{connector} tells of what it gave away: {state}");
    }

    let (platform, shell) = start_again(&world, platform, &secrets).await?;
    shell.ask(&["connector", "start", "beta"]).await?;
    ensure!(platform.rest(&secrets)?.final_state(&now).await? == "delivered");
    let receipts = platform.esme(&secrets).await?.receipts(1).await?;
    ensure!(receipts.iter().all(|receipt| receipt.id == later && receipt.stat == "DELIVRD"), "{receipts:?}");
    let mut database = world.database().await?;
    database.audit().await?;
    world.passed();
    Ok(())
}
