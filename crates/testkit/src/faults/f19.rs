//! F19: the platform is asked to end under full load, with an operator that answers and with one that does not any more.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::Rng as _;

use super::f01::few_twice;
use super::oracle::Rules;
use super::rig::{OPERATOR, Rig};
use super::{Fault, Report, Setting};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F19",
    title: "SIGTERM under full load, and each second time with an operator that has just stopped to answer",
    holds: "it ends within 10 s, or 25 with a dead operator, and unbinds; nothing is lost; only what a dead operator had may be sent twice, marked",
};

const WINDOW: u64 = 100;
const CONNECTOR: &str = "window_max = 100\nsettings = { bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";
const LIMIT: Duration = Duration::from_secs(10);
const LIMIT_DEAD: Duration = Duration::from_secs(25);
/// How long it is waited for in any case.
const PATIENCE: Duration = Duration::from_secs(60);

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let (ends, mut rig) = (setting.of(2, 40), Rig::with(&FAULT, &setting, OPERATOR, CONNECTOR).await?);
    let mut slowest = [Duration::ZERO; 2];
    for end in 1..=ends {
        let is_dead = end % 2 == 0;
        let platform = rig.world.platform(&[]).await?;
        platform.until_bound().await?;
        let esme = rig.client(&platform).await?;
        let pause = Duration::from_millis(rig.chance.random_range(300..=setting.of(600, 2_500)));
        let operator = &rig.operator;
        let ended = async {
            tokio::time::sleep(pause).await;
            if is_dead {
                operator.signal("STOP").await?;
            }
            let asked_at = Instant::now();
            let status = platform.terminate(PATIENCE).await?;
            Ok((status, asked_at.elapsed()))
        };
        let ((), (status, took)) = tokio::try_join!(rig.clients.send(&esme, usize::MAX), ended)?;
        rig.clients.heard(&esme);
        let (name, limit) = if is_dead { ("a dead operator", LIMIT_DEAD) } else { ("under load", LIMIT) };
        rig.report.strike(name);
        rig.report.expect("it ended badly", status.success(), format!("{name}: {status}"));
        rig.report.expect("it ended too late", took <= limit, format!("{name}: {took:?}"));
        slowest[usize::from(is_dead)] = slowest[usize::from(is_dead)].max(took);
        if is_dead {
            rig.operator.signal("CONT").await?;
        }
    }
    for (name, took) in ["under load", "with a dead operator"].into_iter().zip(slowest) {
        rig.report.measured(format!("it ended {name} after at most, ms"), u64::try_from(took.as_millis())?);
    }
    rig.rests(&[]).await?;
    rig.operator.stop().await?;
    let journal = rig.operator.journal()?;
    let (bound, unbound) = (journal.of("bind").count(), journal.of("unbind").count());
    rig.report.expect("a bind was not ended by unbind", bound == unbound, format!("{bound} binds, {unbound} unbinds"));
    let report = rig.judged(&Rules::default()).await?;
    Ok(few_twice(report, ends / 2 * WINDOW))
}
