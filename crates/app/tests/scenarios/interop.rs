//! Clients that we did not write do the main job: Node's `smpp`, Python's `smpplib`, and `curl`.
//!
//! `tools/setup test` installs what they need; without it these tests fail and say so.

mod foreign;
mod passkeys;
mod schemathesis;
mod signed;
mod webhooks;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Journal, Platform, Secrets};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::Healthy;

const LIMIT: Duration = Duration::from_secs(90);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop")
}

/// A program of the interop folder, which must have been installed.
pub(crate) fn installed(path: &str) -> Result<PathBuf> {
    let program = folder().join(path);
    ensure!(program.exists(), "tests/interop/{path} is missing: run `tools/setup test`");
    Ok(program)
}

/// Runs a client against the platform, with this API key, and gives its output.
async fn client(mut command: Command, platform: &Platform, secrets: &Secrets, key: &str) -> Result<String> {
    command.env("SAMBAC_SMPP_ADDR", platform.smpp().to_string()).env("SAMBAC_SMPP_SYSTEM_ID", "esme");
    command.env("SAMBAC_SMPP_PASSWORD", secrets.smpp_password("esme")?);
    command.env("SAMBAC_URL", format!("http://{}", platform.http())).env("SAMBAC_API_KEY", secrets.api_key(key)?);
    command.current_dir(folder()).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(LIMIT, command.output()).await.context("it did not end")?;
    let output = output.with_context(|| format!("{command:?}: run `tools/setup test`"))?;
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}\n{out}{error}", output.status);
    Ok(out.into_owned())
}

/// Runs an SMPP client to its end, checks that all was settled, and returns what the operator saw.
async fn over_smpp(name: &str, command: Command, messages: i64) -> Result<Journal> {
    let Healthy { world, mut operator, secrets, platform } = Healthy::start(name).await?;
    let out = client(command, &platform, &secrets, "main").await?;
    ensure!(out.contains(&format!("{messages} submitted, {messages} receipts")), "it said: {out}");
    let mut database = world.database().await?;
    until_true("an empty outbox", async || Ok(database.number("SELECT COUNT(*) FROM outbox").await? == 0)).await?;
    database.audit().await?;
    assert_eq!(database.messages().await?, [("delivered", messages)].into());
    let journal = operator.finish().await?;
    world.passed();
    Ok(journal)
}

#[tokio::test]
async fn python_smpplib() -> Result<()> {
    let mut command = Command::new(installed(".venv/bin/python")?);
    command.arg("client.py");
    let journal = over_smpp("interop_python", command, 4).await?;
    let texts = journal.texts();
    // [ ] and € are of the extension table: an escape and a letter each.
    assert_eq!(texts[0], "python: plain \u{1b}<GSM\u{1b}> text \u{1b}e");
    assert_eq!(texts[1], "питон: 🐍");
    assert_eq!(texts[2..].concat(), format!("python: long {}", "0123456789".repeat(20)));
    Ok(())
}

#[tokio::test]
async fn node_smpp() -> Result<()> {
    installed("node_modules/smpp")?;
    let mut command = Command::new("node");
    command.arg("client.js");
    let journal = over_smpp("interop_node", command, 5).await?;
    let mut texts = journal.texts();
    texts.sort();
    let (long, digits) =
        ("0123456789".repeat(20), |text: &String| text.starts_with(|first: char| first.is_ascii_digit()));
    assert!(texts.contains(&"узел: 🟢".to_owned()), "{texts:?}");
    assert!(texts.contains(&"node: plain \u{1b}<GSM\u{1b}> text \u{1b}e".to_owned()), "{texts:?}");
    for (word, length) in [("long", 211), ("payload", 214)] {
        let start = texts.iter().find(|text| text.starts_with(&format!("node: {word} "))).context("no start")?;
        let rest = texts.iter().find(|text| digits(text) && start.len() + text.len() == length).context("no rest")?;
        assert_eq!([start.as_str(), rest].concat(), format!("node: {word} {long}"));
    }
    Ok(())
}

#[tokio::test]
async fn curl() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("interop_curl").await?;
    let script = r#"
        set -eu
        call() { curl --silent --show-error --fail-with-body --max-time 10 -H "Authorization: Bearer $SAMBAC_API_KEY" "$@"; }
        call -H 'Content-Type: application/json' -d '{"to":"+447700900123","from":"Bank","text":"hello from curl"}' \
            "$SAMBAC_URL/v1/sms/send"
        echo
        call "$SAMBAC_URL/v1/balance"
    "#;
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    let out = client(command, &platform, &secrets, "main").await?;
    let lines: Vec<Value> = out.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let [sent, balance] = &lines[..] else { anyhow::bail!("it said: {out}") };
    let id = sent["message_id"].as_str().context("no message_id")?;
    assert_eq!(balance["currency"], "EUR");
    assert_eq!(platform.rest(&secrets)?.final_state(id).await?, "delivered");
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}
