//! Receivers that refuse, ask for time, are gone, or never answer; what is told of that, and how what they missed is told again.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Rest, Sink};
use serde_json::{Value, json};

use super::{TO, register};
use crate::Healthy;

/// A list of the API, newest first.
async fn listed(rest: &Rest, path: &str) -> Result<Vec<Value>> {
    let reply = rest.get(path).await?;
    ensure!(reply.status == 200, "{}: {}", reply.status, reply.text);
    Ok(reply.body["data"].as_array().context("no data")?.clone())
}

/// A receiver that answers 410 is called no more from then on: its owner's other webhooks, the list of events, the operators and the
/// audit log are told. Enabled again, it is told on request what it has missed, under the ids that the events had.
#[tokio::test]
async fn a_receiver_that_is_gone_is_disabled_and_can_catch_up() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("webhook_gone").await?;
    let (rest, gone, other) = (platform.rest(&secrets)?, Sink::start(0).await?, Sink::start(0).await?);
    gone.answer_always("410 Gone");
    let (id, secret) = register(&rest, json!({ "url": gone.url() })).await?;
    let (_, others) = register(&rest, json!({ "url": other.url() })).await?;
    let path = format!("/v1/webhooks/{id}");
    rest.send_text(TO, "one").await?;
    let told = other.until(2).await?;
    let events: Vec<Value> = told.iter().map(|one| one.verified(&others)).collect::<Result<_>>()?;
    let disabled = events.iter().find(|event| event["type"] == "webhook.disabled").context("it was not told")?;
    assert_eq!(disabled["data"], json!({ "webhook": id, "url": gone.url(), "reason": "gone" }));
    let shown = rest.get(&path).await?.body;
    assert_eq!((&shown["state"], &shown["disabled_reason"]), (&json!("disabled"), &json!("gone")), "{shown}");
    let kinds: Vec<Value> = listed(&rest, "/v1/events").await?.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["message.delivered", "webhook.disabled"]);
    let mut database = world.database().await?;
    let noted = "SELECT COUNT(*) FROM audit_log WHERE action = 'webhook.disable' AND detail LIKE '%gone%'";
    assert_eq!(database.number(noted).await?, 1);
    until_true("the alert", async || {
        Ok(database.number("SELECT COUNT(*) FROM alerts WHERE kind = 'webhook_disabled'").await? == 1)
    })
    .await?;

    rest.send_text(TO, "two").await?;
    other.until(3).await?;
    assert_eq!(gone.deliveries().len(), 1, "it was called once");
    let replay = format!("{path}/replay");
    let early = rest.post(&replay, &json!({ "since": "2026-01-01T00:00:00Z" }), &[]).await?;
    assert_eq!((early.status, early.body["code"].as_str()), (409, Some("wrong_state")), "{}", early.text);
    gone.answer_always("204 No Content");
    assert_eq!(rest.patch(&path, &json!({ "enabled": true })).await?.body["state"], "enabled");
    let dead = listed(&rest, &format!("{path}/dead-letters")).await?;
    let first = told.iter().find(|one| one.verified(&others).is_ok_and(|event| event["type"] == "message.delivered"));
    let first = first.context("no message")?.header("webhook-id").to_owned();
    assert_eq!((dead.len(), &dead[0]["event"], &dead[0]["reason"]), (1, &json!(first), &json!("gone")), "{dead:?}");
    let replayed = rest.post(&replay, &json!({ "since": "2026-01-01T00:00:00Z" }), &[]).await?;
    assert_eq!((replayed.status, &replayed.body), (200, &json!({ "events": 1 })), "{}", replayed.text);
    let again = gone.until(2).await?.remove(1);
    assert_eq!(
        (again.header("webhook-id"), again.verified(&secret)?["type"].as_str()),
        (&*first, Some("message.delivered"))
    );
    until_true("no dead letter", async || Ok(listed(&rest, &format!("{path}/dead-letters")).await?.is_empty())).await?;

    // What it was never told, because it was disabled then, can be asked for one by one.
    let missed = listed(&rest, "/v1/events").await?.pop().context("an event")?;
    let one = rest.post(&replay, &json!({ "event": missed["id"] }), &[]).await?;
    assert_eq!(one.body, json!({ "events": 1 }), "{}", one.text);
    let last = gone.until(3).await?.remove(2);
    assert_eq!(
        (last.header("webhook-id"), last.verified(&secret)?["data"].clone()),
        (missed["id"].as_str().unwrap_or_default(), missed["data"].clone())
    );
    world.passed();
    Ok(())
}

/// A receiver that asks for seven seconds gets them, and the log tells of both attempts; neither secrets nor texts are in it.
#[tokio::test]
async fn retry_after_is_heeded_and_each_attempt_is_logged() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("webhook_log").await?;
    let (rest, sink) = (platform.rest(&secrets)?, Sink::start(0).await?);
    let (id, secret) = register(&rest, json!({ "url": sink.url() })).await?;
    let path = format!("/v1/webhooks/{id}");
    let tested = rest.post(&format!("{path}/test"), &json!({}), &[]).await?;
    assert_eq!(
        (tested.status, &tested.body["taken"], &tested.body["status"]),
        (200, &json!(true), &json!(204)),
        "{}",
        tested.text
    );
    assert_eq!(sink.until(1).await?[0].verified(&secret)?["type"], "webhook.test");

    sink.answer_next("503 Service Unavailable\r\nretry-after: 7");
    let began = std::time::Instant::now();
    rest.send_text(TO, "a text of one's own").await?;
    sink.until(2).await?;
    assert!(rest.get(&path).await?.body["failing_since"].is_string());
    sink.until(3).await?;
    assert!(began.elapsed() >= Duration::from_secs(7), "{:?}", began.elapsed());
    let log = async || listed(&rest, &format!("{path}/deliveries")).await;
    until_true("three attempts", async || Ok(log().await?.len() == 3)).await?;
    let attempts = log().await?;
    let told: Vec<_> =
        attempts.iter().map(|one| (one["attempt"].as_u64(), one["status"].as_u64(), one["taken"].as_bool())).collect();
    assert_eq!(
        told,
        [(Some(2), Some(204), Some(true)), (Some(1), Some(503), Some(false)), (Some(0), Some(204), Some(true))]
    );
    assert_eq!(
        (&attempts[1]["reason"], &attempts[1]["event_type"]),
        (&json!("slow down"), &json!("message.delivered"))
    );
    assert_eq!(attempts[0]["event"], attempts[1]["event"], "one event");
    let text = rest.get(&format!("{path}/deliveries")).await?.text;
    for leak in ["whsec_", "one's own", "447700900123"] {
        assert!(!text.contains(leak), "{leak} in {text}");
    }
    assert!(rest.get(&path).await?.body["failing_since"].is_null(), "it takes what it is told");
    world.passed();
    Ok(())
}

/// A receiver that never answers has its own places and its own queue: the others are told as if it were not there.
#[tokio::test]
async fn a_receiver_that_never_answers_holds_up_nobody_else() -> Result<()> {
    const MESSAGES: usize = 40;
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("webhook_stuck").await?;
    let (rest, stuck, other) = (platform.rest(&secrets)?, Sink::start(0).await?, Sink::start(0).await?);
    stuck.answer_always("never");
    register(&rest, json!({ "url": stuck.url() })).await?;
    register(&rest, json!({ "url": other.url() })).await?;
    for number in 0..MESSAGES {
        rest.send_text(TO, &format!("number {number}")).await?;
    }
    let began = std::time::Instant::now();
    other.until(MESSAGES).await?;
    assert!(began.elapsed() < Duration::from_secs(10), "before the first time-out of the other: {:?}", began.elapsed());
    assert!(stuck.deliveries().len() <= 16, "it has sixteen places");
    world.passed();
    Ok(())
}
