//! F3: a node of the broker is killed, the leader among them, and now and then all three.

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rand::Rng as _;

use super::clients::FIRST;
use super::cluster::Cluster;
use super::f01::few_twice;
use super::oracle::Rules;
use super::{Fault, Report, Setting};
use crate::rabbit::Rabbit;
use crate::scenario::{Esme, Line};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F03",
    title: "a node of RabbitMQ's cluster is killed, and each fourth time all three",
    holds: "nothing acknowledged is lost, paid for twice or sent twice; messages are taken all the time, and drain when the broker is back, codes first",
};

/// How long it is away.
const AWAY: Duration = Duration::from_secs(4);
/// What clients send meanwhile.
const MESSAGES: usize = 5_000;

/// Codes that are taken after all of these, while all of the broker is away.
const CODES: u64 = 50;
const CODES_FROM: u64 = FIRST + 500_000_000;
const CODES_VALIDITY_S: u32 = 600;
/// As much else may go before the last of them: what was under way to the broker already.
const AHEAD_MAX: usize = MESSAGES / 4;

/// Plays it.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut cluster = Cluster::new(&FAULT, setting, Vec::from(Rabbit::cluster().await?)).await?;
    let (strikes, mut slowest, mut ahead) = (setting.of(2, 20), Duration::ZERO, 0);
    for strike in 1..=strikes {
        let esme = cluster.rig.client(&cluster.works).await?;
        if strike % 4 == 0 || strike == strikes {
            let codes = CODES_FROM + strike * CODES..CODES_FROM + (strike + 1) * CODES;
            let (taken, before) = all_three(&mut cluster, &esme, codes).await?;
            (slowest, ahead) = (slowest.max(taken), ahead.max(before));
        } else {
            slowest = slowest.max(one_node(&mut cluster, &esme).await?);
        }
        esme.unbind().await;
        cluster.rig.clients.heard(&esme);
    }
    let text = format!("{MESSAGES} were taken within {slowest:?}");
    cluster.rig.report.expect("messages were not taken meanwhile", slowest < Duration::from_secs(30), text);
    cluster.rig.report.measured("5,000 messages were taken within at most, ms", u64::try_from(slowest.as_millis())?);
    cluster.rig.report.expect(
        "codes waited behind others",
        ahead <= AHEAD_MAX,
        format!("{ahead} of {MESSAGES} went before"),
    );
    cluster.rig.report.measured("of 5,000 that waited went before 50 codes that came last, at most", ahead);
    let rules = Rules { codes_to: CODES_FROM..u64::MAX, ..Rules::default() };
    Ok(few_twice(cluster.judged_by(&rules).await?, 0))
}

/// One is killed while messages come; how long it takes until all are taken.
async fn one_node(cluster: &mut Cluster, esme: &Esme) -> Result<Duration> {
    let Cluster { rig, rabbits, .. } = cluster;
    let (began, victim) = (Instant::now(), rig.chance.random_range(0..rabbits.len()));
    let broken = async {
        rabbits[victim].kill_9().await?;
        tokio::time::sleep(AWAY).await;
        rabbits[victim].start_again().await
    };
    let load = async {
        rig.clients.send(esme, MESSAGES).await?;
        Ok::<_, anyhow::Error>(began.elapsed())
    };
    let (taken, ()) = tokio::try_join!(load, broken)?;
    rig.report.strike("one node");
    rig.at_rest().await?;
    Ok(taken)
}

/// All are killed, and come back when messages wait, and codes behind them; how long it takes until all are taken, and how many of the messages went before the
/// last code.
async fn all_three(cluster: &mut Cluster, esme: &Esme, codes: Range<u64>) -> Result<(Duration, usize)> {
    let Cluster { rig, rabbits, works, .. } = cluster;
    let (urgent, before) = (rig.client_as(works, "codes").await?, rig.operator.journal()?.submits().count());
    for rabbit in rabbits.iter_mut() {
        rabbit.kill_9().await?;
    }
    let began = Instant::now();
    let load = async {
        rig.clients.send(esme, MESSAGES).await?;
        rig.clients.send_all(&urgent, codes, CODES_VALIDITY_S).await?;
        Ok::<_, anyhow::Error>(began.elapsed())
    };
    let (taken, ()) = tokio::join!(load, tokio::time::sleep(AWAY));
    let taken = taken?;
    // Those that were killed together come back together: each waits for the others.
    for rabbit in rabbits.iter_mut() {
        rabbit.begin_again().await?;
    }
    for rabbit in rabbits.iter() {
        rabbit.until_it_listens().await?;
    }
    rig.report.strike("all three");
    rig.at_rest().await?;
    urgent.unbind().await;
    rig.clients.heard(&urgent);
    let journal = rig.operator.journal()?;
    let is_code = |line: &Line| line.destination.parse::<u64>().is_ok_and(|number| number >= CODES_FROM);
    let since: Vec<bool> = journal.submits().skip(before).map(is_code).collect();
    let last = since.iter().rposition(|is_code| *is_code).context("codes")?;
    Ok((taken, since.iter().take(last).filter(|is_code| !**is_code).count()))
}
