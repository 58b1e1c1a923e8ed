//! F4: the database server dies, and the one that follows it takes its place.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::watch;

use super::f01::few_twice;
use super::oracle::Rules;
use super::rig::{Around, OPERATOR, Rig, SOON};
use super::{Fault, Report, Setting};
use crate::postgres::KillablePostgres;
use crate::scenario::wait::until;
use crate::scenario::{Esme, Gate, World};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F04",
    title: "the database server is killed, and the one that follows it is promoted",
    holds: "messages are taken again within 10 s; nothing acknowledged is lost, nothing paid for twice",
};

const RESUMES_WITHIN: Duration = Duration::from_secs(10);
/// Unanswered segments at the operator.
const WINDOW: u64 = 50;
/// Messages before a server dies, and after the other has taken over.
const AROUND: usize = 500;

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let world = World::new(&setting.binary.display().to_string(), FAULT.number)?;
    let mut primary = KillablePostgres::start(&world.path("postgres")).await?;
    let gate = Gate::to(primary.socket().as_path()).await?;
    let world = world.on(&primary.url_by(gate.port()));
    let mut rig = Rig::in_world(&FAULT, &setting, (OPERATOR, SOON), (world, Around::default())).await?;
    let platform = rig.world.platform(&[]).await?;
    platform.until_bound().await?;
    let (deaths, mut slowest) = (setting.of(1, 10), Duration::ZERO);
    for death in 1..=deaths {
        let follower = primary.follower(&rig.world.path(&format!("postgres_{death}"))).await?;
        let esme = rig.client(&platform).await?;
        let (stop, stopped) = watch::channel(false);
        let (load, played) = tokio::join!(rig.clients.send_until(&esme, stopped), async {
            let played = dies(&mut primary, &follower, &gate, &esme).await;
            stop.send_replace(true);
            played
        });
        load?;
        slowest = slowest.max(played?);
        esme.unbind().await;
        rig.clients.heard(&esme);
        rig.report.strike("the first is killed, the second promoted");
        primary = follower;
    }
    rig.database = Some(primary.url());
    rig.rests_of(platform).await?;
    rig.report.expect("taken again too late", slowest <= RESUMES_WITHIN, format!("{slowest:?}"));
    rig.report.measured("taken again after at most, ms", u64::try_from(slowest.as_millis())?);
    let report = rig.judged(&Rules::default()).await;
    drop((gate, primary));
    // An answer that could not be stored is in doubt.
    Ok(few_twice(report?, deaths * WINDOW))
}

/// How long no message is taken.
async fn dies(first: &mut KillablePostgres, second: &KillablePostgres, gate: &Gate, esme: &Esme) -> Result<Duration> {
    taken(esme, AROUND).await?;
    first.kill_postmaster().await?;
    let killed_at = Instant::now();
    second.promote().await?;
    gate.lead_to(second.socket().as_path());
    taken(esme, 1).await?;
    let took = killed_at.elapsed();
    taken(esme, AROUND).await?;
    Ok(took)
}

/// Waits until so many more were taken.
async fn taken(esme: &Esme, more: usize) -> Result<()> {
    let count = || esme.look(|heard| heard.answers.values().filter(|answer| answer.status == 0).count());
    let before = count();
    until("messages are taken", Duration::from_secs(60), async || Ok((count() >= before + more).then_some(()))).await
}
