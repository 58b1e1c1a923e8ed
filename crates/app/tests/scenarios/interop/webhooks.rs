//! The official libraries for Standard Webhooks verify what we sign, and refuse what we have not signed, also while secrets are rotated.
//! They know shared secrets only; of public keys Node's `crypto` and Python's `cryptography` are the judges.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{Delivery, Rest, Sink};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{folder, installed};
use crate::Healthy;

/// What a receiver makes of deliveries: each one's type, or that it is refused.
async fn judged(mut command: Command, deliveries: &[Value]) -> Result<Vec<String>> {
    command.current_dir(folder()).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("{command:?}: run `tools/setup test`"))?;
    let lines: String = deliveries.iter().map(|one| format!("{one}\n")).collect();
    child.stdin.take().context("a pipe")?.write_all(lines.as_bytes()).await?;
    let output = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output()).await??;
    ensure!(output.status.success(), "{}", output.status);
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

/// A delivery with what it is to be verified by.
fn with(delivery: &Delivery, (kind, value): (&str, &str)) -> Value {
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        headers.into_iter().map(|name| (name.to_owned(), json!(delivery.header(name)))).collect();
    json!({ "body": String::from_utf8_lossy(delivery.body()), "headers": headers, kind: value })
}

/// A webhook's new secret, or its public key.
async fn keyed(rest: &Rest, path: &str, body: Value) -> Result<(&'static str, String, String)> {
    let reply = rest.post(path, &body, &[]).await?;
    ensure!(reply.status < 300, "{}: {}", reply.status, reply.text);
    let kind = if reply.body["secret"].is_string() { "secret" } else { "public_key" };
    let text = |name: &str| reply.body[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
    Ok((kind, text(kind)?, text("id")?))
}

#[tokio::test]
async fn the_official_libraries_verify_our_webhooks() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("interop_webhooks").await?;
    let (rest, sink) = (platform.rest(&secrets)?, Sink::start(0).await?);
    let (kind, first, id) = keyed(&rest, "/v1/webhooks", json!({ "url": sink.url() })).await?;
    assert_eq!(kind, "secret");
    let rotate = format!("/v1/webhooks/{id}/rotate");
    let told = async |count: usize| {
        rest.send_text("+447700900123", "hello €").await?;
        Ok::<_, anyhow::Error>(sink.until(count).await?.remove(count - 1))
    };
    let before = told(1).await?;
    let (_, second, _) = keyed(&rest, &rotate, json!({})).await?;
    let during = told(2).await?;
    let (kind, key, _) = keyed(&rest, &rotate, json!({ "signature": "v1a" })).await?;
    assert_eq!(kind, "public_key");
    let mixed = told(3).await?;
    let (_, other_key, _) = keyed(&rest, &rotate, json!({})).await?;
    let keys = told(4).await?;

    let (first, second) = (("secret", &*first), ("secret", &*second));
    let (key, other_key) = (("public_key", &*key), ("public_key", &*other_key));
    let good = [
        (&before, first),
        (&during, first),
        (&during, second),
        (&mixed, second),
        (&mixed, key),
        (&keys, key),
        (&keys, other_key),
    ];
    let bad = [(&before, second), (&mixed, first), (&mixed, other_key), (&keys, second), (&before, key)];
    let mut cases: Vec<Value> = good.iter().chain(&bad).map(|(delivery, by)| with(delivery, *by)).collect();
    let mut changed = with(&during, second);
    changed["body"] = json!(changed["body"].as_str().context("a body")?.replace("delivered", "failed"));
    cases.push(changed);
    let expected: Vec<_> =
        (0..cases.len()).map(|at| if at < good.len() { "message.delivered" } else { "refused" }).collect();

    let mut python = Command::new(installed(".venv/bin/python")?);
    python.arg("verify_webhook.py");
    assert_eq!(judged(python, &cases).await?, expected, "Python");
    installed("node_modules/standardwebhooks")?;
    let mut node = Command::new("node");
    node.arg("verify_webhook.js");
    assert_eq!(judged(node, &cases).await?, expected, "Node");
    world.passed();
    Ok(())
}
