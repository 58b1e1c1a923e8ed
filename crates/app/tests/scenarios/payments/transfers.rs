//! Bank transfers from the shell of administrators: small ones alone, large ones with four eyes.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::{PATIENCE, until};
use sambac_testkit::scenario::{Platform, Secrets, Site, World};
use serde_json::Value;

use super::available;
use crate::admin_shell::{REFUSED, Shell};
use crate::world;

const SCOPES: &str = "transfers:write,config:read";

pub(super) struct Bank {
    pub(super) world: World,
    secrets: Secrets,
    platform: Platform,
    pub(super) anna: Shell,
    pub(super) ben: Shell,
}

impl Bank {
    pub(super) async fn start(name: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let world = world(name)?;
        let secrets = world.apply(&Site::with_one_account("10")).await?;
        let (anna, ben) = (world.admin_key("anna", SCOPES).await?, world.admin_key("ben", SCOPES).await?);
        let platform = world.platform(variables).await?;
        let shell = |key: &str| Shell::new(platform.http(), key);
        let (anna, ben) = (shell(&anna), shell(&ben));
        Ok(Self { world, secrets, platform, anna, ben })
    }

    pub(super) async fn available(&self) -> Result<String> {
        available(&self.platform.rest(&self.secrets)?).await
    }
}

pub(super) fn transfer<'a>(amount: &'a str, reference: &'a str) -> [&'a str; 9] {
    ["payment", "transfer", "bank", "--amount", amount, "--reference", reference, "--reason", "on the statement"]
}

pub(super) fn id(transfer: &Value) -> Result<String> {
    Ok(transfer["id"].as_str().context("no id")?.to_owned())
}

/// A small one is booked at once; one above the limit, or that brings the day's sum above it, needs another key.
#[tokio::test]
async fn a_large_transfer_needs_four_eyes() -> Result<()> {
    let bank = Bank::start("transfers", &[("SAMBAC_PAYMENTS_TRANSFER_ALONE_MAX", "100")]).await?;
    let small = bank.anna.ask(&transfer("60", "INV-1")).await?;
    assert_eq!((&small["state"], &small["asked_by"]), (&"booked".into(), &"anna".into()), "{small}");
    assert_eq!(bank.available().await?, "70.00");
    bank.anna.refused(&transfer("60", "INV-1"), REFUSED, "conflict").await?;
    bank.anna.refused(&transfer("60", "first"), REFUSED, "conflict").await?;
    bank.anna.refused(&transfer("60", " inv-1 "), REFUSED, "conflict").await?;
    bank.anna.refused(&transfer("6O", "INV-4"), REFUSED, "/amount: ").await?;

    // Sums over thousands of the greatest fit 64 bits.
    bank.anna.refused(&transfer("1000000000.01", "INV-0"), REFUSED, "invalid_request").await?;

    // 60 and 60 are more than 100.
    let large = bank.anna.ask(&transfer("60", "INV-2")).await?;
    assert_eq!(large["state"], "open", "{large}");
    assert_eq!(bank.available().await?, "70.00");
    let large = id(&large)?;
    let approve = ["payment", "approve", &large, "--reason", "seen by me"];
    bank.anna.refused(&approve, REFUSED, "four_eyes").await?;
    let booked = bank.ben.ask(&approve).await?;
    assert_eq!((&booked["state"], &booked["decided_by"]), (&"booked".into(), &"ben".into()), "{booked}");
    assert_eq!((&booked["decided_why"], &booked["reason"]), (&"seen by me".into(), &"on the statement".into()));
    assert_eq!(bank.available().await?, "130.00");
    bank.ben.refused(&approve, REFUSED, "wrong_state").await?;

    let other = id(&bank.ben.ask(&transfer("500", "INV-3")).await?)?;
    let refused = bank.anna.ask(&["payment", "refuse", &other, "--reason", "not on the statement"]).await?;
    assert_eq!(refused["state"], "refused", "{refused}");
    bank.anna.refused(&["payment", "approve", &other, "--reason", "after all"], REFUSED, "wrong_state").await?;
    let open = bank.ben.ask(&["payment", "list", "--state", "open"]).await?;
    assert_eq!(open["data"], Value::Array(Vec::new()));
    assert_eq!(bank.ben.ask(&["payment", "list"]).await?["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(bank.ben.ask(&["payment", "show", &large]).await?["asked_by"], "anna");
    assert_eq!(bank.available().await?, "130.00");
    bank.world.database().await?.audit().await?;
    bank.world.prove_ledger().await?;
    bank.world.passed();
    Ok(())
}

/// What nobody approves in time can be approved no longer.
#[tokio::test]
async fn a_transfer_that_nobody_approves_expires() -> Result<()> {
    let variables = [("SAMBAC_PAYMENTS_TRANSFER_ALONE_MAX", "1"), ("SAMBAC_PAYMENTS_TRANSFER_EXPIRES_S", "1")];
    let bank = Bank::start("transfer_expires", &variables).await?;
    let open = id(&bank.anna.ask(&transfer("60", "INV-1")).await?)?;
    until("it has expired", PATIENCE, async || {
        let shown = bank.ben.ask(&["payment", "show", &open]).await?;
        Ok((shown["state"] == "expired").then_some(()))
    })
    .await?;
    bank.ben.refused(&["payment", "approve", &open, "--reason", "too late"], REFUSED, "expired").await?;
    assert_eq!(bank.available().await?, "10.00");
    bank.world.passed();
    Ok(())
}

/// What was booked in another way meanwhile is not booked again: who approves it is told, and what was said stays.
#[tokio::test]
async fn an_approved_transfer_that_cannot_be_booked_says_so() -> Result<()> {
    let bank = Bank::start("transfer_booked", &[("SAMBAC_PAYMENTS_TRANSFER_ALONE_MAX", "1")]).await?;
    let open = id(&bank.anna.ask(&transfer("60", "INV-1")).await?)?;
    let small = bank.ben.ask(&transfer("0.50", "inv-1")).await?;
    assert_eq!(small["state"], "booked", "{small}");
    let approve = ["payment", "approve", &open, "--reason", "seen by me"];
    bank.ben.refused(&approve, REFUSED, "its reference was booked meanwhile").await?;
    let shown = bank.ben.ask(&["payment", "show", &open]).await?;
    assert_eq!(shown["state"], "refused", "{shown}");
    assert!(shown["decided_why"].as_str().is_some_and(|why| why.contains("seen by me")), "{shown}");
    assert_eq!(bank.available().await?, "10.50");
    bank.world.passed();
    Ok(())
}

/// What a file books is in the audit log; what waits for approval, or was refused, is not booked by a file, and nothing twice.
#[tokio::test]
async fn a_file_books_nothing_past_the_four_eyes() -> Result<()> {
    let bank = Bank::start("transfer_by_file", &[("SAMBAC_PAYMENTS_TRANSFER_ALONE_MAX", "1")]).await?;
    let file = |payments: &str| {
        Site::new().table(
            "account",
            &format!("name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\npayment = [{payments}]"),
        )
    };
    let open = id(&bank.anna.ask(&transfer("600", "INV-1")).await?)?;
    let refused = id(&bank.anna.ask(&transfer("700", "INV-2")).await?)?;
    bank.ben.ask(&["payment", "refuse", &refused, "--reason", "not on the statement"]).await?;
    for (payments, what) in [
        ("{ amount = \"600\", reference = \"inv-1\" }", format!("is bank transfer {open}, which is open")),
        ("{ amount = \"700\", reference = \"INV-2\" }", format!("is bank transfer {refused}, which is refused")),
        (
            "{ amount = \"5\", reference = \"INV-3\" }, { amount = \"6\", reference = \"inv-3\" }",
            "the file has two of this reference".to_owned(),
        ),
        ("{ amount = \"5\", reference = \"INV\\n3\" }", "control characters".to_owned()),
    ] {
        let applied = bank.world.apply(&file(payments)).await.map(drop);
        let told = applied.expect_err(payments).to_string();
        assert!(told.contains(&what), "{told}");
    }
    assert_eq!(bank.available().await?, "10.00");
    bank.world.apply(&file("{ amount = \"5\", reference = \"INV-4\" }")).await?;
    let mut database = bank.world.database().await?;
    let kept = "SELECT COUNT(*) FROM audit_log WHERE action = 'payment.booked' AND detail LIKE '%INV-4%'";
    assert_eq!(database.number(kept).await?, 1);
    bank.world.passed();
    Ok(())
}

/// Who shares a wallet sends with it as long as its owner may.
#[tokio::test]
async fn a_suspended_wallet_pays_for_nobody() -> Result<()> {
    let world = world("suspended_wallet")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10")
        .table("account", "name = \"child\"\ncurrency = \"EUR\"\ntariff = \"standard\"\nwallet_of = \"bank\"")
        .api_key("child", "childs")
        .connector("alpha", &operator, "")
        .route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let key = world.admin_key("anna", "config:read,config:write").await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?.with_key(secrets.api_key("childs")?);
    rest.send_text("+447700900123", "hello").await?;
    let shell = Shell::new(platform.http(), &key);
    shell.ask(&["account", "update", "bank", "--set", "state=\"suspended\""]).await?;
    let refused = rest.send(&serde_json::json!({ "to": "+447700900123", "from": "Bank", "text": "hello" })).await?;
    assert_eq!((refused.status, &refused.body["code"]), (403, &"account_suspended".into()), "{}", refused.text);
    world.passed();
    Ok(())
}
