//! `sambac connector certify` tries an SMSC out within its bounds, and what it proposes is taken by `sambac apply`.

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::Site;
use serde_json::Value;

use crate::world;

#[tokio::test]
async fn a_proposed_profile_names_what_was_found_and_applies() -> Result<()> {
    let world = world("certify")?;
    let scenario = "[answer]\nmessage_id = \"hex\"\nthroughput_per_s_max = 10\n[receipt]\nformat = \"text\"\n\
                    [bind]\npassword = \"pa55word\"";
    let mut operator = world.simulator("alpha", scenario).await?;
    let (address, report) = (operator.address().to_string(), world.path("alpha.md"));
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sambac"));
    command.args(["--output", "json", "connector", "certify", &address, "--system-id", "sambac", "--name", "alpha"]);
    command.args(["--to", "+447700900123", "--to", "+447700900124", "--messages-max", "60", "--report"]).arg(&report);
    command.env("SAMBAC_CERTIFY_PASSWORD", "pa55word").kill_on_drop(true);
    let output = command.output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let said = std::fs::read_to_string(&report)?;
    for wanted in ["transceiver in", "the same in answers and receipts (id of the text)", "stat DELIVRD", "throttled"] {
        ensure!(said.contains(wanted), "{wanted} is not in the report:\n{said}");
    }
    ensure!(said.contains("dates at UTC+0 minutes") && said.contains("taken: udh8, udh16, sar, payload"), "{said}");
    let limit: u32 = found["connector"]["throughput_per_s_max"].as_str().context("no limit")?.parse()?;
    ensure!((1..=20).contains(&limit), "{limit}");
    let journal = operator.finish().await?;
    assert_eq!(journal.submits().count(), 60, "as many messages as it may send, to the numbers it was given");
    ensure!(journal.submits().all(|line| line.destination.starts_with("44770090012")), "another number was sent to");
    let toml = found["toml"].as_str().context("no settings")?;
    let toml = toml.replacen("system_id =", "password = \"pa55word\"\nsystem_id =", 1);
    let table = toml.strip_prefix("[[connector]]\n").context("a connector")?;
    let site = Site::with_one_account("10").table("operator", "name = \"alpha\"").table("connector", table);
    world.apply(&site).await?;
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_said_and_nothing_is_sent() -> Result<()> {
    let world = world("certify_refused")?;
    let mut operator = world.simulator("alpha", "[bind]\npassword = \"pa55word\"").await?;
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sambac"));
    let address = operator.address().to_string();
    command.args(["connector", "certify", &address, "--system-id", "sambac", "--to", "+447700900123"]);
    let output = command.env("SAMBAC_CERTIFY_PASSWORD", "wrong").kill_on_drop(true).output().await?;
    assert_eq!(output.status.code(), Some(1));
    ensure!(String::from_utf8_lossy(&output.stderr).contains("no bind as a transceiver"), "{output:?}");
    assert_eq!(operator.finish().await?.submits().count(), 0);
    world.passed();
    Ok(())
}
