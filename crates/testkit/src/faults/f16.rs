//! F16: three times as much comes in as can be taken.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::bench::Bench;
use super::flood::Flood;
use super::{Fault, Report, Setting};
use crate::scenario::World;

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F16",
    title: "three times as many messages are offered as are delivered at the peak",
    holds: "as many are delivered as nine tenths of the peak at least; nothing is lost or sent twice; beside a flood of bulk, 99 of a hundred codes are delivered within 500 ms",
};

const OVERLOAD: u64 = 3;
const GOODPUT_PERCENT: u64 = 90;
/// Of codes, to their receipts, while bulk comes as fast as it is taken.
const CODES_P99: Duration = Duration::from_millis(500);

/// Plays it, by `sambac bench`.
///
/// # Errors
/// When it cannot be played.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let (started, binary) = (Instant::now(), &setting.release);
    let world = World::new(&binary.display().to_string(), FAULT.number)?;
    let mut report = Report::new(&FAULT, setting, super::rig::version(&world).await?);
    let time = format!("--duration-s={}", setting.of(3, 30));
    // Its bars are for other loads.
    let closed = Bench::start(binary, &world.path("peak"), "smpp-closed", std::slice::from_ref(&time))?;
    let closed = closed.figures(&mut report, |_| false).await?;
    let peak = closed["load"]["delivered_per_s"].as_u64().context("no peak")?.max(1);
    let rate = format!("--rate={}", (OVERLOAD * peak).min(50_000));
    let open = Bench::start(binary, &world.path("overload"), "smpp-open", &[time, rate])?;
    let open = open.figures(&mut report, |_| false).await?;
    report.strike(format!("{OVERLOAD} times {peak} offered a second"));
    let goodput = open["load"]["delivered_per_s"].as_u64().context("no goodput")?;
    let percent = goodput * 100 / peak;
    report.measured("delivered a second at the peak", peak);
    report.measured("delivered a second under overload", goodput);
    report.measured("goodput, percent of the peak", percent);
    // Beside other tests, figures say more of these than of the platform.
    let holds = percent >= GOODPUT_PERCENT || !setting.long;
    report.expect("goodput falls", holds, format!("{percent} % of {peak} a second"));
    codes(setting, &mut report).await?;
    report.elapsed_s = started.elapsed().as_secs();
    if report.findings.is_empty() {
        world.passed();
    }
    Ok(report)
}

/// One-time codes beside bulk that comes as fast as it is taken.
async fn codes(setting: &Setting, report: &mut Report) -> Result<()> {
    let mut flood = Flood::start(&FAULT, setting, "otp", "").await?;
    let (latency, factor) = flood.beside().await?;
    let part = &mut flood.rig.report;
    latency.measured(part, "of codes beside bulk");
    part.measured("bulk for each code", factor);
    let holds = latency.receipt <= CODES_P99 || !setting.long;
    part.expect("codes wait for bulk", holds, format!("p99 to the receipt: {:?}", latency.receipt));
    report.takes_in(flood.judged().await?);
    Ok(())
}
