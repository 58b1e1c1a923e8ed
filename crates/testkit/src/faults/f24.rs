//! F24: no file can be opened any more, so that no connection can be taken.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::f01::few_twice;
use super::oracle::Rules;
use super::rig::Rig;
use super::{Fault, Report, Setting};
use crate::scenario::Platform;
use crate::scenario::wait::until_true;

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F24",
    title: "the process has as many files open as it may, while strangers connect",
    holds: "who is in goes on, nothing spins, nothing is lost; new connections are taken when there are files again",
};

/// Files that it may open beside those that it has.
const SPARE: usize = 4;
/// Connections of strangers: far more than that.
const STRANGERS: usize = 60;
/// Ticks of the clock by which the kernel counts a process's time, in a second.
const TICKS_PER_S: u64 = 100;
/// How long it is watched when nothing is asked of it.
const WATCHED: Duration = Duration::from_secs(2);
/// What is sent meanwhile.
const MESSAGES: usize = 500;

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let mut rig = Rig::new(&FAULT, &setting).await?;
    let platform = rig.world.platform(&[]).await?;
    platform.until_bound().await?;
    let esme = rig.client(&platform).await?;
    // Everything that a message needs was opened once.
    rig.clients.send(&esme, MESSAGES).await?;
    rig.at_rest().await?;
    let (usual, mut busiest) = (may_have_open(&platform)?, 0);
    for _ in 0..setting.of(1, 20) {
        may_open(&platform, highest_file(&platform)? + 1 + SPARE).await?;
        let mut strangers = Vec::new();
        for address in [platform.http(), platform.smpp()].iter().cycle().take(STRANGERS) {
            // The kernel takes the connection; the process cannot.
            strangers.push(TcpStream::connect(address).await?);
        }
        let before = worked(&platform)?;
        tokio::time::sleep(WATCHED).await;
        busiest = busiest.max(worked(&platform)? - before);
        rig.clients.send(&esme, MESSAGES).await?;
        rig.at_rest().await?;
        rig.report.strike("no file to spare");
        drop(strangers);
        until_true("new connections are taken again", async || {
            let fresh = platform.rest(&rig.secrets)?;
            Ok(fresh.get("/v1/balance").await.is_ok_and(|reply| reply.status == 200))
        })
        .await?;
        may_open(&platform, usual).await?;
    }
    let spins = busiest >= WATCHED.as_secs() * TICKS_PER_S / 2;
    rig.report.expect("it spins", !spins, format!("{busiest} ticks of work in {WATCHED:?}"));
    rig.report.measured(
        "work at most while nobody could come in, ms a second",
        busiest * 1_000 / TICKS_PER_S / WATCHED.as_secs(),
    );
    esme.unbind().await;
    rig.clients.heard(&esme);
    rig.rests_of(platform).await?;
    let mut report = rig.judged(&Rules::default()).await?;
    let refused = report.messages.get("refused").copied().unwrap_or(0);
    report.expect("who was in was refused", refused == 0, format!("{refused}"));
    Ok(few_twice(report, 0))
}

/// The highest number of an open file.
fn highest_file(platform: &Platform) -> Result<usize> {
    let files = std::fs::read_dir(format!("/proc/{}/fd", platform.pid()))?;
    let numbers = files.filter_map(|file| file.ok()?.file_name().to_str()?.parse().ok());
    numbers.max().context("no file is open")
}

/// Time on the processors, in ticks.
fn worked(platform: &Platform) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", platform.pid()))?;
    let after_name = text.rsplit_once(')').context("no name")?.1;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next().context("no time")?.parse::<u64>().context("a time");
    Ok(ticks()? + ticks()?)
}

/// How many files it may have open.
fn may_have_open(platform: &Platform) -> Result<usize> {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", platform.pid()))?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).context("no limit to files")?;
    line.split_whitespace().next().context("no number")?.parse().context("a number")
}

/// Sets that.
async fn may_open(platform: &Platform, files: usize) -> Result<()> {
    let limit = format!("--nofile={files}:");
    let set = Command::new("prlimit").args(["--pid", &platform.pid().to_string(), &limit]).status().await?;
    ensure!(set.success(), "prlimit: {set}");
    Ok(())
}
