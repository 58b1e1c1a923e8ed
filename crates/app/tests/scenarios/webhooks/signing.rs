//! Whose signatures events carry, also while secrets are rotated, and of what a webhook is told.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::Sink;
use sambac_testkit::scenario::wait::until_true;
use serde_json::json;

use super::{TO, register};
use crate::Healthy;

/// While a secret is rotated the old and the new one both verify, and afterwards the new one only.
#[tokio::test]
async fn both_secrets_verify_while_one_is_rotated() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("webhook_rotation").await?;
    let (rest, sink) = (platform.rest(&secrets)?, Sink::start(0).await?);
    let (id, first) = register(&rest, json!({ "url": sink.url() })).await?;
    let rotate = async |body| {
        let reply = rest.post(&format!("/v1/webhooks/{id}/rotate"), &body, &[]).await?;
        anyhow::Ok(reply.body["secret"].as_str().context("no secret")?.to_owned())
    };
    rest.send_text(TO, "one").await?;
    let told = sink.until(1).await?;
    assert_eq!(told[0].verified(&first)?["type"], "message.delivered");
    assert!(!told[0].header("webhook-signature").contains(' '), "one secret, one signature");

    let second = rotate(json!({})).await?;
    rest.send_text(TO, "two").await?;
    let told = sink.until(2).await?;
    assert_eq!(told[1].verified(&first)?, told[1].verified(&second)?);

    let third = rotate(json!({ "keep_s": 0 })).await?;
    rest.send_text(TO, "three").await?;
    let told = sink.until(3).await?;
    told[2].verified(&third)?;
    assert!(told[2].verified(&first).is_err() && told[2].verified(&second).is_err(), "neither lives");
    world.passed();
    Ok(())
}

/// A webhook is told of the types that it wants and of no other.
#[tokio::test]
async fn a_webhook_is_told_of_what_it_wants() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("webhook_types").await?;
    let (rest, wanted, other) = (platform.rest(&secrets)?, Sink::start(0).await?, Sink::start(0).await?);
    let (_, secret) = register(&rest, json!({ "url": wanted.url(), "events": ["message.delivered"] })).await?;
    register(&rest, json!({ "url": other.url(), "events": ["message.failed", "balance.low"] })).await?;
    let id = rest.send_text(TO, "hello").await?;
    assert_eq!(wanted.until(1).await?[0].verified(&secret)?["data"]["message_id"], *id);
    let mut database = world.database().await?;
    until_true("an empty outbox", async || Ok(database.number("SELECT COUNT(*) FROM outbox").await? == 0)).await?;
    assert!(other.deliveries().is_empty());
    world.passed();
    Ok(())
}
