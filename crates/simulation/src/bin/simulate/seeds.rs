//! Many seeds, until enough hours have gone by, and one of them once more.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use sambac_simulation::child::Children;
use sambac_simulation::{Report, Run};

use crate::report::Hours;
use crate::{children, say, together};

#[derive(Args, Clone)]
pub(crate) struct Seeds {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Simulated hours in which messages come and faults happen, at least.
    #[arg(long, default_value_t = 100)]
    hours: u64,
    /// Minutes of messages and faults of each seed.
    #[arg(long, default_value_t = 120)]
    minutes: u64,
    /// With short lives and waits, as bugs are tried.
    #[arg(long)]
    brisk: bool,
    /// Processes at a time.
    #[arg(long, default_value_t = 2)]
    pub(crate) jobs: u64,
}

impl Seeds {
    /// Lives them, the first one twice.
    pub(crate) fn live(&self) -> Result<Hours> {
        let (children, began) = (children()?, Instant::now());
        let runs = (self.hours * 60).div_ceil(self.minutes.max(1)).max(1);
        let (next, done) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        together(self.jobs, || {
            loop {
                // The one that comes after all others is the first again.
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place > runs {
                    return Ok(());
                }
                let report = self.one(&children, self.first + place % runs)?;
                if let Ok(mut done) = done.lock() {
                    done.push((place, report));
                }
            }
        })?;
        let mut done = done.into_inner().unwrap_or_default();
        done.sort_unstable_by_key(|(place, _)| *place);
        let mut reports: Vec<_> = done.into_iter().map(|(_, report)| report).collect();
        let again = reports.pop().unwrap_or_default();
        let hours = Hours::new(runs * self.minutes / 60, reports, &again, began.elapsed());
        say(&hours.to_string())?;
        Ok(hours)
    }

    fn one(&self, children: &Children, seed: u64) -> Result<Report> {
        let report = children.live(&Run { minutes: self.minutes, brisk: self.brisk, ..Run::of(seed) })?;
        tell(&report)?;
        Ok(report)
    }
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
    report.findings.iter().try_for_each(|(rule, text)| say(&format!("  FOUND {rule}: {text}")))
}
