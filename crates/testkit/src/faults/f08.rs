//! F8: a bit flips in the files of a node that stands still.

use anyhow::{Context as _, Result, ensure};
use rand::Rng as _;

use super::oracle::Rules;
use super::rig::Rig;
use super::{Fault, Report, Setting};
use crate::scenario::EndedEarly;

/// Frames of a log in which a bit flips, and how often a log is made that has too few.
const FRAMES_MIN: usize = 20;
const TRIES: usize = 5;

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F08",
    title: "a flipped bit in the write-ahead log, and a broken page of the database, while the node stands still",
    holds: "the next start says what is damaged and does not begin; with the files as they were nothing is lost",
};

/// Octets of a page, and of what comes before it in the log.
const PAGE: usize = 8_192;
const FRAME: usize = PAGE + 24;
const HEADER: usize = 32;

/// Plays it.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut rig = Rig::new(&FAULT, setting).await?;
    for _ in 0..setting.of(1, 20) {
        of_the_log(&mut rig).await?;
    }
    for _ in 0..setting.of(1, 20) {
        of_the_database(&mut rig).await?;
    }
    rig.rests(&[]).await?;
    rig.judged(&Rules::default()).await
}

/// Loads a platform and kills it: its last commits are in the log alone.
async fn killed(rig: &mut Rig) -> Result<()> {
    let platform = rig.world.platform(&[]).await?;
    let esme = rig.client(&platform).await?;
    rig.clients.send(&esme, 300).await?;
    platform.kill_9().await?;
    esme.closed().await?;
    rig.clients.heard(&esme);
    Ok(())
}

async fn of_the_log(rig: &mut Rig) -> Result<()> {
    let path = rig.world.data_folder().join("sambac.db-wal");
    let mut frames = 0;
    let mut whole = Vec::new();
    // A log that has just begun anew has too few of them.
    for _ in 0..TRIES {
        killed(rig).await?;
        whole = std::fs::read(&path).context("the log of a process that was killed")?;
        // What is behind the last commit of this log is an older one's.
        let salts = whole.get(16..24).context("a header")?;
        let is_now = |frame: &usize| whole.get(HEADER + frame * FRAME + 8..HEADER + frame * FRAME + 16) == Some(salts);
        frames = (0..).take_while(is_now).count();
        if frames > FRAMES_MIN {
            break;
        }
    }
    ensure!(frames > FRAMES_MIN, "only {frames} frames");
    let (frame, place) = (rig.chance.random_range(0..frames / 2), rig.chance.random_range(0..FRAME));
    let mut damaged = whole.clone();
    damaged[HEADER + frame * FRAME + place] ^= 1 << rig.chance.random_range(0..8);
    std::fs::write(&path, damaged)?;
    rig.report.strike("a bit of the log");
    refuses(rig, &format!("frame {} ", frame + 1)).await?;
    std::fs::write(&path, whole)?;
    rig.rests(&[]).await
}

async fn of_the_database(rig: &mut Rig) -> Result<()> {
    let platform = rig.world.platform(&[]).await?;
    let esme = rig.client(&platform).await?;
    rig.clients.send(&esme, 50).await?;
    rig.at_rest().await?;
    esme.unbind().await;
    rig.clients.heard(&esme);
    rig.rests_of(platform).await?;
    let root = "SELECT rootpage FROM sqlite_master WHERE name = 'segments'";
    let page = usize::try_from(rig.world.database().await?.number(root).await?)?;
    let path = rig.world.data_folder().join("sambac.db");
    let whole = std::fs::read(&path)?;
    let mut damaged = whole.clone();
    // The kind of a page is one of four numbers.
    damaged[(page - 1) * PAGE] ^= 1 << rig.chance.random_range(4..8);
    std::fs::write(&path, damaged)?;
    rig.report.strike("the first octet of a page");
    // It is found when it is read: at the start or soon after, and the start after that looks through all of it.
    if let Ok(mut platform) = rig.world.platform(&[]).await {
        if let Ok(esme) = rig.client(&platform).await {
            rig.clients.send(&esme, 50).await?;
            rig.clients.heard(&esme);
        }
        let ended = platform.ended(std::time::Duration::from_secs(15)).await;
        rig.report.expect("it goes on", ended.is_ok(), format!("with page {page} broken"));
    }
    refuses(rig, "sambac.db").await?;
    std::fs::write(&path, &whole)?;
    // What was written meanwhile belongs to the damaged file.
    for beside in ["sambac.db-wal", "sambac.db-shm"] {
        let _ = std::fs::remove_file(rig.world.data_folder().join(beside));
    }
    rig.rests(&[]).await
}

/// It does not start, and says what is damaged.
async fn refuses(rig: &mut Rig, says: &str) -> Result<()> {
    match rig.world.platform(&[]).await {
        Ok(platform) => {
            rig.report.found("it starts with damaged files", says);
            platform.kill_9().await
        }
        Err(error) => {
            let early = error.downcast::<EndedEarly>()?.to_string();
            rig.report.expect("it does not say what is damaged", early.contains(says), format!("{says}: {early}"));
            Ok(())
        }
    }
}
