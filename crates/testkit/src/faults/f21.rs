//! F21: a backlog that is larger than the memory that the platform may have.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::bench::Bench;
use super::{Fault, Report, Setting};
use crate::scenario::World;
use crate::scenario::wait::until;
use crate::unique;

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F21",
    title: "512 MB of memory, and a million messages that wait for an operator",
    holds: "nothing is killed for want of memory; the backlog lies on disk, below nine tenths of the limit, and drains to zero",
};

const LIMIT_MIB: u64 = 512;

/// Plays it, by `sambac bench`.
///
/// # Errors
/// When it cannot be played.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let (started, binary) = (Instant::now(), &setting.release);
    let world = World::new(&binary.display().to_string(), FAULT.number)?;
    let mut report = Report::new(&FAULT, setting, super::rig::version(&world).await?);
    let group = Group::new(LIMIT_MIB << 20)?;
    let backlog: u64 = setting.of(5_000, 1_000_000);
    let bench = Bench::start(binary, &world.path("backlog"), "backlog", &[format!("--backlog={backlog}")])?;
    let found = until("its platform runs", Duration::from_secs(60), async || bench.platform()).await?;
    group.take(found)?;
    // Beside other tests, times say more of these than of the platform.
    let figures = bench.figures(&mut report, |_| setting.long).await?;
    report.strike(format!("{backlog} messages wait, {LIMIT_MIB} MiB"));
    let resident = figures["costs"]["rss_peak_kib"].as_u64().context("no figure of its memory")? / 1_024;
    report.expect("it needs too much", resident < LIMIT_MIB * 9 / 10, format!("{resident} MiB"));
    report.expect("it was killed for want of memory", group.kills()? == 0, "");
    report.measured("resident at most, MiB", resident);
    report.measured("limit, MiB", LIMIT_MIB);
    report.elapsed_s = started.elapsed().as_secs();
    if report.findings.is_empty() {
        world.passed();
    }
    Ok(report)
}

/// A control group with a limit to its memory; it goes with this. Only root may make one.
struct Group {
    at: PathBuf,
    is_second: bool,
}

impl Group {
    fn new(octets: u64) -> Result<Self> {
        let is_second = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let root = if is_second { "/sys/fs/cgroup" } else { "/sys/fs/cgroup/memory" };
        let at = Path::new(root).join(format!("sambac-{}", unique()));
        std::fs::create_dir(&at)
            .with_context(|| format!("no control group can be made (root may): {}", at.display()))?;
        let group = Self { at, is_second };
        let limit = if is_second { "memory.max" } else { "memory.limit_in_bytes" };
        std::fs::write(group.at.join(limit), octets.to_string())?;
        Ok(group)
    }

    fn take(&self, pid: u32) -> Result<()> {
        Ok(std::fs::write(self.at.join("cgroup.procs"), pid.to_string())?)
    }

    /// How many processes of it were killed because there was no memory.
    fn kills(&self) -> Result<u64> {
        let events = if self.is_second { "memory.events" } else { "memory.oom_control" };
        let text = std::fs::read_to_string(self.at.join(events))?;
        let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        Ok(line.context("no count of kills")?.trim().parse()?)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its processes have ended.
        let _ = std::fs::remove_dir(&self.at);
    }
}
