//! The log of PDUs shows one message's whole way, on both sides, without its text: listed, followed and exported.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::smpp::BindKind;
use sambac_testkit::scenario::wait::until;
use sambac_testkit::scenario::{Esme, Platform, message};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::Healthy;

const TEXT: &[u8] = b"your code is 482913";
const LIMIT: Duration = Duration::from_secs(30);

fn pdu(platform: &Platform, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sambac"));
    command.args(["--output", "json", "pdu"]).args(arguments);
    command.env("SAMBAC_SERVICES_URL", format!("http://{}", platform.services())).kill_on_drop(true);
    command
}

async fn lines(mut command: Command) -> Result<Vec<Value>> {
    let output = timeout(LIMIT, command.output()).await??;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn said(lines: &[Value]) -> Vec<String> {
    let of = |line: &Value| {
        let who = line["connector"].as_str().or(line["system_id"].as_str()).unwrap_or_default();
        format!(
            "{who} {} {}",
            line["direction"].as_str().unwrap_or_default(),
            line["command"].as_str().unwrap_or_default()
        )
    };
    lines.iter().map(of).collect()
}

#[tokio::test]
async fn one_message_is_seen_on_its_whole_way() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("pdu_log").await?;
    let mut tail = pdu(&platform, &["tail", "--command", "submit_sm"]).stdout(Stdio::piped()).spawn()?;
    let mut followed = BufReader::new(tail.stdout.take().context("a pipe")?).lines();
    assert_eq!(timeout(LIMIT, followed.next_line()).await??.as_deref(), Some("{\"following\":true}"));
    let esme = platform.esme(&secrets).await?;
    let id = wanted_id(&esme.accepted(message("447700900123", TEXT)).await?)?;
    let listed = until("all eight PDUs", LIMIT, async || {
        let listed = lines(pdu(&platform, &["list", "--message", &id])).await?;
        Ok((listed.len() >= 8).then_some(listed))
    })
    .await?;
    let wanted = [
        "esme received submit_sm",
        "esme sent submit_sm_resp",
        "alpha sent submit_sm",
        "alpha received submit_sm_resp",
        "alpha received deliver_sm",
        "alpha sent deliver_sm_resp",
        "esme sent deliver_sm",
        "esme received deliver_sm_resp",
    ];
    let mut seen = said(&listed);
    seen.sort();
    let mut sorted = wanted.map(str::to_owned);
    sorted.sort();
    assert_eq!(seen, sorted);
    let everything = lines(pdu(&platform, &["list"])).await?;
    let shown = serde_json::to_string(&everything)?;
    let hex: String = TEXT.iter().map(|octet| format!("{octet:02x}")).collect();
    ensure!(!shown.contains(&hex) && !shown.contains("447700900123"), "a text or a number is shown: {shown}");
    let password: String = secrets.smpp_password("esme")?.bytes().map(|octet| format!("{octet:02x}")).collect();
    ensure!(!shown.contains(&password), "a password is shown");
    for direction in ["received", "sent"] {
        let line = timeout(LIMIT, followed.next_line()).await??.context("it ended")?;
        let line: Value = serde_json::from_str(&line)?;
        assert_eq!((&line["command"], &line["direction"]), (&"submit_sm".into(), &direction.into()));
    }
    replayed(&platform, &world.path("alpha.pcap")).await?;
    let refused = pdu(&platform, &["reveal", "--seconds", "60"]).output().await?;
    assert_eq!(refused.status.code(), Some(4), "{}", String::from_utf8_lossy(&refused.stderr));
    // A follower does not hold up the end.
    assert!(platform.terminate(Duration::from_secs(8)).await?.success());
    world.passed();
    Ok(())
}

/// What the operator sent is sent again by a simulator, from the capture.
async fn replayed(platform: &Platform, pcap: &Path) -> Result<()> {
    let path = pcap.to_str().context("a path")?;
    lines(pdu(platform, &["export", "--connector", "alpha", "--pcap", path])).await?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_sambac"));
    command.args(["--output", "json", "simulate", "--replay-fast", "--replay"]).arg(pcap);
    let mut simulator = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut said = BufReader::new(simulator.stdout.take().context("a pipe")?).lines();
    let line = timeout(LIMIT, said.next_line()).await??.context("it ended")?;
    let ready: Value = serde_json::from_str(&line)?;
    let address = ready["listening"].as_str().context("no address")?.parse()?;
    let esme = Esme::bind(address, BindKind::Receiver, "anybody", "secret").await?;
    let receipts = esme.receipts(1).await?;
    assert_eq!((receipts[0].stat.as_str(), receipts[0].esm_class), ("DELIVRD", 4));
    Ok(())
}

/// `msg_…` of the id that a client was given.
fn wanted_id(decimal: &str) -> Result<String> {
    Ok(sambac_domain::id::MessageId::from_raw(decimal.parse()?).to_string())
}
