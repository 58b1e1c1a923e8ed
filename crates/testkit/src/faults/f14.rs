//! F14: the network is cut in two: the node with the binds reaches neither database, broker nor Redis, for moments, for longer than its lease, for a minute, and once
//! for ten; and each time the node with the ledger reaches neither broker nor Redis for a while afterwards.

use std::time::Duration;

use anyhow::Result;
use rand::Rng as _;

use super::cluster::{Cluster, WINDOW};
use super::f01::few_twice;
use super::{Fault, Report, Setting};
use crate::rabbit::Rabbit;

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F14",
    title: "the node with the binds reaches neither database, broker nor Redis, from 0.3 s to ten minutes",
    holds: "no two nodes send the same; nothing is lost; at most a window is sent twice for each cut, and all of that is marked",
};

/// What clients send meanwhile.
const MESSAGES: usize = 1_000;
/// Of the node with the ledger from the broker.
const LEDGER_CUT_MAX: Duration = Duration::from_secs(2);
/// Those that are longer than a lease come each second time.
const SHORT_MS: [u64; 4] = [300, 1_000, 3_000, 6_000];
const LONG_MS: [u64; 3] = [10_000, 15_000, 60_000];
/// The last one.
const LAST_MS: [u64; 1] = [600_000];

/// Plays it.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let mut cluster = Cluster::new(&FAULT, setting, vec![Rabbit::start().await?]).await?;
    let cuts = setting.of(2, 20);
    for cut in 1..=cuts {
        let (holder, esme) = (cluster.holder().await?, cluster.rig.client(&cluster.works).await?);
        let Cluster { rig, ways, .. } = &mut cluster;
        let lengths = match cut {
            last if last == cuts && setting.long => &LAST_MS[..],
            even if even % 2 == 0 => &LONG_MS[..setting.of(1, 3)],
            _ => &SHORT_MS[..],
        };
        let lasting = Duration::from_millis(lengths[rig.chance.random_range(0..lengths.len())]);
        let broken = async {
            ways[holder + 1].cut(lasting).await;
            ways[0].broker.shut();
            ways[0].redis.shut();
            tokio::time::sleep(lasting.min(LEDGER_CUT_MAX)).await;
            ways[0].broker.open();
            ways[0].redis.open();
            Ok(())
        };
        tokio::try_join!(rig.clients.send(&esme, MESSAGES), broken)?;
        rig.report.strike(format!("{lasting:?}"));
        rig.at_rest().await?;
        esme.unbind().await;
        rig.clients.heard(&esme);
    }
    let report = cluster.judged().await?;
    Ok(few_twice(report, cuts * WINDOW))
}
