//! A code that does not arrive goes by its next way: at once when the receipt says so, and by another operator.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::Site;
use sambac_testkit::scenario::wait::until;
use serde_json::json;

use super::{check, start, told};
use crate::world;

#[tokio::test]
async fn the_next_way_begins_when_the_receipt_says_that_the_first_has_failed() -> Result<()> {
    let world = world("otp_steps")?;
    let bad = world.simulator("alpha", "[receipt]\nstates = { undelivered = 1 }").await?;
    let good = world.simulator("beta", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &bad, "").connector("beta", &good, "").route(
        "all",
        &["alpha", "beta"],
        "",
    );
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let rest = platform.rest(&secrets)?;
    let steps = json!([{ "channel": "sms", "next_after_s": 900 }, { "channel": "sms", "sender": "Bank2" }]);
    let profile = json!({ "name": "login", "settings": { "steps": steps } });
    assert_eq!(rest.post("/v1/otp-profiles", &profile, &[]).await?.status, 201);

    let id = start(&rest, json!({ "profile": "login" })).await?;
    let first = told(&bad, 1).await?;
    let second = told(&good, 1).await?;
    assert_eq!(first, second, "it is the same code");
    assert_eq!(good.until_submits(1).await?.submits().next().context("a message")?.source, "Bank2");
    let otp = until("the second send is delivered", std::time::Duration::from_secs(30), async || {
        let otp = rest.get(&format!("/v1/otp/{id}")).await?.body;
        let message = otp["sends"][1]["message_id"].as_str().unwrap_or_default().to_owned();
        Ok((rest.sms(&message).await?["state"] == "delivered").then_some(otp))
    })
    .await?;
    assert_eq!((otp["sends"][1]["step"].as_u64(), otp["next_at"].is_null()), (Some(1), true), "{otp:#}");
    let beyond = rest.post(&format!("/v1/otp/{id}/next"), &json!({}), &[]).await?;
    assert_eq!(beyond.body["code"], "no_next_channel", "{}", beyond.text);
    assert_eq!(check(&rest, &id, &second).await?, 200);

    let voice = json!({ "name": "voice", "settings": { "steps": [{ "channel": "voice" }] } });
    let refused = rest.post("/v1/otp-profiles", &voice, &[]).await?;
    assert_eq!(refused.body["code"], "channel_not_available", "{}", refused.text);
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}
