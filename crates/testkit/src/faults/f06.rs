//! F6: the disk is full: that of the database and its log, and that of the platform's own log.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::sync::watch;

use super::disk::Disk;
use super::oracle::Rules;
use super::rig::{Around, OPERATOR, Rig, SOON};
use super::{Fault, Report, Setting};
use crate::scenario::wait::until;
use crate::scenario::{Esme, Platform, Rest};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F06",
    title: "a full disk under the database, its write-ahead log, and the platform's log",
    holds: "refused with a clear code, live and not ready; taken again within 5 s of room; nothing acknowledged is lost",
};

/// ESME_RSYSERR: the platform cannot take it now.
const CLEAR: u32 = 0x08;
const RESUMES_WITHIN: Duration = Duration::from_secs(5);
/// Of the file system, with room for what all rounds leave, and of the one for the log.
const DATA_KIB: u64 = 40 * 1_024;
const DATA_LONG_KIB: u64 = 10 * DATA_KIB;
const LOG_KIB: u64 = 64;

/// Plays it.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut rig = Rig::prepared(&FAULT, setting, (OPERATOR, SOON), |world| {
        let data = Disk::mount(&world.data_folder(), setting.of(DATA_KIB, DATA_LONG_KIB))?;
        let logs = Disk::mount(&world.path("logs"), LOG_KIB)?;
        // The harness writes it where it always does.
        std::os::unix::fs::symlink(world.path("logs/platform.log"), world.path("platform.log"))?;
        Ok(Around { disks: vec![data, logs], net: None })
    })
    .await?;
    let disks = std::mem::take(&mut rig.around.disks);
    let [data, logs] = &disks[..] else { anyhow::bail!("two disks") };
    let mut platform = rig.world.platform(&[]).await?;
    for _ in 0..setting.of(1, 10) {
        database(&mut rig, data, &platform).await?;
    }
    log(&mut rig, logs, &platform).await?;
    rig.report.expect("it ended", platform.is_running()?, "");
    rig.rests_of(platform).await?;
    rig.around.disks = disks;
    rig.judged(&Rules::default()).await
}

/// Clients send on while there is no room, and once there is.
async fn database(rig: &mut Rig, disk: &Disk, platform: &Platform) -> Result<()> {
    let esme = rig.client(platform).await?;
    let services = platform.service("")?;
    rig.clients.send(&esme, 200).await?;
    disk.fill()?;
    let (stop, stopped) = watch::channel(false);
    let (load, played) = tokio::join!(rig.clients.send_until(&esme, stopped), async {
        let played = full(disk, &esme, &services).await;
        stop.send_replace(true);
        played
    });
    load?;
    let played = played?;
    esme.unbind().await;
    rig.clients.heard(&esme);
    rig.report.strike("the database's disk is full");
    let statuses: Vec<u32> = esme.look(|heard| heard.answers.values().map(|answer| answer.status).collect());
    let others: Vec<_> = statuses.iter().filter(|status| ![0, CLEAR].contains(*status)).collect();
    rig.report.expect("refused otherwise", others.is_empty(), format!("{others:?}"));
    rig.report.expect("clients wait for room", played.goes_on, "");
    rig.report.expect("it is not live", played.is_live, "");
    rig.report.expect("it is ready", !played.is_ready, "");
    let resumed = played.resumed.as_millis();
    let text = format!("after {resumed} ms");
    rig.report.expect("taken again too late", played.resumed <= RESUMES_WITHIN, text);
    rig.report.measured("resumed after, ms", u64::try_from(resumed)?);
    rig.report.measured("database, octets", disk.length("sambac.db"));
    rig.report.measured("write-ahead log, octets", disk.length("sambac.db-wal"));
    Ok(())
}

struct Played {
    goes_on: bool,
    is_live: bool,
    is_ready: bool,
    resumed: Duration,
}

/// Waits for a refusal, asks how it is, makes room, and waits until messages are taken again.
async fn full(disk: &Disk, esme: &Esme, services: &Rest) -> Result<Played> {
    let of = |status: u32| esme.look(|heard| heard.answers.values().filter(|answer| answer.status == status).count());
    until("a refusal", Duration::from_secs(60), async || Ok((of(CLEAR) > 0).then_some(()))).await?;
    // Not only those that were about to be stored: whoever comes is told at once.
    let before = of(CLEAR);
    let all = async || Ok((of(CLEAR) > before + 200).then_some(()));
    let goes_on = until("refusals go on", Duration::from_secs(5), all).await.is_ok();
    let is_live = services.get("/health/live").await?.status == 200;
    // Other writes, which need less room, may succeed in between.
    let not_ready = until("it is not ready", Duration::from_secs(10), async || {
        Ok((services.get("/health/ready").await?.status == 503).then_some(()))
    });
    let is_ready = not_ready.await.is_err();
    disk.clear()?;
    let (began, before) = (Instant::now(), of(0));
    until("messages are taken again", Duration::from_secs(60), async || Ok((of(0) > before).then_some(()))).await?;
    let resumed = began.elapsed();
    let ready = async || Ok((services.get("/health/ready").await?.status == 200).then_some(()));
    until("it is ready again", Duration::from_secs(10), ready).await?;
    Ok(Played { goes_on, is_live, is_ready, resumed })
}

/// What the platform has to say has no room: nobody notices.
async fn log(rig: &mut Rig, disk: &Disk, platform: &Platform) -> Result<()> {
    disk.fill()?;
    rig.report.strike("the log's disk is full");
    let before = rig.clients.acknowledged();
    for _ in 0..5 {
        // Each bind, and each end of one, is a line.
        let esme = rig.client(platform).await.context("a bind while nothing can be logged")?;
        rig.clients.send(&esme, 100).await?;
        esme.unbind().await;
        rig.clients.heard(&esme);
    }
    let taken = rig.clients.acknowledged() - before;
    rig.report.expect("refused while nothing can be logged", taken == 500, format!("{taken} of 500 are taken"));
    disk.clear()
}
