//! What a person must know of is not forgotten by a restart, and not told for ever.

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Platform, Secrets, Site, World};
use serde_json::Value;

use crate::admin_shell::{REFUSED, Shell};
use crate::world;

/// Ends the platform without a warning, and starts it again.
async fn start_again(world: &World, platform: Platform, secrets: &Secrets) -> Result<(Platform, Shell)> {
    platform.kill_9().await?;
    let platform = world.platform(&[]).await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    Ok((platform, shell))
}

/// The alert of a kind.
async fn alert(shell: &Shell, kind: &str) -> Result<Value> {
    let all = shell.ask(&["alerts"]).await?;
    let found = all["data"].as_array().into_iter().flatten().find(|alert| alert["kind"] == kind);
    found.cloned().with_context(|| format!("no {kind} in {all}"))
}

async fn until_stored(world: &World, kind: &str, wanted: &str) -> Result<()> {
    let sql = format!("SELECT COUNT(*) FROM alerts WHERE kind = '{kind}' AND {wanted}");
    until_true("it is stored", async || Ok(world.database().await?.number(&sql).await? == 1)).await
}

/// A condition stays open over a restart, since when it was, with who knows of it, and is closed when it is gone; an event is
/// closed by who acknowledges it, and stays closed.
#[tokio::test]
async fn open_alerts_are_there_after_a_restart_and_go_with_their_cause() -> Result<()> {
    let world = world("alerts")?;
    let mut alpha = world.simulator("alpha", "[bind]\nsystem_id = \"other\"").await?;
    let beta = world.simulator("beta", "[[status]]\nstatus = 0xC0\nwhen = \"tlvs\"").await?;
    let tlvs = "tlvs = { out = [{ tag = \"0x1400\", name = \"entity\", kind = \"text\", value = \"1\" }] }";
    let quirky = format!("settings = {{ errors = {{ resend_without_tlvs = true }}, {tlvs} }}");
    let site = Site::with_one_account("10")
        .connector("alpha", &alpha, "")
        .connector("beta", &beta, &quirky)
        .route("all", &["beta"], "")
        .table("admin_key", "name = \"operations\"\nscopes = [\"operations\", \"config:read\"]");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    let id = rest.send_text("+447700900123", "with a parameter").await?;
    ensure!(rest.final_state(&id).await? == "delivered");
    for kind in ["connector_credentials", "connector_refusal"] {
        until_stored(&world, kind, "cleared_at IS NULL").await?;
    }
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    let before = alert(&shell, "connector_credentials").await?;
    let known = shell.ask(&["alerts", "acknowledge", "connector_credentials", "alpha"]).await?;
    ensure!(known.get("cleared_at").is_none() && known["acknowledged_by"] == "admin key operations", "{known}");

    let (platform, shell) = start_again(&world, platform, &secrets).await?;
    let credentials = alert(&shell, "connector_credentials").await?;
    ensure!(credentials["first_at"] == before["first_at"] && credentials.get("cleared_at").is_none(), "{credentials}");
    ensure!(credentials["acknowledged_by"] == "admin key operations", "{credentials}");
    let refusal = alert(&shell, "connector_refusal").await?;
    ensure!(refusal["subject"] == "beta" && refusal.get("cleared_at").is_none(), "{refusal}");
    ensure!(platform.metric("sambac_alerts_open{name=\"connector_refusal\"}").await? == 1);
    let known = shell.ask(&["alerts", "acknowledge", "connector_refusal", "beta"]).await?;
    ensure!(known["cleared_at"].is_string(), "{known}");
    shell.refused(&["alerts", "acknowledge", "connector_refusal", "beta"], REFUSED, "not_found").await?;

    alpha.start_again(&world, "").await?;
    let (_platform, shell) = start_again(&world, platform, &secrets).await?;
    until_stored(&world, "connector_credentials", "cleared_at IS NOT NULL").await?;
    ensure!(alert(&shell, "connector_credentials").await?["cleared_at"].is_string());
    ensure!(alert(&shell, "connector_refusal").await?["cleared_at"].is_string(), "it stays closed");
    world.passed();
    Ok(())
}
