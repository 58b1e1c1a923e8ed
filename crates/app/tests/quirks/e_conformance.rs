//! E. Alphabets, as `sambac connector certify` finds them out.

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{Simulator, World};
use serde_json::Value;

async fn certified(world: &World, operator: &Simulator) -> Result<Value> {
    let address = operator.address().to_string();
    let arguments =
        ["--output", "json", "connector", "certify", &address, "--system-id", "sambac", "--messages-max", "20"];
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sambac"));
    command
        .args(arguments)
        .args(["--to", "+447700900123"])
        .env("SAMBAC_CERTIFY_PASSWORD", "pa55word")
        .kill_on_drop(true);
    let output = command.output().await?;
    ensure!(output.status.success(), "{} {}", String::from_utf8_lossy(&output.stderr), world.path("").display());
    serde_json::from_slice(&output.stdout).context("a report")
}

/// An SMSC that takes octets of GSM for Latin-1 swaps `@`, `$` and `_`. The conformance message, sent there and back in two
/// encodings, tells, and the proposed profile names the alphabet; an SMSC that reads GSM gets none.
#[tokio::test]
async fn q_e10_ascii_taken_for_gsm_is_found_out() -> Result<()> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "q_e10")?;
    for (alphabet, wanted) in [("latin1", Value::from("latin1")), ("gsm", Value::Null)] {
        let operator = world.simulator(alphabet, &format!("[echo]\nalphabet = \"{alphabet}\"")).await?;
        let report = certified(&world, &operator).await?;
        let text = &report["settings"]["text"];
        assert_eq!((&text["alphabet_out"], &text["alphabet_in"]), (&wanted, &wanted), "{alphabet}: {report:#}");
    }
    world.passed();
    Ok(())
}
