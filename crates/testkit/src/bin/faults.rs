//! `make faults`: every fault of the catalogue at length, and a report of each as JSON; and charges by the hundred thousand while
//! everything is killed, on both databases.
//!
//! Faults that want to break the program itself need a build for tests (`--tested`): one for users cannot.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use sambac_testkit::faults::{FAULTS, Setting, ledger, page, play};
use serde::Serialize;

/// Plays faults, and writes a report of each.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which: F02, F06 …, or `ledger`; all of them when none is named.
    faults: Vec<String>,
    /// The binary as users have it.
    #[arg(long, default_value = "target/release/sambac")]
    binary: PathBuf,
    /// The binary as tests have it, which breaks at named points.
    #[arg(long, default_value = "target/debug/sambac")]
    tested: PathBuf,
    /// In seconds, as tests play them.
    #[arg(long)]
    short: bool,
    /// The ledger's: `--binary` was built for tests, too, and is killed at its points.
    #[arg(long)]
    points: bool,
    /// The ledger's: only on this database; otherwise on both.
    #[arg(long, value_parser = ["sqlite", "postgres"])]
    store: Option<String>,
    /// Repeats a plan.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The ledger's: holds, debits and messages on each database.
    #[arg(long, default_value_t = 500_000)]
    charges: u64,
    /// The ledger's: faults on each.
    #[arg(long, default_value_t = 100)]
    strikes: usize,
    /// The ledger's: clients that charge.
    #[arg(long, default_value_t = 48)]
    charging: usize,
    /// The ledger's: clients that send messages.
    #[arg(long, default_value_t = 16)]
    sending: usize,
    /// The ledger's: orders in one request at most.
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
    let named = |name: &str| arguments.faults.is_empty() || arguments.faults.iter().any(|one| one == name);
    let known = |name: &String| name == "ledger" || FAULTS.iter().any(|fault| fault.number == name);
    let unknown: Vec<_> = arguments.faults.iter().filter(|name| !known(name)).collect();
    ensure!(unknown.is_empty(), "no fault is called {unknown:?}");
    let (mut findings, mut broken) = (0, Vec::new());
    for fault in FAULTS.iter().filter(|fault| named(fault.number)) {
        say(&format!("{}: {}", fault.number, fault.title))?;
        // One that cannot be played keeps no other from it.
        match play(fault.number, &arguments.setting()).await {
            Ok(report) => {
                findings += report.findings.values().sum::<usize>();
                keep(&arguments.out, &format!("faults-{}", fault.number), &report)?;
                std::fs::write(arguments.out.join("faults.md"), page(&arguments.out)?)?;
            }
            Err(error) => broken.push(format!("{}: {error:#}", fault.number)),
        }
    }
    for store in ["sqlite", "postgres"] {
        if named("ledger") && arguments.store.as_deref().is_none_or(|only| only == store) {
            let report = ledger::run(&arguments.of_ledger(store)).await?;
            findings += report.findings.values().sum::<usize>();
            let points = if arguments.points { "-points" } else { "" };
            keep(&arguments.out, &format!("faults-ledger-{store}{points}"), &report)?;
        }
    }
    ensure!(broken.is_empty(), "not played to the end: {}", broken.join("; "));
    ensure!(findings == 0, "{findings} findings: see the reports");
    Ok(())
}

impl Arguments {
    fn setting(&self) -> Setting {
        Setting { binary: self.tested.clone(), release: self.binary.clone(), seed: self.seed, long: !self.short }
    }

    fn of_ledger(&self, store: &str) -> ledger::Setting {
        ledger::Setting {
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

fn keep(out: &Path, name: &str, report: &impl Serialize) -> Result<()> {
    let path = out.join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(report)?;
    std::fs::write(&path, format!("{text}\n")).with_context(|| path.display().to_string())?;
    say(&format!("{}: {text}", path.display()))
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
