//! A batch is stored whole and worked off whatever happens: kill -9 in the middle loses no recipient and sends none twice.

use anyhow::{Result, ensure};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Simulator, Site};
use serde_json::json;

use crate::world;

const RECIPIENTS: i64 = 400;
/// So slow that it is not done when it is looked at first.
const ACCOUNT: &str = "name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\nthroughput = \"100/s\"\n\
    payment = [{ amount = \"100\", reference = \"first\" }]";

fn site(operator: &Simulator) -> Site {
    Site::new()
        .table("tariff", "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\" }]")
        .table("account", ACCOUNT)
        .api_key("bank", "main")
        .connector("alpha", operator, "")
        .route("all", &["alpha"], "")
}

#[tokio::test]
async fn a_batch_that_is_cut_off_goes_on_where_it_was() -> Result<()> {
    let world = world("batch")?;
    let mut operator = world.simulator("alpha", "").await?;
    let secrets = world.apply(&site(&operator)).await?;
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

/// Called off in the middle, over a crash too: whoever has had no turn gets none, and what waited is withdrawn; nothing is sent or paid for.
#[tokio::test]
async fn a_batch_that_is_called_off_in_the_middle_sends_nothing() -> Result<()> {
    let world = world("batch_off")?;
    let mut operator = world.simulator("alpha", "").await?;
    let secrets = world.apply(&site(&operator)).await?;
    // What is taken waits with us.
    operator.stop().await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    let before = rest.balance().await?;
    let recipients: Vec<_> = (0..RECIPIENTS).map(|no| json!({ "to": format!("+4477009{no:05}") })).collect();
    let body = json!({ "from": "Bank", "text": "Hello", "recipients": recipients });
    let sending = tokio::spawn({
        let rest = platform.rest(&secrets)?;
        async move { rest.post("/v1/sms/batch", &body, &[]).await }
    });
    let mut database = world.database().await?;
    until_true("some recipients", async || Ok(database.number("SELECT COUNT(*) FROM batch_recipients").await? >= 100))
        .await?;
    let id = database.number("SELECT id FROM batches").await?;
    let path = format!("/v1/batches/{}/cancel", sambac_domain::BatchId::from_raw(id));
    let canceled = rest.post(&path, &json!({}), &[]).await?;
    assert_eq!((canceled.status, &canceled.body["batch"]["state"]), (200, &json!("ended")), "{}", canceled.text);
    let count = |name: &str| canceled.body[name].as_i64().unwrap_or_default();
    let (withdrawn, without_turn) = (count("withdrawn"), count("without_turn"));
    assert_eq!((withdrawn + without_turn, count("not_withdrawn")), (RECIPIENTS, 0), "{}", canceled.text);
    ensure!(withdrawn >= 100 && without_turn > 0, "{}", canceled.text);
    let answered = sending.await??;
    assert_eq!(answered.body["recipients"].as_array().map(Vec::len), Some(usize::try_from(RECIPIENTS)?));
    platform.kill_9().await?;
    operator.start_again(&world, "").await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    assert_eq!(platform.rest(&secrets)?.balance().await?, before, "all is given back");
    assert_eq!(database.number("SELECT COUNT(*) FROM outbox").await?, 0);
    database.audit().await?;
    assert_eq!(operator.finish().await?.texts(), Vec::<String>::new());
    world.passed();
    Ok(())
}
