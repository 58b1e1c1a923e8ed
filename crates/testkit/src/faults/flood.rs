//! An account that sends as fast as it can, and another one that sends a little all the time beside it.

use anyhow::Result;
use tokio::sync::watch;

use super::clients::FIRST;
use super::oracle::Rules;
use super::rig::Rig;
use super::steady::Latency;
use super::{Fault, Report, Setting};
use crate::scenario::{Esme, Platform, Site, World};

const OPERATOR: &str = "magic = false\n[receipt]\nresend_max = 1000";
const CONNECTOR: &str = "window_max = 200";
/// The other one's numbers begin here.
const QUIET: u64 = FIRST + 100_000_000;

/// Both, and their platform: the binary that users have.
pub(super) struct Flood {
    pub(super) rig: Rig,
    platform: Platform,
    quiet: Esme,
    loud: Esme,
    /// Of the other one, in a second, and for so many seconds at a time.
    rate: u64,
    seconds: u64,
    turn: u64,
}

impl Flood {
    /// The other one's messages are of this class. `limit`: how fast the one that floods may send; empty: as fast as it can.
    pub(super) async fn start(fault: &Fault, setting: &Setting, class: &str, limit: &str) -> Result<Self> {
        let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
        let world = World::new(&setting.binary.display().to_string(), fault.number)?;
        let operator = world.simulator("alpha", OPERATOR).await?;
        let site = Site::with_one_account("1000000")
            .account("shop", "1000000")
            .smpp_account(
                "bank",
                "load",
                &format!("window_max = 100\nsettings = {{ limits = {{ throughput = \"{limit}\" }} }}"),
            )
            .smpp_account("shop", "quiet", &format!("window_max = 100\nclass = \"{class}\""))
            .connector("alpha", &operator, CONNECTOR)
            .route("all", &["alpha"], "");
        let rig = Rig::on_site(fault, &setting, world, (operator, Vec::new()), &site).await?;
        let platform = rig.world.platform(&[]).await?;
        platform.until_bound().await?;
        let (quiet, loud) = (rig.client_as(&platform, "quiet").await?, rig.client(&platform).await?);
        let (rate, seconds) = (setting.of(10, 50), setting.of(4, 12));
        Ok(Self { rig, platform, quiet, loud, rate, seconds, turn: 0 })
    }

    /// The other one's latency in its next turn, alone.
    pub(super) async fn alone(&mut self) -> Result<Latency> {
        self.rig.at_rest().await?;
        let first = QUIET + self.turn * self.own();
        self.turn += 1;
        let per_s = u32::try_from(self.rate)?;
        let sent = self.rig.clients.send_steadily(&self.quiet, first..first + self.own(), per_s).await?;
        sent.p99(&self.quiet).await
    }

    /// The same beside the flood; how much that was for each of the other one's.
    pub(super) async fn beside(&mut self) -> Result<(Latency, u64)> {
        self.rig.at_rest().await?;
        let (stop, stopped) = watch::channel(false);
        let (before, own, first) = (self.rig.clients.acknowledged(), self.own(), QUIET + self.turn * self.own());
        self.turn += 1;
        let (rig, quiet, per_s) = (&self.rig, &self.quiet, u32::try_from(self.rate)?);
        let (flooded, latency) = tokio::join!(rig.clients.send_until(&self.loud, stopped), async {
            let sent = rig.clients.send_steadily(quiet, first..first + own, per_s).await;
            let latency = match sent {
                Ok(sent) => sent.p99(quiet).await,
                Err(error) => Err(error),
            };
            stop.send_replace(true);
            latency
        });
        flooded?;
        let sent = (rig.clients.acknowledged() - before) as u64;
        self.rig.report.strikes.insert("messages of the one that floods".into(), sent.saturating_sub(own));
        Ok((latency?, sent.saturating_sub(own) / own.max(1)))
    }

    /// All has ended, and is judged.
    pub(super) async fn judged(self) -> Result<Report> {
        let Self { rig, platform, quiet, loud, .. } = self;
        rig.at_rest().await?;
        rig.ends(platform, [quiet, loud]).await?;
        rig.judged(&Rules::default()).await
    }

    /// What the other one sends in a turn.
    const fn own(&self) -> u64 {
        self.rate * self.seconds
    }
}
