//! F13: the operator vanishes without a word: the kernel drops all that is sent to it, and nothing comes back.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::net::Net;
use super::oracle::Rules;
use super::rig::{Around, Rig};
use super::{Fault, Report, Setting};
use crate::scenario::Platform;
use crate::scenario::wait::until;

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F13",
    title: "the kernel drops every packet to and from the operator",
    holds: "noticed within twice the interval of enquire_link; what was unanswered is in doubt, and sent again with its mark",
};

/// Answers are under way when the plug is pulled.
const OPERATOR: &str =
    "magic = false\n[answer]\ndelay_ms = [100, 300]\n[receipt]\ndelay_ms = [0, 300]\nresend_max = 1000";
const INTERVAL: Duration = Duration::from_secs(2);
const CONNECTOR: &str = "window_max = 50\nsettings = { session = { enquire_link_s = 2, enquire_link_timeout_ms = 1000 }, \
    bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";

/// Plays it.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let around = |_: &_| Ok(Around { disks: Vec::new(), net: Some(Net::new()?) });
    let mut rig = Rig::prepared(&FAULT, setting, (OPERATOR, CONNECTOR), around).await?;
    let net = rig.around.net.take().context("a network")?;
    let platform = rig.world.platform(&[]).await?;
    let mut slowest = Duration::ZERO;
    for _ in 0..setting.of(1, 20) {
        platform.until_bound().await?;
        let esme = rig.client(&platform).await?;
        // Some are delivered, one window is under way, and the others wait.
        let (load, noticed) = tokio::join!(rig.clients.send(&esme, 300), cut(&rig, &net, &platform));
        load?;
        slowest = slowest.max(noticed?);
        net.heal()?;
        rig.report.strike("the operator vanishes");
        platform.until_bound().await?;
        rig.at_rest().await?;
        esme.unbind().await;
        rig.clients.heard(&esme);
    }
    let text = format!("after {slowest:?}");
    rig.report.expect("noticed too late", slowest <= 2 * INTERVAL, text);
    rig.report.measured("noticed after at most, ms", u64::try_from(slowest.as_millis())?);
    let doubts = "SELECT COUNT(*) FROM segments WHERE possible_duplicate";
    let doubts = rig.world.database().await?.number(doubts).await?;
    rig.report.expect("nothing was in doubt", doubts > 0, "");
    rig.report.measured("segments that were in doubt", doubts);
    rig.rests_of(platform).await?;
    rig.around.net = Some(net);
    rig.judged(&Rules::default()).await
}

/// Pulls the plug while messages are unanswered; how long it takes until that is noticed.
async fn cut(rig: &Rig, net: &Net, platform: &Platform) -> Result<Duration> {
    let before = rig.operator.journal()?.submits().count();
    let goes = async || Ok((rig.operator.journal()?.submits().count() > before + 50).then_some(()));
    until("messages go out", Duration::from_secs(30), goes).await?;
    net.cut()?;
    let began = Instant::now();
    until("it is noticed", Duration::from_secs(60), async || {
        Ok((platform.health().await?["connectors"][0]["bound"] == 0).then_some(()))
    })
    .await?;
    Ok(began.elapsed())
}
