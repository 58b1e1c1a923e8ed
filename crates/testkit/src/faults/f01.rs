//! F1: the process is killed at random moments, again and again.

use std::time::Duration;

use anyhow::Result;
use rand::Rng as _;

use super::oracle::Rules;
use super::rig::{OPERATOR, Rig};
use super::{Fault, Report, Setting};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F01",
    title: "the process is killed at random moments",
    holds: "nothing acknowledged is lost, or paid for twice; at most a window is sent twice for each kill, and all of that is marked",
};

const WINDOW: u64 = 100;
/// After so many kills the database is looked through.
const WHOLE: u64 = 20;
const CONNECTOR: &str = "window_max = 100\nsettings = { bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let (kills, mut rig) = (setting.of(3, 100), Rig::with(&FAULT, &setting, OPERATOR, CONNECTOR).await?);
    for kill in 1..=kills {
        let platform = rig.world.platform(&[]).await?;
        platform.until_bound().await?;
        let esme = rig.client(&platform).await?;
        let pause = Duration::from_millis(rig.chance.random_range(100..=setting.of(500, 2_500)));
        let killed = async {
            tokio::time::sleep(pause).await;
            platform.kill_9().await
        };
        tokio::try_join!(rig.clients.send(&esme, usize::MAX), killed)?;
        rig.clients.heard(&esme);
        rig.report.strike("kill -9");
        // All of it is read for that.
        if kill % WHOLE == 0 {
            rig.is_whole().await?;
        }
    }
    rig.rests(&[]).await?;
    let report = rig.judged(&Rules::default()).await?;
    Ok(few_twice(report, kills * WINDOW))
}

/// No more was sent twice than may have been.
pub(super) fn few_twice(mut report: Report, most: u64) -> Report {
    let twice = report.messages.get("sent again").copied().unwrap_or(0);
    report.expect("too many sent twice", twice <= most, format!("{twice} instead of {most} at most"));
    report
}
