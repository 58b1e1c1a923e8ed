//! Sums that are wrong, and sums that cannot be made, are an alert as long as they are.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Database, Site};
use serde_json::Value;

use crate::admin_shell::Shell;
use crate::world;

/// The alert of the ledger, while it is open.
async fn breach(shell: &Shell) -> Result<Option<String>> {
    let alerts = shell.ask(&["alerts"]).await?;
    let alerts = alerts["data"].as_array().context("no alerts")?;
    let open = |alert: &&Value| alert["kind"] == "ledger_breach" && alert.get("cleared_at").is_none();
    Ok(alerts.iter().find(open).and_then(|alert| alert["text"].as_str()).map(str::to_owned))
}

#[tokio::test]
async fn sums_that_are_wrong_or_cannot_be_made_are_told_while_they_are() -> Result<()> {
    let world = world("auditor")?;
    let site = Site::with_one_account("10")
        .table("admin_key", "name = \"operations\"\nscopes = [\"operations\", \"config:read\"]");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[("SAMBAC_BILLING_AUDIT_INTERVAL_S", "1")]).await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    let path = world.data_folder().join("sambac.db");
    let right = world.database().await?.number("SELECT balance_micros FROM balances WHERE kind = 'revenue'").await?;
    for (value, said) in [
        ((right - 1).to_string(), "2 sums are wrong; the first: the revenue balance"),
        ("'x'".to_owned(), "it cannot be added up: "),
    ] {
        let set = |value: &str| format!("UPDATE balances SET balance_micros = {value} WHERE kind = 'revenue'");
        Database::spoil(&path, &set(&value)).await?;
        until_true("it is told", async || Ok(breach(&shell).await?.is_some_and(|text| text.contains(said)))).await?;
        Database::spoil(&path, &set(&right.to_string())).await?;
        until_true("it is cleared", async || Ok(breach(&shell).await?.is_none())).await?;
    }
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}
