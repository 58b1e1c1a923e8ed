//! Clients hear by webhook when their money runs low, and when they are suspended for a debt and are not any more.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Database, Platform, Secrets, Simulator, Sink, Site, World};
use serde_json::Value;

use crate::world;

/// An account with this much, that is told of 0.80 or less, and suspended when it owes for an hour.
fn site(operator: &Simulator, sink: &Sink, payments: &[&str]) -> Site {
    let payments: Vec<_> = payments
        .iter()
        .enumerate()
        .map(|(number, amount)| format!("{{ amount = \"{amount}\", reference = \"{number}\" }}"))
        .collect();
    let account = format!(
        "name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\ncredit_limit = \"5.00\"\npayment = [{}]\n\n\
         [account.limits]\nlow_balance = \"0.80\"\nsuspend_after_h = 1",
        payments.join(", ")
    );
    Site::new()
        .table("tariff", "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\" }]")
        .table("account", &account)
        .api_key("bank", "main")
        .webhook("bank", &sink.url())
        .connector("alpha", operator, "")
        .route("all", &["alpha"], "")
}

/// The events of the account so far, without those of its messages: type, and what was in the wallet. Who dies tells again what
/// it had told last, under the same id.
fn news(sink: &Sink, secret: &str) -> Result<Vec<(String, String)>> {
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    for delivery in sink.deliveries() {
        if !known.insert(delivery.id().to_owned()) {
            continue;
        }
        let event: Value = delivery.verified(secret)?;
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        if !kind.starts_with("message.") {
            found.push((kind, event["data"]["available"].as_str().unwrap_or_default().to_owned()));
        }
    }
    Ok(found)
}

async fn send(platform: &Platform, secrets: &Secrets, count: usize) -> Result<()> {
    let rest = platform.rest(secrets)?;
    for _ in 0..count {
        let id = rest.send_text("+447700900123", "hello").await?;
        ensure!(rest.final_state(&id).await? == "delivered");
    }
    Ok(())
}

async fn until_news(sink: &Sink, secret: &str, kinds: &[&str]) -> Result<()> {
    until_true(&format!("{kinds:?} are told"), async || {
        let told = news(sink, secret)?;
        ensure!(told.len() <= kinds.len(), "{told:?}");
        Ok(told.iter().map(|(kind, _)| kind.as_str()).eq(kinds.iter().copied()))
    })
    .await
}

async fn low_wallets(world: &World) -> Result<i64> {
    world.database().await?.number("SELECT COUNT(*) FROM low_wallets").await
}

/// Pays, and waits until the platform knows.
async fn pay(world: &World, platform: &Platform, secrets: &Secrets, site: &Site, available: &str) -> Result<()> {
    world.apply(site).await?;
    let rest = platform.rest(secrets)?;
    until_true("the payment is there", async || Ok(rest.balance().await?.0 == available)).await
}

/// Low is told once, and again only after there was more; a suspension and its end are told. A restart tells nothing again.
#[tokio::test]
async fn clients_hear_when_their_money_runs_out() -> Result<()> {
    let world = world("account_news")?;
    let (operator, sink) = (world.simulator("alpha", "").await?, Sink::start(0).await?);
    let secrets = world.apply(&site(&operator, &sink, &["1.00"])).await?;
    let secret = secrets.webhook_secret(&sink.url())?.to_owned();
    let platform = world.platform(&[]).await?;
    send(&platform, &secrets, 5).await?;
    until_news(&sink, &secret, &["balance.low"]).await?;
    // Who dies between telling and noting it tells it again.
    until_true("it is noted", async || Ok(low_wallets(&world).await? == 1)).await?;
    platform.kill_9().await?;
    let platform = world.platform(&[]).await?;
    send(&platform, &secrets, 1).await?;
    pay(&world, &platform, &secrets, &site(&operator, &sink, &["1.00", "1.00"]), "1.70").await?;
    until_true("it counts as enough", async || Ok(low_wallets(&world).await? == 0)).await?;
    ensure!(news(&sink, &secret)?.len() == 1, "once");
    send(&platform, &secrets, 36).await?;
    until_news(&sink, &secret, &["balance.low", "balance.low"]).await?;
    // It owes 0.10 now: for an hour, as far as the database knows.
    until_true("the debt is kept", async || {
        Ok(world.database().await?.number("SELECT COUNT(*) FROM account_debts").await? == 1)
    })
    .await?;
    platform.kill_9().await?;
    let file = world.data_folder().join("sambac.db");
    Database::spoil(&file, "UPDATE account_debts SET since = since - 3600000000").await?;
    let platform = world.platform(&[]).await?;
    until_news(&sink, &secret, &["balance.low", "balance.low", "account.suspended"]).await?;
    pay(&world, &platform, &secrets, &site(&operator, &sink, &["1.00", "1.00", "2.00"]), "1.90").await?;
    until_news(&sink, &secret, &["balance.low", "balance.low", "account.suspended", "account.resumed"]).await?;
    send(&platform, &secrets, 1).await?;
    world.passed();
    Ok(())
}
