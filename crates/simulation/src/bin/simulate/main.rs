//! `simulate`: lives seeds of the simulation, two at a time, plants its bugs, and says what came of it.

mod bugs;
mod report;
mod seeds;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use sambac_domain::planted::Bug;
use sambac_simulation::Run;
use sambac_simulation::child::{Children, is_child};

use crate::bugs::Bugs;
use crate::report::Summary;
use crate::seeds::Seeds;

/// The engine on simulated time, with faults that come from a seed.
#[derive(Parser)]
#[command(name = "simulate")]
struct Arguments {
    #[command(subcommand)]
    command: What,
}

#[derive(Subcommand)]
enum What {
    /// Lives a hundred hours, then plants every bug, and writes what came of it; fails when something is found, or a bug is not.
    All(All),
    /// Lives many seeds; fails when one of them has a finding.
    Seeds(Seeds),
    /// Lives one seed, and prints its report as JSON.
    One(One),
    /// Plants each bug in turn, until a seed catches it; fails when one is caught by none.
    Bugs(Bugs),
}

#[derive(Args)]
struct All {
    #[command(flatten)]
    seeds: Seeds,
    /// Where the report goes.
    #[arg(long, default_value = "bench/results/simulation.json")]
    report: PathBuf,
}

#[derive(Args)]
struct One {
    /// What everything comes from.
    #[arg(long)]
    seed: u64,
    /// Minutes of messages and faults.
    #[arg(long, default_value_t = 120)]
    minutes: u64,
    /// Mean pause of a client between two messages.
    #[arg(long, default_value_t = 4)]
    pause_s: u64,
    /// Without any fault.
    #[arg(long)]
    calm: bool,
    /// With short lives and waits.
    #[arg(long)]
    brisk: bool,
    /// A bug to plant.
    #[arg(long)]
    bug: Option<String>,
    /// Prints each event to standard error; `RUST_LOG` has the engine's own log there.
    #[arg(long)]
    show: bool,
    /// Keeps the database in this folder.
    #[arg(long)]
    keep: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        What::All(all) => all.live(),
        What::Seeds(seeds) => Ok(code(seeds.live()?.is_clean())),
        What::One(one) => one.live(),
        What::Bugs(bugs) => Ok(code(bugs.live()?.is_clean())),
    }
}

impl All {
    fn live(self) -> Result<ExitCode> {
        let jobs = self.seeds.jobs;
        let summary = Summary::new(self.seeds.live()?, Bugs::every(jobs).live()?);
        summary.write(&self.report)?;
        Ok(code(summary.is_clean()))
    }
}

impl One {
    fn live(self) -> Result<ExitCode> {
        let Self { seed, minutes, pause_s, calm, brisk, show, keep, .. } = self;
        let bug = self.bug.as_deref().map(bug).transpose()?;
        let run = Run { seed, minutes, pause_s, faults: !calm, brisk, bug, show, keep };
        if !is_child() {
            say(&serde_json::to_string(&children()?.live(&run)?)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        if show {
            let filter = tracing_subscriber::EnvFilter::from_default_env();
            let shown = tracing_subscriber::fmt().with_env_filter(filter).without_time().with_ansi(false);
            shown.with_writer(std::io::stderr).init();
        }
        // On a thread of its own, whose randomness nothing was taken of: not by what reads arguments, nor by what prints events.
        let report = std::thread::spawn(move || run.live()).join();
        let report = report.map_err(|_| anyhow::anyhow!("the run panicked"))??;
        say(&serde_json::to_string(&report)?)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn code(is_clean: bool) -> ExitCode {
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn children() -> Result<Children> {
    Children::new(&std::env::current_exe().context("this program")?)
}

fn bug(name: &str) -> Result<Bug> {
    Bug::named(name).with_context(|| format!("no bug is called {name}"))
}

/// Does the same several times at once.
fn together(jobs: u64, work: impl Fn() -> Result<()> + Sync) -> Result<()> {
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(&work)).collect();
        all.into_iter().try_for_each(|one| one.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
    })
}

fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output")
}
