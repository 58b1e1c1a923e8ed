//! F17: one account floods, as fast as the platform lets it, while another one sends a little all the time: where the one that floods has a limit, and where it has none.

use std::time::Duration;

use anyhow::Result;

use super::flood::Flood;
use super::steady::Leeway;
use super::{Fault, Report, Setting};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F17",
    title: "one account sends as fast as it can",
    holds: "another one's p99 to the answer and to the receipt is within 20 % (or 10 ms) of before where accounts have limits, and within 500 ms where they have none; nothing is lost",
};

const LEEWAY: Leeway = Leeway { percent: 20, least: Duration::from_millis(10) };
/// A flood that all of the machine works on: each commit is a long one then, for everybody. So long may the other one's take, and in the short form, beside other tests.
const WITHOUT_WAITING: Duration = Duration::from_millis(500);
const IN_SHORT: Duration = Duration::from_secs(5);
/// What an account may send that is ten times as large as the other one.
const LIMIT: &str = "500/s";
/// Of the account that floods, for each of the other one's, at least, without a limit.
const FLOOD_FACTOR: u64 = 10;

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut report = limited(setting).await?;
    report.takes_in(unlimited(setting).await?);
    Ok(report)
}

async fn limited(setting: &Setting) -> Result<Report> {
    let mut flood = Flood::start(&FAULT, setting, "transactional", LIMIT).await?;
    let before = flood.alone().await?;
    let (during, factor) = flood.beside().await?;
    let after = flood.alone().await?;
    let report = &mut flood.rig.report;
    before.measured(report, "before the flood");
    LEEWAY.judge(setting, report, "beside a flood with a limit", (before, during))?;
    LEEWAY.judge(setting, report, "after it", (before, after))?;
    report.measured("messages of the flood with a limit for each of the other one's", factor);
    flood.judged().await
}

async fn unlimited(setting: &Setting) -> Result<Report> {
    let mut flood = Flood::start(&FAULT, setting, "transactional", "").await?;
    let (during, factor) = flood.beside().await?;
    let report = &mut flood.rig.report;
    during.measured(report, "beside a flood without a limit");
    let limit = if setting.long { WITHOUT_WAITING } else { IN_SHORT };
    report.expect("it waits for the flood", during.receipt <= limit, format!("{:?}", during.receipt));
    report.measured("messages of the flood without a limit for each of the other one's", factor);
    report.expect("there was no flood", factor >= FLOOD_FACTOR, format!("{factor} beside one"));
    flood.judged().await
}
