//! The receivers of the webhook guide: each takes what we have signed, and refuses what we have not.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::wait::{PATIENCE, until};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::blocks::blocks;
use super::{LIMIT, Stage, rust};

#[tokio::test]
async fn each_receiver_of_the_guide_verifies_what_it_is_told() -> Result<()> {
    let stage = Stage::start("receivers").await?;
    let mut tried = 0;
    for block in blocks("webhooks")?.iter().filter(|block| block.word == "receiver") {
        let command = if block.language == "rust" { rust("webhook")? } else { stage.program(block)? };
        is_told(&stage, command).await.with_context(|| block.language.clone())?;
        tried += 1;
    }
    assert_eq!(tried, 3, "Python, Node and Rust");
    stage.world.passed();
    Ok(())
}

async fn is_told(stage: &Stage, command: Command) -> Result<()> {
    // The receiver wants to know its secret before it listens, and the webhook where it will.
    let address: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let rest = stage.platform.rest(&stage.secrets)?.with_key(stage.secrets.api_key("test")?);
    let made = rest.post("/v1/webhooks", &json!({ "url": format!("http://{address}/") }), &[]).await?;
    ensure!(made.status == 201, "{}", made.text);
    let (id, secret) = (made.body["id"].as_str().context("an id")?, made.body["secret"].as_str().context("a secret")?);
    let mut command = stage.with_variables(command)?;
    command.env("PORT", address.port().to_string()).env("WEBHOOK_SECRET", secret).stdout(Stdio::piped());
    let mut receiver = command.spawn()?;
    let mut said = BufReader::new(receiver.stdout.take().context("a pipe")?).lines();
    let test = format!("/v1/webhooks/{id}/test");
    until("the receiver to take the test", PATIENCE, async || {
        Ok((rest.post(&test, &json!({}), &[]).await?.body["taken"] == true).then_some(()))
    })
    .await?;
    let line = timeout(LIMIT, said.next_line()).await??.context("it ended")?;
    ensure!(line.trim_matches('"') == "webhook.test", "{line}");
    let now = jiff::Timestamp::now().as_second().to_string();
    let forged = [("webhook-id", "aev_1"), ("webhook-timestamp", &*now), ("webhook-signature", "v1,AAAA")];
    let refused = rest.at(address).post("/", &json!({ "type": "webhook.test" }), &forged).await?;
    ensure!(refused.status == 401, "{}", refused.status);
    receiver.kill().await?;
    ensure!(rest.delete(&format!("/v1/webhooks/{id}")).await?.status == 204);
    Ok(())
}
