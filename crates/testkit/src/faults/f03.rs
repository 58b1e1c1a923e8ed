//! F3: a node of the broker is killed, the leader among them, and now and then all three.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::Rng as _;

use super::cluster::Cluster;
use super::f01::few_twice;
use super::{Fault, Report, Setting};
use crate::rabbit::Rabbit;

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F03",
    title: "a node of RabbitMQ's cluster is killed, and each fourth time all three",
    holds: "nothing acknowledged is lost, paid for twice or sent twice; messages are taken all the time, and drain when the broker is back",
};

/// How long it is away.
const AWAY: Duration = Duration::from_secs(4);
/// What clients send meanwhile.
const MESSAGES: usize = 4_000;

/// Plays it.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut cluster = Cluster::new(&FAULT, setting, Vec::from(Rabbit::cluster().await?)).await?;
    let (strikes, mut slowest) = (setting.of(2, 20), Duration::ZERO);
    for strike in 1..=strikes {
        let esme = cluster.rig.client(&cluster.works).await?;
        let Cluster { rig, rabbits, .. } = &mut cluster;
        let (began, first) = (Instant::now(), rig.chance.random_range(0..rabbits.len()));
        let all = strike % 4 == 0;
        let victims = || (0..3).filter(|place| all || *place == first);
        let broken = async {
            for place in victims() {
                rabbits[place].kill_9().await?;
            }
            tokio::time::sleep(AWAY).await;
            // Those that were killed together come back together: each waits for the others.
            for place in victims() {
                rabbits[place].begin_again().await?;
            }
            for place in victims() {
                rabbits[place].until_it_listens().await?;
            }
            Ok::<_, anyhow::Error>(())
        };
        let load = async {
            rig.clients.send(&esme, MESSAGES).await?;
            Ok::<_, anyhow::Error>(began.elapsed())
        };
        let (taken, ()) = tokio::try_join!(load, broken)?;
        slowest = slowest.max(taken);
        rig.report.strike(if all { "all three" } else { "one node" });
        rig.at_rest().await?;
        esme.unbind().await;
        rig.clients.heard(&esme);
    }
    let text = format!("{MESSAGES} were taken within {slowest:?}");
    cluster.rig.report.expect("messages were not taken meanwhile", slowest < Duration::from_secs(30), text);
    cluster.rig.report.measured("4,000 messages were taken within at most, ms", u64::try_from(slowest.as_millis())?);
    let report = cluster.judged().await?;
    Ok(few_twice(report, 0))
}
