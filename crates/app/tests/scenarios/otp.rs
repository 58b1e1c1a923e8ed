//! One-time codes from start to end: the person reads the code on the handset, types it, and it is right once.

mod charging;
mod steps;
mod traces;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{Rest, Simulator, Site};
use serde_json::{Value, json};

use crate::world;

const TO: &str = "+447700900123";

/// Starts a code; returns its id.
async fn start(rest: &Rest, changes: Value) -> Result<String> {
    let mut body = json!({ "to": TO, "from": "Bank" });
    body.as_object_mut().context("an object")?.extend(changes.as_object().context("an object")?.clone());
    let reply = rest.post("/v1/otp", &body, &[]).await?;
    ensure!(reply.status == 201, "{}: {}", reply.status, reply.text);
    Ok(reply.body["id"].as_str().context("no id")?.to_owned())
}

/// The code that the handset shows, once it was told `count` times.
async fn told(operator: &Simulator, count: usize) -> Result<String> {
    let journal = operator.until_submits(count).await?;
    let text = journal.texts().last().context("no text")?.clone();
    Ok(text.chars().take_while(char::is_ascii_alphanumeric).collect())
}

async fn check(rest: &Rest, id: &str, code: &str) -> Result<u16> {
    Ok(rest.post(&format!("/v1/otp/{id}/check"), &json!({ "code": code }), &[]).await?.status)
}

/// Another code.
fn wrong(code: &str) -> String {
    let other = |digit| if digit == '0' { '1' } else { '0' };
    code.chars().map(other).collect()
}

#[tokio::test]
async fn a_code_is_read_typed_and_right_once() -> Result<()> {
    let world = world("otp")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    let id = start(&rest, json!({})).await?;
    let code = told(&operator, 1).await?;
    assert_eq!(code.len(), 6);
    assert_eq!(check(&rest, &id, &wrong(&code)).await?, 422);
    assert_eq!(check(&rest, &id, &code).await?, 200);
    assert_eq!(check(&rest, &id, &code).await?, 422, "it was used");
    let otp = rest.get(&format!("/v1/otp/{id}")).await?.body;
    assert_eq!((otp["state"].as_str(), otp["attempts_left"].as_u64()), (Some("verified"), Some(2)), "{otp:#}");
    let message = otp["sends"][0]["message_id"].as_str().context("no message")?;
    assert_eq!(rest.final_state(message).await?, "delivered");
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}
