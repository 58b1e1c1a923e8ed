//! F15: a thousand clients are dropped at once, and come back; two hundred operators come and go.

use std::time::Instant;

use anyhow::Result;

use super::bench::Bench;
use super::{Fault, Report, Setting};
use crate::scenario::World;

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F15",
    title: "1,000 binds of clients are dropped at once; 200 operators come and go",
    holds: "all are back within 60 s; those that stay hardly notice; attempts to bind come in no waves",
};

/// Plays it, by `sambac bench`.
///
/// # Errors
/// When it cannot be played.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let (started, binary) = (Instant::now(), &setting.release);
    let world = World::new(&binary.display().to_string(), FAULT.number)?;
    let mut report = Report::new(&FAULT, setting, super::rig::version(&world).await?);
    // A debug build takes most of a second for each password.
    let (crowd, seconds) = setting.of((16, 3), (1_000, 15));
    let more = [format!("--crowd={crowd}"), format!("--duration-s={seconds}")];
    // Beside other tests, latencies say more of these than of the platform.
    let counts = |what: &str| setting.long || what.starts_with("all back");
    Bench::start(binary, &world.path("herd"), "herd", &more)?.figures(&mut report, counts).await?;
    report.strike(format!("{crowd} binds dropped"));
    if setting.long {
        let bench = Bench::start(binary, &world.path("flapping"), "flapping", &["--duration-s=60".to_owned()])?;
        bench.figures(&mut report, |_| true).await?;
        report.strike("200 operators come and go");
    }
    report.elapsed_s = started.elapsed().as_secs();
    if report.findings.is_empty() {
        world.passed();
    }
    Ok(report)
}
