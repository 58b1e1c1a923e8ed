//! F17: one account floods, as fast as the platform lets it, while another one sends a little all the time.

use std::time::Duration;

use anyhow::Result;

use super::flood::Flood;
use super::steady::Leeway;
use super::{Fault, Report, Setting};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F17",
    title: "one account sends as fast as it can",
    holds: "another one's p99 to the answer and to the receipt is within 20 % (or 10 ms) of before; nothing is lost",
};

const LEEWAY: Leeway = Leeway { percent: 20, least: Duration::from_millis(10) };
/// The other one is never told to wait for longer than this.
const WITHOUT_WAITING: Duration = Duration::from_secs(5);
/// Of the account that floods, for each of the other one's, at least.
const FLOOD_FACTOR: u64 = 10;

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut flood = Flood::start(&FAULT, setting, "transactional").await?;
    let before = flood.alone().await?;
    let (during, factor) = flood.beside().await?;
    let after = flood.alone().await?;
    before.measured(&mut flood.rig.report, "before the flood");
    LEEWAY.judge(setting, &mut flood.rig.report, "beside the flood", (before, during))?;
    LEEWAY.judge(setting, &mut flood.rig.report, "after the flood", (before, after))?;
    let text = format!("{:?}", during.receipt);
    flood.rig.report.expect("it waits for the flood", during.receipt <= WITHOUT_WAITING, text);
    flood.rig.report.expect("there was no flood", factor >= FLOOD_FACTOR, format!("{factor} beside one"));
    flood.judged().await
}
