//! Programs that we did not write, as they are used: Kannel, Jasmin and aiosmpplib as clients of ours, Jasmin and Node's `smpp`
//! as upstreams, and tshark as the judge of what we write.
//!
//! Kannel in Debian and aiosmpplib have no SMPP server, so they have no other role.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::smpp::{
    Address, CancelSm, CommandId, DataSm, Pdu, QuerySm, ReplaceSm, Sm, SubmitMulti, Tag, TlvBuf,
};
use sambac_testkit::scenario::wait::{until, until_true};
use sambac_testkit::scenario::{Platform, Site, message};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::{client, folder, installed};
use crate::{Healthy, world};

const LIMIT: Duration = Duration::from_secs(120);

/// Runs a client to its end, and returns the texts that the operator saw.
async fn texts_of(name: &str, mut command: Command) -> Result<Vec<String>> {
    let Healthy { world, mut operator, secrets, platform } = Healthy::start(name).await?;
    command.env("FOLDER", world.path("foreign"));
    let out = client(command, &platform, &secrets, "main").await?;
    ensure!(out.contains("3 submitted, 3 receipts"), "it said: {out}");
    let mut database = world.database().await?;
    until_true("an empty outbox", async || Ok(database.number("SELECT COUNT(*) FROM outbox").await? == 0)).await?;
    database.audit().await?;
    assert_eq!(database.messages().await?.into_keys().collect::<Vec<_>>(), ["delivered"]);
    let texts = operator.finish().await?.texts();
    world.passed();
    Ok(texts)
}

/// Kannel's bearerbox and smsbox send texts of every alphabet and length through us, and hear of every receipt.
#[tokio::test]
async fn kannel_as_a_client() -> Result<()> {
    let mut command = Command::new("python3");
    command.arg("kannel.py");
    let mut texts = texts_of("interop_kannel", command).await?;
    texts.sort();
    assert!(texts.contains(&"kannel: plain text".to_owned()), "{texts:?}");
    assert!(texts.contains(&"каннель: 🐫".to_owned()), "{texts:?}");
    let long = format!("kannel: long {}", "0123456789".repeat(20));
    let parts: Vec<_> = texts.iter().filter(|text| long.starts_with(*text) || long.ends_with(*text)).collect();
    assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), long.len(), "{texts:?}");
    Ok(())
}

/// Python's aiosmpplib binds, submits, and finds the message that each of our receipts is for.
#[tokio::test]
async fn aiosmpplib_as_a_client() -> Result<()> {
    let mut command = Command::new(installed(".venv/bin/python")?);
    command.arg("aio.py");
    let mut texts = texts_of("interop_aiosmpplib", command).await?;
    texts.sort();
    assert_eq!(texts, ["aio: another", "aio: plain \u{1b}<GSM\u{1b}> text \u{1b}e", "айо: 🐟"]);
    Ok(())
}

/// Node's `smpp` as an operator's SMSC takes our messages, and its receipts settle them.
#[tokio::test]
async fn node_smpp_as_an_upstream() -> Result<()> {
    installed("node_modules/smpp")?;
    let mut server = Command::new("node");
    server.arg("server.js").env("PASSWORD", "pa55word").current_dir(folder()).kill_on_drop(true);
    let mut server =
        server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("node: run `tools/setup test`")?;
    let mut said = BufReader::new(server.stdout.take().context("a pipe")?).lines();
    let mut next = async || -> Result<Value> {
        let line = tokio::time::timeout(LIMIT, said.next_line()).await??;
        Ok(serde_json::from_str(&line.context("it ended")?)?)
    };
    let port = next().await?["listening"].as_u64().context("no port")?;
    let world = world("interop_node_server")?;
    let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(port)?));
    let site = Site::with_one_account("10").connector_at("node", address, "").route("all", &["node"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let rest = platform.rest(&secrets)?;
    for text in ["node: hello €", "нода: 🐌"] {
        let id = rest.send_text("+447700900123", text).await?;
        assert_eq!((next().await?["text"].as_str(), rest.final_state(&id).await?.as_str()), (Some(text), "delivered"));
        assert_eq!(next().await?["status"], 0);
    }
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}

/// Jasmin is an upstream and a client at once: what we send to its SMPP server comes back by its connector, goes to the
/// operator, and the receipt makes its way back through both.
#[tokio::test]
async fn jasmin_in_both_roles() -> Result<()> {
    let world = world("interop_jasmin")?;
    let mut operator = world.simulator("alpha", "").await?;
    // Jasmin cannot be told to take any free port and say which.
    let upstream = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let site = Site::with_one_account("10")
        .account("jasmin", "10")
        .smpp_account("jasmin", "jasmin", "window_max = 100")
        .connector("alpha", &operator, "")
        .connector_at("jasmin", upstream, "settings = { preset = \"jasmin\" }")
        .route("of_jasmin", &["alpha"], "match = { account = \"jasmin\" }")
        .route("all", &["jasmin"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let mut command = Command::new(installed(".venv-jasmin/bin/python")?);
    command.arg("jasmin_both_roles.py").current_dir(folder()).env("FOLDER", world.path("foreign"));
    command.env("SAMBAC_SMPP_ADDR", platform.smpp().to_string()).env("SAMBAC_SMPP_SYSTEM_ID", "jasmin");
    command.env("SAMBAC_SMPP_PASSWORD", secrets.smpp_password("jasmin")?);
    command.env("UPSTREAM_PORT", upstream.port().to_string());
    let mut jasmin = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut said = BufReader::new(jasmin.stdout.take().context("a pipe")?).lines();
    let line = tokio::time::timeout(LIMIT, said.next_line()).await??;
    assert_eq!(line.as_deref(), Some("1 submitted, 1 receipts"));
    platform.until_bound().await?;
    let rest = platform.rest(&secrets)?;
    let id = rest.send_text("+447700900124", "through jasmin").await?;
    until("the receipt through Jasmin", LIMIT, async || {
        Ok((rest.sms(&id).await?["state"] == "delivered").then_some(()))
    })
    .await?;
    drop(jasmin.stdin.take());
    assert_eq!(tokio::time::timeout(LIMIT, jasmin.wait()).await??.code(), Some(0));
    let texts = operator.finish().await?.texts();
    assert_eq!(texts, ["jasmin: hello \u{1b}e", "through jasmin"]);
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}

/// tshark decodes every PDU of ours, of every kind, from our capture, and marks none.
#[tokio::test]
async fn tshark_decodes_what_we_write() -> Result<()> {
    let Healthy { world, operator, secrets, platform } = Healthy::start("interop_tshark").await?;
    let esme = platform.esme(&secrets).await?;
    esme.accepted(message("447700900123", b"plain")).await?;
    let header = Sm { esm_class: 0x40, ..message("447700900123", b"\x05\0\x03\x07\x01\x01part") };
    esme.submit(header).await?;
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, &[b'a'; 400]).push_u16(Tag::USER_MESSAGE_REFERENCE, 7);
    esme.submit(Sm { tlvs: tlvs.as_tlvs(), ..message("447700900123", b"") }).await?;
    for pdu in rarer(&tlvs) {
        esme.session().send(&pdu, u64::MAX).await?;
    }
    esme.receipts(2).await?;
    let answered = async || Ok(esme.session().in_flight() == 0);
    until_true("every request is answered", answered).await?;
    let port = platform.smpp().port();
    esme.unbind().await;
    let stranger = platform.esme_as(&secrets, "esme", sambac_testkit::scenario::smpp::BindKind::Receiver).await?;
    stranger.unbind().await;
    let capture = world.path("all.pcap");
    let pcap = capture.to_str().context("a path")?;
    let listed = pdu(&platform, &["list", "--limit", "10000"]).output().await?;
    // For tshark a command that no specification names is no SMPP; it is a request of the test's, not of ours.
    let ours = String::from_utf8(listed.stdout)?.lines().filter(|line| !line.contains("\"command\":\"0x")).count();
    let exported = pdu(&platform, &["export", "--pcap", pcap]).output().await?;
    ensure!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let decode = [format!("tcp.port=={port},smpp"), format!("tcp.port=={},smpp", operator.address().port())];
    let tshark = async |arguments: &[&str]| -> Result<String> {
        let mut command = Command::new("tshark");
        command.args(["-r", pcap, "-d", &decode[0], "-d", &decode[1]]).args(arguments).env("HOME", world.path("home"));
        let output = command.output().await.context("tshark: run `tools/setup test`")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    let ids = tshark(&["-Y", "smpp", "-T", "fields", "-e", "smpp.command_id"]).await?;
    let decoded: Vec<_> = ids.split([',', '\n']).filter(|id| !id.is_empty()).collect();
    assert_eq!(decoded.len(), ours, "{ids}");
    for id in [CommandId::SUBMIT_SM, CommandId::DELIVER_SM, CommandId::QUERY_SM_RESP, CommandId::GENERIC_NACK] {
        ensure!(decoded.iter().any(|text| text.ends_with(&format!("{:08x}", id.0))), "{id} is not among {ids}");
    }
    assert_eq!(tshark(&["-Y", "_ws.malformed || _ws.expert"]).await?, "");
    world.passed();
    Ok(())
}

/// Requests that clients seldom send; what the platform answers does not matter, only that it can be read.
fn rarer(tlvs: &TlvBuf) -> [Pdu<'_>; 7] {
    let (source, destination) = (Address::new(5, 0, b"Bank"), Address::new(1, 1, b"447700900123"));
    let data = DataSm { source, destination, registered_delivery: 1, tlvs: tlvs.as_tlvs(), ..DataSm::default() };
    [
        Pdu::DataSm(data),
        Pdu::QuerySm(QuerySm { message_id: b"1", source }),
        Pdu::CancelSm(CancelSm { message_id: b"1", source, destination, ..CancelSm::default() }),
        Pdu::ReplaceSm(ReplaceSm { message_id: b"1", source, short_message: b"other", ..ReplaceSm::default() }),
        Pdu::SubmitMulti(SubmitMulti { source, short_message: b"many", ..SubmitMulti::default() }),
        Pdu::EnquireLink,
        // A command that no specification names is answered by generic_nack.
        Pdu::Unknown { command_id: CommandId(0x0000_0F0F), body: b"" },
    ]
}

fn pdu(platform: &Platform, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sambac"));
    command.args(["--output", "json", "pdu"]).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command.env("SAMBAC_SERVICES_URL", format!("http://{}", platform.services()));
    command
}
