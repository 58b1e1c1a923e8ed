//! A batch is stored whole and worked off whatever happens: kill -9 in the middle loses no recipient and sends none twice.

use anyhow::{Result, ensure};
use sambac_testkit::scenario::Site;
use sambac_testkit::scenario::wait::until_true;
use serde_json::json;

use crate::world;

const RECIPIENTS: i64 = 400;
/// So slow that it is not done when it is looked at first.
const ACCOUNT: &str = "name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\nthroughput = \"100/s\"\n\
    payment = [{ amount = \"100\", reference = \"first\" }]";

#[tokio::test]
async fn a_batch_that_is_cut_off_goes_on_where_it_was() -> Result<()> {
    let world = world("batch")?;
    let mut operator = world.simulator("alpha", "").await?;
    let site = Site::new()
        .table("tariff", "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\" }]")
        .table("account", ACCOUNT)
        .api_key("bank", "main")
        .connector("alpha", &operator, "")
        .route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    // Nothing is on its way when the platform dies.
    operator.stop().await?;
    let platform = world.platform(&[]).await?;
    let recipients: Vec<_> = (0..RECIPIENTS)
        .map(|no| json!({ "to": format!("+4477009{:05}", no), "variables": { "parcel": no.to_string() } }))
        .collect();
    let body = json!({ "from": "Bank", "text": "Parcel {parcel} comes today", "recipients": recipients });
    let key = [("idempotency-key", "parcels")];
    let rest = platform.rest(&secrets)?;
    let cut_off = tokio::spawn({
        let body = body.clone();
        async move { rest.post("/v1/sms/batch", &body, &key).await }
    });
    let mut database = world.database().await?;
    let decided = "SELECT COUNT(*) FROM batch_recipients";
    until_true("some recipients", async || Ok(database.number(decided).await? >= 100)).await?;
    platform.kill_9().await?;
    ensure!(cut_off.await?.is_err(), "it was answered");
    let before = database.number(decided).await?;
    ensure!((100..RECIPIENTS).contains(&before), "{before} recipients were decided");
    assert_eq!(database.number("SELECT COUNT(*) FROM messages").await?, before, "a row for each message");
    database.audit().await?;

    operator.start_again(&world, "").await?;
    let platform = world.platform(&[]).await?;
    let all = usize::try_from(RECIPIENTS)?;
    operator.until_submits(all).await?;
    let reply = platform.rest(&secrets)?.post("/v1/sms/batch", &body, &key).await?;
    assert_eq!((reply.status, &reply.headers["idempotent-replayed"]), (202, &"true".parse()?), "{}", reply.text);
    let told = &reply.body["batch"];
    assert_eq!((told["state"].as_str(), told["accepted"].as_i64()), (Some("ended"), Some(RECIPIENTS)), "{told}");
    until_true("an empty outbox", async || Ok(database.number("SELECT COUNT(*) FROM outbox").await? == 0)).await?;
    assert_eq!(database.number("SELECT COUNT(*) FROM batches WHERE content IS NOT NULL").await?, 0, "it is wiped");
    database.audit().await?;
    let mut texts = operator.finish().await?.texts();
    texts.sort();
    let mut wanted: Vec<_> = (0..RECIPIENTS).map(|no| format!("Parcel {no} comes today")).collect();
    wanted.sort();
    assert_eq!(texts, wanted);
    world.passed();
    Ok(())
}
