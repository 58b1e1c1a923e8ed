//! What came of it: printed, and kept beside the figures of other long runs.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sambac_domain::planted::Bug;
use sambac_simulation::Report;
use serde::Serialize;

use crate::say;

/// Of seeds.
#[derive(Debug, Serialize)]
pub(crate) struct Hours {
    seeds: usize,
    /// In which messages came and faults happened.
    hours: u64,
    /// All, with the time in which what was left came to its end.
    simulated_hours: u64,
    took_s: u64,
    times_real_time: u64,
    /// Processor time of all of it: what it takes where nothing else runs, times the processors.
    processor_s: u64,
    messages: u64,
    processes: u64,
    commits: u64,
    events: u64,
    findings: usize,
    /// The first seed once more: whether its events were the same.
    same_seed_same_events: bool,
    each: Vec<Report>,
}

/// Of planted bugs.
#[derive(Debug, Serialize)]
pub(crate) struct Catches {
    planted: usize,
    caught: usize,
    took_s: u64,
    each: Vec<Catch>,
}

/// Of one planted bug.
#[derive(Debug, Serialize)]
pub(crate) struct Catch {
    bug: &'static str,
    caught_by_seed: Option<u64>,
    seeds_tried: usize,
    took_ms: u64,
    rule: String,
    what: String,
}

/// Of all.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    version: &'static str,
    cores: usize,
    seeds: Hours,
    bugs: Catches,
}

impl Hours {
    pub(crate) fn new(hours: u64, each: Vec<Report>, again: &Report, took: Duration) -> Self {
        let sum = |of: fn(&Report) -> u64| each.iter().map(of).sum::<u64>();
        let simulated_s = sum(|report| report.simulated_s);
        let is_same = each.first().is_some_and(|first| first.hash == again.hash && first.events == again.events);
        Self {
            seeds: each.len(),
            hours,
            simulated_hours: simulated_s / 3_600,
            took_s: took.as_secs(),
            times_real_time: simulated_s / took.as_secs().max(1),
            processor_s: processor_s(),
            messages: sum(|report| report.sent),
            processes: sum(|report| report.processes),
            commits: sum(|report| report.commits),
            events: sum(|report| report.events),
            findings: each.iter().map(|report| report.findings.len()).sum(),
            same_seed_same_events: is_same,
            each,
        }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.findings == 0 && self.same_seed_same_events
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, hours, simulated_hours, took_s, times_real_time, processor_s, messages, findings, .. } = self;
        let same = if self.same_seed_same_events { "the same events" } else { "OTHER EVENTS" };
        write!(
            f,
            "{seeds} seeds, {hours} hours of messages and faults, {simulated_hours} simulated hours in all, {messages} messages, \
             in {took_s} s ({processor_s} s of processors): {times_real_time} times real time; the first seed again: {same}; {findings} findings"
        )
    }
}

impl Catches {
    pub(crate) fn new(mut each: Vec<Catch>, took: Duration) -> Self {
        each.sort_unstable_by_key(|catch| catch.bug);
        let caught = each.iter().filter(|catch| catch.caught_by_seed.is_some()).count();
        Self { planted: each.len(), caught, took_s: took.as_secs(), each }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.caught == self.planted
    }
}

impl fmt::Display for Catches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { planted, caught, took_s, .. } = self;
        write!(f, "{planted} bugs planted, {caught} caught, in {took_s} s")
    }
}

impl Catch {
    pub(crate) fn new(bug: Bug, found: Option<(u64, String, String)>, seeds_tried: usize, took: Duration) -> Self {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let caught_by_seed = found.as_ref().map(|(seed, ..)| *seed);
        let (_, rule, what) = found.unwrap_or_default();
        Self { bug: bug.name(), caught_by_seed, seeds_tried, took_ms, rule, what }
    }
}

impl fmt::Display for Catch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bug, seeds_tried, took_ms, rule, what, .. } = self;
        match self.caught_by_seed {
            Some(seed) => write!(f, "{bug}: caught by seed {seed}, {seeds_tried} tried, {took_ms} ms: {rule}: {what}"),
            None => write!(f, "{bug}: NOT CAUGHT by {seeds_tried} seeds, {took_ms} ms"),
        }
    }
}

impl Summary {
    pub(crate) fn new(seeds: Hours, bugs: Catches) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { version: concat!("sambac ", env!("CARGO_PKG_VERSION")), cores, seeds, bugs }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.seeds.is_clean() && self.bugs.is_clean()
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
        say(&format!("the report is {}", path.display()))
    }
}

/// What the kernel counted for processes that have ended, in hundredths of a second (proc(5), `cutime` and `cstime`); 0 where it does not.
fn processor_s() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(13).take(2).filter_map(|word| word.parse::<u64>().ok()).sum::<u64>() / 100
}
