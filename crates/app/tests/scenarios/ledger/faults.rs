//! Faults under load, in short: every kind of fault that there is strikes a platform that is charged by many, and an oracle finds
//! nothing. `make faults` does the same for a million charges.
//!
//! The plan comes from a seed, `SAMBAC_TEST_SEED` or 1, which a failure names.

use anyhow::{Result, ensure};
use sambac_testkit::faults::ledger::{Setting, run};

async fn survives(on_postgres: bool, strikes: usize) -> Result<()> {
    let seed = std::env::var("SAMBAC_TEST_SEED").map_or(Ok(1), |text| text.parse())?;
    let setting = Setting {
        binary: env!("CARGO_BIN_EXE_sambac").into(),
        has_points: true,
        on_postgres,
        seed,
        charges: 150 * strikes as u64,
        strikes,
        clients: (12, 4),
        batch_max: 20,
    };
    let report = run(&setting).await?;
    ensure!(report.findings.is_empty(), "SAMBAC_TEST_SEED={seed}: {report:#?}");
    ensure!(report.charges >= setting.charges, "{report:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_moves_once_whatever_is_killed_on_sqlite() -> Result<()> {
    survives(false, 8).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_moves_once_whatever_is_killed_on_postgresql() -> Result<()> {
    survives(true, 14).await
}
