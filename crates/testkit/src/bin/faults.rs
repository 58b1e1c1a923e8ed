//! `make faults`: charges by the hundred thousand while everything is killed, on both databases, and a report of each run.
//!
//! The binary is one for users, which cannot kill itself at named points; with `--points` it is a build for tests.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use sambac_testkit::faults::{Report, Setting, run};

/// Charges while everything is killed, and compares what was answered with what is stored.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary to be killed.
    #[arg(long, default_value = "target/release/sambac")]
    binary: PathBuf,
    /// It was built for tests and kills itself at named points of its code.
    #[arg(long)]
    points: bool,
    /// Only on this database; otherwise on both.
    #[arg(long, value_parser = ["sqlite", "postgres"])]
    store: Option<String>,
    /// Repeats a plan.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Holds, debits and messages on each database.
    #[arg(long, default_value_t = 500_000)]
    charges: u64,
    /// Faults on each.
    #[arg(long, default_value_t = 100)]
    strikes: usize,
    /// Clients that charge.
    #[arg(long, default_value_t = 48)]
    charging: usize,
    /// Clients that send messages.
    #[arg(long, default_value_t = 16)]
    sending: usize,
    /// Orders in one request at most.
    #[arg(long, default_value_t = 100)]
    batch_max: usize,
    /// Where the reports go.
    #[arg(long, default_value = "bench/results")]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.out)?;
    let mut findings = 0;
    for store in ["sqlite", "postgres"] {
        if arguments.store.as_deref().is_none_or(|only| only == store) {
            let report = run(&arguments.setting(store)).await?;
            findings += report.findings.values().sum::<usize>();
            keep(&arguments, store, &report)?;
        }
    }
    ensure!(findings == 0, "{findings} findings: see the reports");
    Ok(())
}

impl Arguments {
    fn setting(&self, store: &str) -> Setting {
        Setting {
            binary: self.binary.clone(),
            has_points: self.points,
            on_postgres: store == "postgres",
            seed: self.seed,
            charges: self.charges,
            strikes: self.strikes,
            clients: (self.charging, self.sending),
            batch_max: self.batch_max,
        }
    }
}

fn keep(arguments: &Arguments, store: &str, report: &Report) -> Result<()> {
    let points = if arguments.points { "-points" } else { "" };
    let path = arguments.out.join(format!("faults-ledger-{store}{points}.json"));
    let text = serde_json::to_string_pretty(report)?;
    std::fs::write(&path, format!("{text}\n")).with_context(|| path.display().to_string())?;
    Ok(writeln!(std::io::stdout(), "{}: {text}", path.display())?)
}
