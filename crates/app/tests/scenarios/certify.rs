//! `sambac connector certify` tries an SMSC out within its bounds, tells what it found whatever the SMSC does, and what it proposes is
//! taken by `sambac apply` as it is.

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{Secrets, Simulator, Site, World};
use serde_json::Value;

use crate::admin_shell::{REFUSED, SCOPES, Shell};
use crate::world;

/// The exit code of a report that is whole and tells of failures.
const CHECK_FAILED: i32 = 7;

const PASSWORD: &str = "[bind]\npassword = \"pa55word\"\n";

/// Tries an address out; gives the exit code, the report for programs, and what was said on standard error.
async fn tried(world: &World, operator: &Simulator, more: &[&str]) -> Result<(Option<i32>, Value, String)> {
    let address = operator.address().to_string();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sambac"));
    command.args(["--output", "json", "connector", "certify", &address, "--system-id", "sambac", "--name", "alpha"]);
    command.args(["--to", "+447700900123", "--report"]).arg(world.path("alpha.md")).args(more);
    command.env("SAMBAC_CERTIFY_PASSWORD", "pa55word").kill_on_drop(true);
    let output = command.output().await?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let found = serde_json::from_slice(&output.stdout).with_context(|| stderr.clone())?;
    Ok((output.status.code(), found, stderr))
}

/// What a check came to: each of its verdicts with what was found.
fn verdicts<'f>(found: &'f Value, check: &str) -> Vec<(&'f str, &'f str)> {
    let all = found["checks"].as_array().into_iter().flatten().filter(|one| one["check"] == check);
    all.map(|one| (one["verdict"].as_str().unwrap_or_default(), one["found"].as_str().unwrap_or_default())).collect()
}

#[tokio::test]
async fn a_proposed_profile_names_what_was_found_and_applies() -> Result<()> {
    let world = world("certify")?;
    let scenario =
        format!("[answer]\nmessage_id = \"hex\"\nthroughput_per_s_max = 10\n[receipt]\nformat = \"text\"\n{PASSWORD}");
    let mut operator = world.simulator("alpha", &scenario).await?;
    let (code, found, stderr) = tried(&world, &operator, &["--to", "+447700900124", "--messages-max", "60"]).await?;
    assert_eq!(code, Some(0), "{stderr}");
    let said = std::fs::read_to_string(world.path("alpha.md"))?;
    for wanted in ["transceiver in", "the same in answers and receipts (id of the text)", "stat DELIVRD", "throttled"] {
        ensure!(said.contains(wanted), "{wanted} is not in the report:\n{said}");
    }
    ensure!(said.contains("dates at UTC+0 minutes") && said.contains("taken: udh8, udh16, sar, payload"), "{said}");
    let limit = found["connector"]["throughput_per_s_max"].as_u64().context("no limit")?;
    ensure!((1..=20).contains(&limit), "{limit}");
    let journal = operator.finish().await?;
    assert_eq!(journal.submits().count(), 60, "as many messages as it may send, to the numbers it was given");
    ensure!(journal.submits().all(|line| line.destination.starts_with("44770090012")), "another number was sent to");
    let file = world.path("proposal.toml");
    std::fs::write(&file, found["toml"].as_str().context("no settings")?)?;
    let mut apply = tokio::process::Command::new(env!("CARGO_BIN_EXE_sambac"));
    apply.arg("apply").arg(&file).arg("--data-dir").arg(world.data_folder()).env("SAMBAC_CERTIFY_PASSWORD", "pa55word");
    let applied = apply.kill_on_drop(true).output().await?;
    ensure!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_said_and_nothing_is_sent() -> Result<()> {
    // One bind is refused for its credentials: no other is tried, and every check says why it was not.
    let world = world("certify_refused")?;
    let mut operator = world.simulator("alpha", "[bind]\npassword = \"another\"").await?;
    let (code, found, stderr) = tried(&world, &operator, &[]).await?;
    assert_eq!(code, Some(1));
    ensure!(stderr.contains("no bind as a transceiver"), "{stderr}");
    for check in ["enquire_link", "ids and receipts", "charset", "long messages", "validity", "window"] {
        assert_eq!(verdicts(&found, check)[0].0, "untested", "{check} in {found}");
    }
    let journal = operator.finish().await?;
    assert_eq!((journal.submits().count(), journal.of("bind_refused").count()), (0, 1));
    world.passed();
    Ok(())
}

#[tokio::test]
async fn an_smsc_that_closes_is_tried_to_the_end() -> Result<()> {
    // The third submit of each connection closes it: what fails says so, and the next check has a bind of its own.
    let world = world("certify_closes")?;
    let operator = world.simulator("alpha", &format!("{PASSWORD}[wire]\nclose_after = 3\n")).await?;
    let (code, found, stderr) = tried(&world, &operator, &["--receipt-wait-s", "1"]).await?;
    assert_eq!(code, Some(CHECK_FAILED), "everything was tried: {stderr}");
    assert_eq!(verdicts(&found, "ids and receipts"), [("failed", "the session ended: it closed the connection")]);
    assert_eq!(verdicts(&found, "ids")[0].0, "passed", "two messages were enough: {found}");
    assert_eq!(verdicts(&found, "validity"), [("passed", "taken: relative, absolute")]);
    assert!(verdicts(&found, "long messages").iter().any(|(verdict, _)| *verdict == "failed"), "{found}");
    ensure!(std::fs::read_to_string(world.path("alpha.md"))?.contains("it closed the connection"), "no report");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn an_smsc_that_says_nothing_more_is_tried_to_the_end() -> Result<()> {
    // Nothing is answered after the second submit of each connection.
    let world = world("certify_silent")?;
    let operator = world.simulator("alpha", &format!("{PASSWORD}[wire]\nsilent_after = 2\n")).await?;
    let waits = ["--receipt-wait-s", "1", "--answer-wait-s", "1"];
    let (code, found, stderr) = tried(&world, &operator, &waits).await?;
    assert_eq!(code, Some(CHECK_FAILED), "everything was tried: {stderr}");
    assert_eq!(verdicts(&found, "ids and receipts"), [("failed", "no answer within 1s")]);
    assert_eq!(verdicts(&found, "long messages"), [("failed", "no answer within 1s")]);
    assert!(verdicts(&found, "window").iter().any(|(verdict, _)| *verdict == "failed"), "{found}");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn an_smsc_that_sends_garbage_is_tried_to_the_end() -> Result<()> {
    // After the first answer comes what is no PDU: the session cannot go on, and the report says what came.
    let world = world("certify_garbage")?;
    let garbage = "[wire]\ngarbage = \"ffffffff0000000500000000\"\ngarbage_after = 1\n";
    let operator = world.simulator("alpha", &format!("{PASSWORD}{garbage}")).await?;
    let (code, found, stderr) = tried(&world, &operator, &["--receipt-wait-s", "1"]).await?;
    assert_eq!(code, Some(CHECK_FAILED), "everything was tried: {stderr}");
    for check in ["ids and receipts", "charset", "long messages", "validity"] {
        let last = verdicts(&found, check).pop().context("no verdict")?;
        assert_eq!(last, ("failed", "the session ended: what it sent is no PDU: command_length 4294967295"), "{check}");
    }
    world.passed();
    Ok(())
}

/// An answer that says "not now" is no refusal: the message is sent again after a while, the report tells of it, and nothing is
/// proposed for it.
#[tokio::test]
async fn a_busy_smsc_is_waited_for_and_nothing_is_proposed_for_that() -> Result<()> {
    let world = world("certify_busy")?;
    let busy = |status| format!("[[status]]\nstatus = {status}\nwhen = \"validity\"\nfirst = 1\n");
    let scenario = format!("{PASSWORD}{}{}{}", busy("0x58"), busy("0x14"), busy("0x08"));
    let operator = world.simulator("alpha", &scenario).await?;
    let (code, found, stderr) = tried(&world, &operator, &["--receipt-wait-s", "2"]).await?;
    assert_eq!(code, Some(0), "{stderr} {found}");
    assert_eq!(verdicts(&found, "validity"), [("passed", "taken: relative, absolute")]);
    let told = verdicts(&found, "throttling");
    assert_eq!(told.len(), 1, "{found}");
    for status in ["ESME_RTHROTTLED (1 times)", "ESME_RMSGQFUL (1 times)", "ESME_RSYSERR (1 times)"] {
        ensure!(told[0].0 == "passed" && told[0].1.contains(status), "{status} is not in {told:?}");
    }
    let proposed = |section: &str| found["settings"].get(section).is_some();
    ensure!(!proposed("submit") && !proposed("long"), "nothing is to be set for an SMSC that is busy: {found}");
    world.passed();
    Ok(())
}

/// Where every message is refused no check is passed, no burst was taken, and the command says so by its exit code.
#[tokio::test]
async fn an_smsc_that_takes_nothing_passes_nothing() -> Result<()> {
    let world = world("certify_refuses")?;
    let operator = world.simulator("alpha", &format!("{PASSWORD}[answer]\nreject = 1.0\n")).await?;
    let (code, found, stderr) = tried(&world, &operator, &["--receipt-wait-s", "1"]).await?;
    assert_eq!(code, Some(1), "ids could not be compared: {stderr}");
    for check in ["message", "charset", "long messages", "validity", "window"] {
        let all = verdicts(&found, check);
        ensure!(!all.is_empty() && all.iter().all(|(verdict, _)| *verdict == "failed"), "{check}: {all:?}");
    }
    ensure!(verdicts(&found, "charset out").is_empty() && verdicts(&found, "charset in").is_empty(), "{found}");
    let last = verdicts(&found, "window").pop().context("no verdict")?;
    ensure!(last.1.ends_with("at once, 0 were taken and 0 throttled"), "{last:?}");
    ensure!(found["connector"].get("window_max").is_none(), "{found}");
    world.passed();
    Ok(())
}

/// When no message is left for the burst, the window was not tried.
#[tokio::test]
async fn a_window_without_a_message_is_untested() -> Result<()> {
    let world = world("certify_spent")?;
    let operator = world.simulator("alpha", PASSWORD).await?;
    let (code, found, stderr) = tried(&world, &operator, &["--receipt-wait-s", "1", "--messages-max", "14"]).await?;
    assert_eq!(code, Some(1), "{stderr}");
    assert_eq!(verdicts(&found, "validity"), [("passed", "taken: relative, absolute")]);
    assert_eq!(verdicts(&found, "window"), [("untested", "14 messages were sent: no more are allowed")]);
    world.passed();
    Ok(())
}

#[tokio::test]
async fn what_there_was_no_time_for_is_said() -> Result<()> {
    // Receipts come late, and all of it may take two seconds: the report is written, and the command says that it is not whole.
    let world = world("certify_time")?;
    let operator = world.simulator("alpha", &format!("{PASSWORD}[receipt]\ndelay_ms = 20000\n")).await?;
    let (code, found, stderr) = tried(&world, &operator, &["--seconds-max", "2"]).await?;
    assert_eq!(code, Some(1));
    ensure!(stderr.contains("not within the 2s"), "{stderr}");
    assert_eq!(verdicts(&found, "enquire_link")[0].0, "passed");
    assert_eq!(verdicts(&found, "window"), [("untested", "not within the 2s that all of it may take")]);
    assert_eq!(found["whole"], false);
    world.passed();
    Ok(())
}

/// A platform with a connector to the operator that is stopped before anything else is done.
async fn site(world: &World, operator: &Simulator) -> Result<Secrets> {
    let site =
        Site::with_one_account("10").connector("alpha", operator, "window_max = 33").route("all", &["alpha"], "");
    world.apply(&site.table("admin_key", SCOPES)).await
}

#[tokio::test]
async fn by_name_the_platform_uses_its_own_settings_and_password() -> Result<()> {
    // No password is anywhere but in the platform; what is found is laid over the connector, and applies as it is.
    let world = world("certify_by_name")?;
    let scenario = format!("[answer]\nmessage_id = \"hex\"\n[id]\nreceipt = \"decimal\"\n{PASSWORD}");
    let operator = world.simulator("alpha", &scenario).await?;
    let secrets = site(&world, &operator).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    let certify = ["connector", "certify", "alpha", "--to", "+447700900123", "--messages-max", "20"];
    shell.refused(&certify, REFUSED, "stop it first").await?;
    shell.ask(&["connector", "stop", "alpha"]).await?;
    shell.until_state("alpha", "stopped").await?;
    let found = shell.ask(&certify).await?;
    assert_eq!(
        (&found["whole"], &found["settings"]["receipt_id"]["submit_radix"]),
        (&Value::from(true), &Value::from("hex")),
        "{found}"
    );
    assert!(!found.to_string().contains("pa55word"), "{found}");
    let file = world.path("proposal.toml");
    std::fs::write(&file, found["toml"].as_str().context("no settings")?)?;
    let applied = world.run(&["apply"], &[file.as_path()]).await?;
    ensure!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let now = shell.ask(&["connector", "show", "alpha"]).await?;
    assert_eq!(
        (&now["settings"]["receipt_id"], &now["window_max"]),
        (&found["settings"]["receipt_id"], &Value::from(33)),
        "{now}"
    );
    shell.ask(&["connector", "start", "alpha"]).await?;
    shell.until_state("alpha", "bound").await?;
    let rest = platform.rest(&secrets)?;
    let id = rest.send_text("+447700900123", "by the new rule").await?;
    assert_eq!(rest.final_state(&id).await?, "delivered");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn by_name_the_report_stays_when_the_smsc_misbehaves() -> Result<()> {
    // The platform keeps the report of a connector whose SMSC closes every connection in the middle.
    let world = world("certify_by_name_closes")?;
    let operator = world.simulator("alpha", &format!("{PASSWORD}[wire]\nclose_after = 2\n")).await?;
    let secrets = site(&world, &operator).await?;
    let platform = world.platform(&[]).await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    shell.ask(&["connector", "stop", "alpha"]).await?;
    shell.until_state("alpha", "stopped").await?;
    let report = world.path("alpha.md");
    let report = report.to_str().context("a path")?;
    let to = ["connector", "certify", "alpha", "--to", "+447700900123", "--receipt-wait-s", "1", "--report", report];
    let output = shell.run(&[&["--output", "json"], &to[..]].concat()).await?;
    assert_eq!(output.status.code(), Some(CHECK_FAILED));
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let closed = ("failed", "the session ended: it closed the connection");
    for check in ["ids and receipts", "charset", "long messages", "validity"] {
        assert_eq!(verdicts(&found, check).pop(), Some(closed), "{check} in {found}");
    }
    ensure!(std::fs::read_to_string(report)?.contains("it closed the connection"), "no report");
    let id = shell.ask(&["connector", "show", "alpha"]).await?["id"].as_str().context("no id")?.to_owned();
    let rest = platform.rest(&secrets)?.with_key(secrets.admin_key("operations")?);
    let kept = rest.get(&format!("/v1/admin/connectors/{id}/certification")).await?.body;
    assert_eq!(kept["checks"], found["checks"], "it is kept");
    world.passed();
    Ok(())
}
