//! `simulate`: lives seeds of the simulation, two at a time, and prints what came of them.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use sambac_domain::planted::Bug;
use sambac_simulation::child::{Children, is_child};
use sambac_simulation::{Report, Run};

/// The engine on simulated time, with faults that come from a seed.
#[derive(Parser)]
#[command(name = "simulate")]
struct Arguments {
    #[command(subcommand)]
    command: What,
}

#[derive(Subcommand)]
enum What {
    /// Lives many seeds; fails when one of them has a finding.
    Seeds(Seeds),
    /// Lives one seed, and prints its report as JSON.
    One(One),
    /// Plants each bug in turn, until a seed catches it; fails when one is caught by none.
    Bugs(Bugs),
}

#[derive(Args)]
struct Seeds {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Simulated hours in all, at least.
    #[arg(long, default_value_t = 100)]
    hours: u64,
    /// Minutes of messages and faults of each seed.
    #[arg(long, default_value_t = 120)]
    minutes: u64,
    /// Processes at a time.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
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
    /// A bug to plant.
    #[arg(long)]
    bug: Option<String>,
    /// Prints each event to standard error; `RUST_LOG` has the engine's own log there.
    #[arg(long)]
    show: bool,
}

#[derive(Args)]
struct Bugs {
    /// Seeds to try for each.
    #[arg(long, default_value_t = 12)]
    seeds: usize,
    /// Minutes of messages and faults of each seed.
    #[arg(long, default_value_t = 12)]
    minutes: u64,
    /// Only this one.
    #[arg(long)]
    only: Option<String>,
    /// Processes at a time.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        What::Seeds(seeds) => seeds.live(),
        What::One(one) => one.live(),
        What::Bugs(bugs) => bugs.live(),
    }
}

fn children() -> Result<Children> {
    Children::new(&std::env::current_exe().context("this program")?)
}

fn bug(name: &str) -> Result<Bug> {
    Bug::named(name).with_context(|| format!("no bug is called {name}"))
}

/// Every fifth seed has no fault: what is slow or lost then has no excuse.
fn run(seed: u64, minutes: u64) -> Run {
    Run { seed, minutes, faults: !seed.is_multiple_of(5), ..Run::default() }
}

impl One {
    fn live(self) -> Result<ExitCode> {
        let Self { seed, minutes, pause_s, calm, show, .. } = self;
        let bug = self.bug.as_deref().map(bug).transpose()?;
        let run = Run { seed, minutes, pause_s, faults: !calm, bug, show };
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

impl Seeds {
    fn live(self) -> Result<ExitCode> {
        let (children, began) = (children()?, Instant::now());
        let (next, done, wrong) = (AtomicU64::new(self.first), Mutex::new((0, 0)), AtomicU64::new(0));
        let wanted_s = self.hours * 3_600;
        together(self.jobs, || {
            while done.lock().is_ok_and(|done| done.0 < wanted_s) {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                let report = children.live(&run(seed, self.minutes))?;
                wrong.fetch_add(u64::from(!report.findings.is_empty()), Ordering::Relaxed);
                if let Ok(mut done) = done.lock() {
                    done.0 += report.simulated_s;
                    done.1 += report.sent;
                }
                tell(&report)?;
            }
            Ok(())
        })?;
        let (simulated_s, sent) = done.into_inner().unwrap_or_default();
        let took_s = began.elapsed().as_secs().max(1);
        let wrong = wrong.into_inner();
        say(&format!(
            "{} simulated hours, {sent} messages, in {took_s} s: {} times real time; {wrong} seeds with findings",
            simulated_s / 3_600,
            simulated_s / took_s
        ))?;
        Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Bugs {
    fn live(self) -> Result<ExitCode> {
        let children = children()?;
        let bugs = match &self.only {
            Some(name) => vec![bug(name)?],
            None => Bug::ALL.to_vec(),
        };
        let (next, missed) = (AtomicU64::new(0), AtomicU64::new(0));
        together(self.jobs, || {
            while let Some(bug) = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).ok().and_then(|no| bugs.get(no))
            {
                if !self.catches(&children, *bug)? {
                    missed.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok(())
        })?;
        let missed = missed.into_inner();
        say(&format!("{} bugs planted, {missed} not caught", bugs.len()))?;
        Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn catches(&self, children: &Children, bug: Bug) -> Result<bool> {
        // One of each kind first: stormy, changeable, calm.
        let others = (3..).filter(|seed| *seed != 5);
        for seed in [1, 2, 5].into_iter().chain(others).take(self.seeds) {
            let report = children.live(&Run { bug: Some(bug), ..run(seed, self.minutes) })?;
            if let Some((rule, text)) = report.findings.first() {
                let text: String = text.chars().take(160).collect();
                say(&format!("{}: caught by seed {seed} in {} ms: {rule}: {text}", bug.name(), report.took_ms))?;
                return Ok(true);
            }
        }
        say(&format!("{}: NOT CAUGHT by {} seeds", bug.name(), self.seeds))?;
        Ok(false)
    }
}

/// Does the same several times at once.
fn together(jobs: u64, work: impl Fn() -> Result<()> + Sync) -> Result<()> {
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(&work)).collect();
        all.into_iter().try_for_each(|one| one.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
    })
}

fn tell(report: &Report) -> Result<()> {
    let Report { seed, hash, simulated_s, took_ms, processes, sent, ends, .. } = report;
    let speed = simulated_s * 1_000 / (*took_ms).max(1);
    let hash = hash.get(..16).unwrap_or(hash);
    say(&format!(
        "seed {seed}: {hash} {}:{:02} h in {took_ms} ms ({speed}x), {processes} processes, {sent} sent, {ends:?}",
        simulated_s / 3_600,
        simulated_s / 60 % 60,
    ))?;
    for (rule, text) in &report.findings {
        say(&format!("  FOUND {rule}: {text}"))?;
    }
    Ok(())
}

fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output")
}
