//! F17: one account floods, as fast as the platform lets it, while another one sends a little all the time.

use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use super::clients::FIRST;
use super::oracle::Rules;
use super::rig::Rig;
use super::steady::{Latency, Leeway};
use super::{Fault, Report, Setting};
use crate::scenario::{Esme, Site, World};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F17",
    title: "one account sends as fast as it can",
    holds: "another one's p99 to the answer and to the receipt is within 20 % (or 10 ms) of before; nothing is lost",
};

const LEEWAY: Leeway = Leeway { percent: 20, least: Duration::from_millis(10) };
const OPERATOR: &str = "magic = false\n[receipt]\nresend_max = 1000";
const CONNECTOR: &str = "window_max = 200";
/// The other one's numbers begin here, and it is never told to wait for longer than this.
const QUIET: u64 = FIRST + 100_000_000;
const WITHOUT_WAITING: Duration = Duration::from_secs(5);
/// In a second, of the account that floods, for each of the other one's, at least.
const FLOOD_FACTOR: u64 = 10;

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let mut rig = rig(&setting).await?;
    let platform = rig.world.platform(&[]).await?;
    platform.until_bound().await?;
    let (quiet, flood) = (rig.client_as(&platform, "quiet").await?, rig.client(&platform).await?);
    let before = steadily(&rig, &setting, &quiet, 0).await?;
    let (during, sent) = flooded(&rig, &setting, (&quiet, &flood)).await?;
    rig.at_rest().await?;
    let after = steadily(&rig, &setting, &quiet, 2).await?;
    LEEWAY.judge(&setting, &mut rig.report, "before the flood", (before, before))?;
    LEEWAY.judge(&setting, &mut rig.report, "beside the flood", (before, during))?;
    LEEWAY.judge(&setting, &mut rig.report, "after the flood", (before, after))?;
    let text = format!("{:?}", during.receipt);
    rig.report.expect("it waits for the flood", during.receipt <= WITHOUT_WAITING, text);
    let own = rate(&setting) * seconds(&setting);
    rig.report.expect("there was no flood", sent >= own * FLOOD_FACTOR, format!("{sent} beside {own}"));
    rig.report.strikes.insert("messages of the one that floods".into(), sent);
    rig.at_rest().await?;
    rig.ends(platform, [quiet, flood]).await?;
    rig.judged(&Rules::default()).await
}

async fn rig(setting: &Setting) -> Result<Rig> {
    let world = World::new(&setting.binary.display().to_string(), FAULT.number)?;
    let operator = world.simulator("alpha", OPERATOR).await?;
    let site = Site::with_one_account("1000000")
        .account("shop", "1000000")
        .smpp_account("bank", "load", "window_max = 100")
        .smpp_account("shop", "quiet", "window_max = 100")
        .connector("alpha", &operator, CONNECTOR)
        .route("all", &["alpha"], "");
    Rig::on_site(&FAULT, setting, world, (operator, Vec::new()), &site).await
}

/// Of the other one, in a second.
fn rate(setting: &Setting) -> u64 {
    setting.of(10, 50)
}

fn seconds(setting: &Setting) -> u64 {
    setting.of(4, 12)
}

/// The other one's latency in its next turn.
async fn steadily(rig: &Rig, setting: &Setting, quiet: &Esme, turn: u64) -> Result<Latency> {
    let (per_s, count) = (u32::try_from(rate(setting))?, rate(setting) * seconds(setting));
    let first = QUIET + turn * count;
    rig.clients.send_steadily(quiet, first..first + count, per_s).await?.p99(quiet).await
}

/// The same while another account floods; how much it sent.
async fn flooded(rig: &Rig, setting: &Setting, (quiet, flood): (&Esme, &Esme)) -> Result<(Latency, u64)> {
    let (stop, stopped) = watch::channel(false);
    let (before, own) = (rig.clients.acknowledged(), rate(setting) * seconds(setting));
    let (load, latency) = tokio::join!(rig.clients.send_until(flood, stopped), async {
        let latency = steadily(rig, setting, quiet, 1).await;
        stop.send_replace(true);
        latency
    });
    load?;
    let sent = (rig.clients.acknowledged() - before) as u64;
    Ok((latency?, sent.saturating_sub(own)))
}
