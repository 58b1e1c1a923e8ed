//! F7: an `fsync` fails.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rand::Rng as _;

use super::oracle::Rules;
use super::rig::Rig;
use super::shim::{Fails, Shim};
use super::{Fault, Report, Setting};
use crate::scenario::wait::until;

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F07",
    title: "fsync fails with EIO, once, and what it was to make safe is lost",
    holds: "the process takes nothing more and ends; nothing is acknowledged that is lost; the next start looks through the files",
};

/// The exit code that says why.
const DAMAGED: i32 = 8;
/// Within this it has ended.
const ENDS_WITHIN: Duration = Duration::from_secs(15);

/// Plays it.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut rig = Rig::new(&FAULT, setting).await?;
    let shim = Shim::new(&rig.world.path("")).await?;
    for _ in 0..setting.of(1, 10) {
        for which in [Fails::Log, Fails::Database] {
            fails(&mut rig, &shim, which).await?;
        }
    }
    rig.rests(&[]).await?;
    rig.judged(&Rules::default()).await
}

async fn fails(rig: &mut Rig, shim: &Shim, which: Fails) -> Result<()> {
    let mut platform = rig.world.platform(&shim.variables()).await?;
    let esme = rig.client(&platform).await?;
    rig.clients.send(&esme, 50).await?;
    shim.fail_fsync(which, rig.chance.random_range(0..if matches!(which, Fails::Log) { 40 } else { 2 }))?;
    let (sent, failed_at) = tokio::join!(rig.clients.send(&esme, usize::MAX), async {
        until("it fails", Duration::from_secs(30), async || Ok(shim.has_failed()?.then(Instant::now))).await
    });
    sent?;
    let (failed_at, began) = (failed_at?, Instant::now());
    rig.clients.heard(&esme);
    let status = platform.ended(ENDS_WITHIN).await;
    rig.report.strike(format!("fsync of the {which:?} fails"));
    match status {
        Ok(status) => {
            let text = format!("{which:?}: {status}, {:?} after it failed", failed_at.elapsed());
            rig.report.expect("it ended otherwise", status.code() == Some(DAMAGED), text);
        }
        Err(_) => {
            rig.report.found("it goes on", format!("{which:?}, for {:?}", began.elapsed()));
            platform.kill_9().await?;
        }
    }
    if let (Fails::Log, Some((from, to))) = (which, shim.lost()?) {
        // As after a power cut: what was not safe is not there.
        let log = rig.world.data_folder().join("sambac.db-wal");
        if let Ok(log) = OpenOptions::new().write(true).open(log) {
            let length = log.metadata()?.len();
            let lost = usize::try_from(to.min(length).saturating_sub(from)).context("a length")?;
            log.write_all_at(&vec![0; lost], from)?;
        }
    }
    let text = rig.log()?;
    let platform = rig.world.platform(&[]).await?;
    let has_looked = rig.log()?[text.len()..].contains("they are looked through");
    rig.report.expect("the next start did not look", has_looked, format!("{which:?}"));
    rig.rests_of(platform).await
}
