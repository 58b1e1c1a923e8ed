//! Webhooks of the real binary, towards receivers that listen.

mod retries;
mod signing;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::Rest;
use serde_json::Value;

const TO: &str = "+447700900123";

/// Registers a webhook; returns its id, and its secret where it has one.
async fn register(rest: &Rest, order: Value) -> Result<(String, String)> {
    let reply = rest.post("/v1/webhooks", &order, &[]).await?;
    ensure!(reply.status == 201, "{}: {}", reply.status, reply.text);
    let id = reply.body["id"].as_str().context("no id")?.to_owned();
    Ok((id, reply.body["secret"].as_str().unwrap_or_default().to_owned()))
}
