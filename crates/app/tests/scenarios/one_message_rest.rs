//! One message in over REST: delivered, settled, told by webhook; and what must leave no trace, or only one.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Charges, Sink, Site, events};
use serde_json::{Value, json};

use crate::{Healthy, world};

const TO: &str = "+447700900123";

#[tokio::test]
async fn it_is_delivered_and_told() -> Result<()> {
    let world = world("one_message_rest")?;
    let (mut operator, sink) = (world.simulator("alpha", "").await?, Sink::start(0).await?);
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site.webhook("bank", &sink.url())).await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    assert_eq!(rest.balance().await?, ("10.00".to_owned(), "0.00".to_owned()));

    let body =
        json!({ "to": TO, "from": "Bank", "text": "Your code is 123456", "class": "otp", "reference": "order-1" });
    let id = rest.accepted(&body).await?;
    let sms = rest.until_event(&id, "webhook").await?;

    let expected =
        ["accepted", "routed", "held", "submitting", "answered", "delivered", "captured", "cdr_written", "webhook"];
    assert_eq!(events(&sms), expected, "{sms:#}");
    for (field, value) in
        [("state", "delivered"), ("to", TO), ("from", "Bank"), ("class", "otp"), ("reference", "order-1")]
    {
        assert_eq!(sms[field], value, "{sms:#}");
    }
    assert_eq!(sms["segments"][0]["charge"], "captured");
    assert_eq!(rest.balance().await?, ("9.95".to_owned(), "0.00".to_owned()));

    let event = sink.until(1).await?[0].verified(secrets.webhook_secret(&sink.url())?)?;
    assert_eq!((event["type"].as_str(), event["data"]["message_id"].as_str()), (Some("message.delivered"), Some(&*id)));
    assert_eq!((event["data"]["to"].as_str(), event["data"]["reference"].as_str()), (Some(TO), Some("order-1")));

    assert_eq!(operator.finish().await?.texts(), ["Your code is 123456"]);
    let mut database = world.database().await?;
    until_true("an empty outbox", async || Ok(database.number("SELECT COUNT(*) FROM outbox").await? == 0)).await?;
    database.audit().await?;
    assert_eq!(database.messages().await?, [("delivered", 1)].into());
    assert_eq!(database.charges().await?, Charges { captured: 1, ..Charges::default() });
    assert_eq!(database.number("SELECT COUNT(*) FROM submit_intents").await?, 0);
    assert_eq!(database.number("SELECT COUNT(*) FROM messages WHERE body IS NOT NULL").await?, 0, "the text is wiped");
    assert_eq!((database.balance("revenue").await?, database.balance("held").await?), (50_000, 0));
    assert_eq!(sink.deliveries().len(), 1, "told once");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_webhook_that_fails_is_tried_again() -> Result<()> {
    let world = world("webhook_again")?;
    let (operator, sink) = (world.simulator("alpha", "").await?, Sink::start(1).await?);
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site.webhook("bank", &sink.url())).await?;
    let platform = world.platform(&[]).await?;
    let id = platform.rest(&secrets)?.send_text(TO, "hello").await?;
    let secret = secrets.webhook_secret(&sink.url())?;
    for delivery in sink.until(2).await? {
        assert_eq!(delivery.verified(secret)?["data"]["message_id"], *id);
    }
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_long_text_goes_in_segments_that_belong_together() -> Result<()> {
    let Healthy { world, mut operator, secrets, platform } = Healthy::start("long_rest").await?;
    let rest = platform.rest(&secrets)?;
    let text = "0123456789".repeat(40);
    let id = rest.send_text(TO, &text).await?;
    let sms = rest.ended(&id).await?;
    assert_eq!((sms["state"].as_str(), sms["segments"].as_array().map(Vec::len)), (Some("delivered"), Some(3)));
    let journal = operator.finish().await?;
    assert_eq!(journal.texts().concat(), text);
    let headers: Vec<_> = journal.submits().map(|line| line.udh.clone()).collect();
    let reference = headers[0].get(6..8).context("no reference")?.to_owned();
    assert_eq!(headers, [1, 2, 3].map(|no| format!("050003{reference}03{no:02x}")));
    assert_eq!(rest.balance().await?.0, "9.85");
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_dry_run_leaves_no_trace() -> Result<()> {
    let Healthy { world, mut operator, secrets, platform } = Healthy::start("dry_run").await?;
    let rest = platform.rest(&secrets)?;
    let body = json!({ "to": TO, "from": "Bank", "text": "hello €", "dry_run": true });
    let reply = rest.post("/v1/sms/send", &body, &[("Idempotency-Key", "dry")]).await?;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!((&reply.body["dry_run"], &reply.body["affordable"]), (&json!(true), &json!(true)));
    assert_eq!(reply.body["price"], json!({ "amount": "0.05", "currency": "EUR" }));
    assert_eq!(reply.body["route"]["name"], "all");

    // A real message behind it: when it has arrived, the dry one would have too.
    let id = rest.send_text(TO, "real").await?;
    assert_eq!(rest.final_state(&id).await?, "delivered");
    assert_eq!(operator.finish().await?.texts(), ["real"]);
    assert_eq!(rest.balance().await?, ("9.95".to_owned(), "0.00".to_owned()));
    let mut database = world.database().await?;
    for table in ["messages", "charges", "cdr_sms"] {
        assert_eq!(database.number(&format!("SELECT COUNT(*) FROM {table}")).await?, 1, "{table}");
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM idempotency_keys").await?, 0);
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_repeated_request_is_answered_again_and_sent_once() -> Result<()> {
    let Healthy { world, mut operator, secrets, platform } = Healthy::start("idempotent").await?;
    let rest = platform.rest(&secrets)?;
    let key = [("Idempotency-Key", "order-7")];
    let body = |text: &str| json!({ "to": TO, "from": "Bank", "text": text });
    let first = rest.post("/v1/sms/send", &body("once"), &key).await?;
    assert_eq!((first.status, first.headers.get("idempotent-replayed")), (202, None));
    let id = first.body["message_id"].as_str().context("no id")?;
    assert_eq!(rest.final_state(id).await?, "delivered");

    let again = rest.post("/v1/sms/send", &body("once"), &key).await?;
    assert_eq!((again.status, &again.body), (202, &first.body), "{}", again.text);
    assert_eq!(again.headers.get("idempotent-replayed").context("no header")?, "true");
    let other = rest.post("/v1/sms/send", &body("other"), &key).await?;
    assert_eq!((other.status, other.body["code"].as_str()), (422, Some("idempotency_mismatch")), "{}", other.text);

    let twenty = body("twenty at once");
    let at_once = (0..20).map(|_| {
        let (rest, body) = (rest.clone(), twenty.clone());
        tokio::spawn(async move { rest.post("/v1/sms/send", &body, &[("Idempotency-Key", "order-8")]).await })
    });
    let mut ids: Vec<Value> = Vec::new();
    for reply in at_once.collect::<Vec<_>>() {
        let reply = reply.await??;
        match reply.status {
            202 => ids.push(reply.body["message_id"].clone()),
            status => assert_eq!((status, reply.body["code"].as_str()), (409, Some("idempotency_in_progress"))),
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let id = ids[0].as_str().context("no id")?;
    assert_eq!(rest.final_state(id).await?, "delivered");
    assert_eq!(operator.finish().await?.texts(), ["once", "twenty at once"]);
    assert_eq!(world.database().await?.charges().await?.captured, 2);
    world.passed();
    Ok(())
}

#[tokio::test]
async fn it_is_listed_in_its_state() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("listed").await?;
    let rest = platform.rest(&secrets)?;
    let done = rest.send_text(TO, "delivered").await?;
    assert_eq!(rest.final_state(&done).await?, "delivered");
    // Its receipt never comes.
    let open = rest.send_text("+999000000020", "open").await?;
    rest.until_event(&open, "answered").await?;
    for (query, expected) in [
        ("", vec![&open, &done]),
        ("?state=delivered", vec![&done]),
        ("?state=routed", vec![&open]),
        ("?to=%2B447700900123", vec![&done]),
        ("?limit=1", vec![&open]),
        (&format!("?cursor={open}"), vec![&done]),
    ] {
        let reply = rest.get(&format!("/v1/sms{query}")).await?;
        let rows = reply.body["data"].as_array().with_context(|| reply.text.clone())?;
        let ids: Vec<_> = rows.iter().filter_map(|row| row["message_id"].as_str()).collect();
        assert_eq!(ids, expected, "{query}: {}", reply.text);
    }
    assert_eq!(rest.sms(&open).await?["state"], "submitted");
    world.passed();
    Ok(())
}
