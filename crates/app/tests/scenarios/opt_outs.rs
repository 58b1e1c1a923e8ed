//! A person who writes STOP gets nothing more but one-time codes, whatever way messages come in and whatever happens to the process, until
//! the same person writes START.

use std::time::Duration;

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::smpp::BindKind;
use sambac_testkit::scenario::wait::{until, until_true};
use sambac_testkit::scenario::{Rest, Sink, Site, events, message};
use serde_json::{Value, json};

use crate::world;

const PERSON: &str = "+447700900123";
const ACCOUNT: &str = "name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\n\
    messaging = { opt_out = { stop_reply = \"No more. START begins again.\", start_reply = \"Welcome back.\" } }\n\
    payment = [{ amount = \"10\", reference = \"first\" }]";

fn mo(text: &str) -> String {
    format!("[[mo]]\nfrom = \"447700900123\"\ntext = \"{text}\"\n")
}

/// Waits until the last thing that was said of the person is this.
async fn until_said(rest: &Rest, state: &str) -> Result<Value> {
    until(&format!("the person to be {state}"), Duration::from_secs(30), async || {
        let list = rest.get("/v1/opt-outs?number=%2B447700900123").await?.body;
        Ok(Some(list["data"][0].clone()).filter(|entry| entry["state"] == state))
    })
    .await
}

#[tokio::test]
async fn stop_holds_over_every_way_in_and_over_a_crash_until_start() -> Result<()> {
    let world = world("opt_outs")?;
    let mut operator = world.simulator("alpha", &mo("Stop!")).await?;
    let sink = Sink::start(0).await?;
    let site = Site::new()
        .table("tariff", "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\" }]")
        .table("account", ACCOUNT)
        .account("shop", "10")
        .api_key("bank", "main")
        .api_key("shop", "other")
        .smpp_account("bank", "esme", "")
        .connector("alpha", &operator, "")
        .route("all", &["alpha"], "")
        .webhook("bank", &sink.url())
        .mo_route("bank", "all", &format!("{{ webhook = \"{}\" }}", sink.url()), "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?.with_key(secrets.api_key("main")?);
    let entry = until_said(&rest, "opted_out").await?;
    assert_eq!((&entry["number"], &entry["source"]), (&json!(PERSON), &json!("keyword")), "{entry:#}");
    assert!(entry["set_by"].as_str().is_some_and(|id| id.starts_with("mo_")), "{entry:#}");

    // REST, SMPP and batches.
    let sms = json!({ "to": PERSON, "from": "Bank", "text": "Hello" });
    let refused = rest.send(&sms).await?;
    assert_eq!((refused.status, refused.body["code"].as_str()), (422, Some("recipient_opted_out")), "{}", refused.text);
    let esme = platform.esme_as(&secrets, "esme", BindKind::Transceiver).await?;
    assert_eq!(esme.submit(message("447700900123", b"Hello")).await?.status, 0x0B);
    let batch = json!({ "from": "Bank", "text": "Hello", "recipients": [{ "to": "+447700900124" }, { "to": PERSON }] });
    let batch = rest.post("/v1/sms/batch", &batch, &[]).await?.body;
    let errors: Vec<_> =
        batch["recipients"].as_array().context("none")?.iter().map(|one| one["error"]["code"].clone()).collect();
    assert_eq!(errors, [Value::Null, json!("recipient_opted_out")], "{batch:#}");
    // A code goes, and its life says that it did all the same; another account knows nothing of it.
    let code = json!({ "to": PERSON, "from": "Bank", "text": "Your code is 123456", "class": "otp" });
    let code = rest.ended(&rest.accepted(&code).await?).await?;
    assert!(events(&code).contains(&"opt_out_exempt".to_owned()), "{code:#}");
    rest.with_key(secrets.api_key("other")?).accepted(&sms).await?;

    platform.kill_9().await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?.with_key(secrets.api_key("main")?);
    assert_eq!(rest.send(&sms).await?.body["code"], "recipient_opted_out", "it outlives the process");
    let before = operator.journal()?.texts();
    operator.start_again(&world, &mo("START")).await?;
    until_said(&rest, "opted_in").await?;
    rest.ended(&rest.accepted(&sms).await?).await?;
    let journal = until("the answer to START", Duration::from_secs(30), async || {
        let texts = operator.journal()?.texts();
        Ok(texts.contains(&"Welcome back.".to_owned()).then_some(texts))
    });
    let after = journal.await?;
    assert!(before.contains(&"No more. START begins again.".to_owned()), "{before:?} {after:?}");
    // Both were told, in their order, beside the words themselves.
    let kinds = until("both events", Duration::from_secs(30), async || {
        let told = rest.get("/v1/events?types=recipient.opted_out,recipient.opted_in").await?.body;
        let kinds: Vec<_> = told["data"].as_array().context("none")?.iter().map(|one| one["type"].clone()).collect();
        Ok((kinds.len() == 2).then_some(kinds))
    });
    assert_eq!(kinds.await?, ["recipient.opted_out", "recipient.opted_in"]);
    let secret = secrets.webhook_secret(&sink.url())?;
    until_true("the webhook is told", async || {
        let all = sink.deliveries().iter().map(|delivery| delivery.verified(secret)).collect::<Result<Vec<_>>>()?;
        let told = all.iter().find(|event| event["type"] == "recipient.opted_out");
        Ok(told.is_some_and(|event| event["data"]["number"] == PERSON && event["data"]["source"] == "keyword"))
    })
    .await?;
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}

/// What waits in a queue, as its operator is away, is not sent to who wants no more meanwhile, and costs nothing; codes go, and so do
/// messages to others, and all that is sent by another name where the list is one for each.
#[tokio::test]
async fn what_waits_in_a_queue_is_not_sent() -> Result<()> {
    let world = world("opt_outs_queued")?;
    let mut operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let key = world.admin_key("all", "config:read,config:write,operations").await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let (rest, admin) = (platform.rest(&secrets)?, platform.rest(&secrets)?.with_key(&key));
    let connectors = admin.get("/v1/admin/connectors").await?;
    let place = format!("/v1/admin/connectors/{}", connectors.body["data"][0]["id"].as_str().context("no connector")?);
    let stopped = admin.post(&format!("{place}/stop"), &json!({}), &[]).await?;
    assert!(stopped.status < 300, "{}", stopped.text);
    let sms = |to: &str, from: &str, class: &str| json!({ "to": to, "from": from, "text": from, "class": class });
    let unwanted = rest.accepted(&sms(PERSON, "Bank", "marketing")).await?;
    let long = json!({ "to": PERSON, "from": "bank", "text": "x".repeat(400) });
    let long = rest.accepted(&long).await?;
    let others = [
        rest.accepted(&sms("+447700900124", "Other", "transactional")).await?,
        rest.accepted(&sms(PERSON, "Shop", "transactional")).await?,
        rest.accepted(&sms(PERSON, "Code", "otp")).await?,
    ];
    for sender in ["BANK", "Code"] {
        let added = rest.post("/v1/opt-outs", &json!({ "number": PERSON, "sender": sender }), &[]).await?;
        assert_eq!(added.status, 201, "{}", added.text);
    }
    let started = admin.post(&format!("{place}/start"), &json!({}), &[]).await?;
    assert!(started.status < 300, "{}", started.text);
    for id in [&unwanted, &long] {
        let ended = rest.ended(id).await?;
        assert_eq!((&ended["state"], &ended["error"]), (&json!("failed"), &json!("recipient_opted_out")), "{ended:#}");
    }
    for id in &others {
        assert_eq!(rest.final_state(id).await?, "delivered");
    }
    let mut texts = operator.finish().await?.texts();
    texts.sort_unstable();
    assert_eq!(texts, ["Code", "Other", "Shop"]);
    assert_eq!(rest.balance().await?.1, "0.00");
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}

/// What waits for its time is not sent to who wants no more meanwhile, and costs nothing; an erased number is left alone all the same.
#[tokio::test]
async fn what_was_scheduled_is_not_sent_and_an_erased_number_stays_on_the_list() -> Result<()> {
    let world = world("opt_outs_later")?;
    let mut operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    let later = jiff::Timestamp::now().checked_add(Duration::from_secs(3))?.to_string();
    let sms = |class: &str| json!({ "to": PERSON, "from": "Bank", "text": class, "class": class, "send_at": later });
    let (unwanted, code) = (rest.accepted(&sms("transactional")).await?, rest.accepted(&sms("otp")).await?);
    let added = rest.post("/v1/opt-outs", &json!({ "number": PERSON, "note": "Anna Smith" }), &[]).await?;
    assert_eq!(added.status, 201, "{}", added.text);
    let ended = rest.ended(&unwanted).await?;
    assert_eq!((&ended["state"], &ended["error"]), (&json!("failed"), &json!("recipient_opted_out")), "{ended:#}");
    assert_eq!(rest.final_state(&code).await?, "delivered");
    assert_eq!(operator.finish().await?.texts(), ["otp"]);

    let erase = ["erase", "--number", PERSON, "--reason", "ticket 1042"];
    let erased = world.run_with(&erase, &[]).await?;
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    let entry = rest.get(&format!("/v1/opt-outs/{}", added.body["id"].as_str().context("no id")?)).await?;
    assert!(entry.body["number"].is_null() && !entry.text.contains("Anna"), "{}", entry.text);
    assert_eq!(
        rest.send(&json!({ "to": PERSON, "from": "Bank", "text": "x" })).await?.body["code"],
        "recipient_opted_out"
    );
    let mut database = world.database().await?;
    let kept = "SELECT COUNT(*) FROM opt_outs WHERE number_sealed IS NULL AND note = ''";
    assert_eq!(database.number(kept).await?, 1);
    database.audit().await?;
    platform.kill_9().await?;
    let platform = world.platform(&[]).await?;
    let again = platform.rest(&secrets)?.send(&json!({ "to": PERSON, "from": "Bank", "text": "x" })).await?;
    assert_eq!(again.body["code"], "recipient_opted_out", "known again by its digest");
    world.passed();
    Ok(())
}
