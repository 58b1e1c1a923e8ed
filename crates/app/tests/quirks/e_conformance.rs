//! E. Alphabets, as `sambac connector certify` finds them out.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::{Simulator, World};
use serde_json::Value;

/// What the command ends with when a check failed.
const CHECK_FAILED: i32 = 7;

/// The exit code and the report.
async fn certified(operator: &Simulator) -> Result<(Option<i32>, Value)> {
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
    let report = serde_json::from_slice(&output.stdout);
    Ok((output.status.code(), report.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?))
}

/// An SMSC that takes octets of GSM for Latin-1 swaps `@`, `$` and `_`. The conformance message, sent there and back in two
/// encodings, tells, and the proposed profile names the alphabet; an SMSC that reads GSM gets none.
#[tokio::test]
async fn q_e10_ascii_taken_for_gsm_is_found_out() -> Result<()> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "q_e10")?;
    for (alphabet, wanted) in [("latin1", Value::from("latin1")), ("gsm", Value::Null)] {
        let operator = world.simulator(alphabet, &format!("[echo]\nalphabet = \"{alphabet}\"")).await?;
        let (code, report) = certified(&operator).await?;
        assert_eq!(code == Some(CHECK_FAILED), wanted.is_string(), "{alphabet}: {code:?}");
        let text = &report["settings"]["text"];
        assert_eq!((&text["alphabet_out"], &text["alphabet_in"]), (&wanted, &wanted), "{alphabet}: {report:#}");
    }
    world.passed();
    Ok(())
}
