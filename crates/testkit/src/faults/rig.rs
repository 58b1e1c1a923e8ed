//! What faults of messages begin and end with: an account whose client sends, an operator, and at the end the oracle.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use super::clients::Clients;
use super::disk::Disk;
use super::ledger::Reader;
use super::net::Net;
use super::oracle::{Evidence, Rules, arrivals, judge, stored};
use super::{Fault, Report, Setting};
use crate::scenario::smpp::{BindError, BindKind};
use crate::scenario::wait::until;
use crate::scenario::{EndedEarly, Esme, Platform, Secrets, Simulator, Site, World};

/// How long everything may take that is still open when clients have ended.
const REST: Duration = Duration::from_secs(120);
/// How long a death at a point is waited for.
const PLAYED: Duration = Duration::from_secs(60);
/// Receipts are still on their way when the platform breaks.
pub(super) const OPERATOR: &str =
    "magic = false\n[answer]\ndelay_ms = [0, 20]\n[receipt]\ndelay_ms = [0, 300]\nresend_max = 1000";
/// It binds again at once.
pub(super) const SOON: &str =
    "window_max = 50\nsettings = { bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";

/// What the platform has seen itself, which adds up all money each second in tests.
const BREACHES: &str =
    "SELECT COUNT(*) FROM alerts WHERE kind = 'ledger_breach' AND text NOT LIKE 'it cannot be added up%'";

/// Binds that are refused before it counts.
const BINDS_TRIED: usize = 5;

fn is_refused(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(BindError::Refused(_)))
}

/// What the binary says of itself.
pub(super) async fn version(world: &World) -> Result<String> {
    Ok(String::from_utf8(world.run_plain(&["--version"]).await?.stdout)?.trim().to_owned())
}

/// One platform with its surroundings.
pub(super) struct Rig {
    pub(super) world: World,
    pub(super) operator: Simulator,
    /// Further operators, which see other messages.
    pub(super) others: Vec<Simulator>,
    pub(super) secrets: Secrets,
    pub(super) clients: Clients,
    pub(super) chance: SmallRng,
    pub(super) report: Report,
    pub(super) around: Around,
    /// Where its database is, unless that is a file in its folder.
    pub(super) database: Option<String>,
    started: Instant,
}

/// What is around a platform that is to be broken.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// File systems.
    pub(super) disks: Vec<Disk>,
    /// The way to the operator.
    pub(super) net: Option<Net>,
}

impl Rig {
    /// With one operator and one account, whose client binds as `load`, or as `codes`.
    pub(super) async fn new(fault: &Fault, setting: &Setting) -> Result<Self> {
        Self::with(fault, setting, OPERATOR, SOON).await
    }

    pub(super) async fn with(fault: &Fault, setting: &Setting, operator: &str, connector: &str) -> Result<Self> {
        Self::prepared(fault, setting, (operator, connector), |_| Ok(Around::default())).await
    }

    /// The same in a world where something is done first.
    pub(super) async fn prepared(
        fault: &Fault,
        setting: &Setting,
        (operator, connector): (&str, &str),
        prepare: impl FnOnce(&World) -> Result<Around>,
    ) -> Result<Self> {
        let world = World::new(&setting.binary.display().to_string(), fault.number)?;
        let around = prepare(&world)?;
        Self::in_world(fault, setting, (operator, connector), (world, around)).await
    }

    /// The same in this world.
    pub(super) async fn in_world(
        fault: &Fault,
        setting: &Setting,
        (operator, connector): (&str, &str),
        (world, around): (World, Around),
    ) -> Result<Self> {
        let operator = match &around.net {
            Some(net) => world.simulator_in(net.name(), &net.listen(), "alpha", operator).await?,
            None => world.simulator("alpha", operator).await?,
        };
        let site = Site::with_one_account("1000000")
            .smpp_account("bank", "load", "window_max = 100")
            .smpp_account("bank", "codes", "window_max = 100\nclass = \"otp\"")
            .connector("alpha", &operator, connector)
            .route("all", &["alpha"], "");
        Ok(Self { around, ..Self::on_site(fault, setting, world, (operator, Vec::new()), &site).await? })
    }

    /// With any site and its operators.
    pub(super) async fn on_site(
        fault: &Fault,
        setting: &Setting,
        world: World,
        (operator, others): (Simulator, Vec<Simulator>),
        site: &Site,
    ) -> Result<Self> {
        let (started, secrets) = (Instant::now(), world.apply(site).await?);
        let report = Report::new(fault, setting, version(&world).await?);
        let (clients, chance) = (Clients::default(), SmallRng::seed_from_u64(setting.seed));
        let (around, database) = (Around::default(), None);
        Ok(Self { world, operator, others, secrets, clients, chance, report, around, database, started })
    }

    /// A client that is bound.
    pub(super) async fn client(&self, platform: &Platform) -> Result<Esme> {
        self.client_as(platform, "load").await
    }

    /// The same with another SMPP account.
    pub(super) async fn client_as(&self, platform: &Platform, system_id: &str) -> Result<Esme> {
        // On a machine that is busy with everything else, a password may not be hashed in time: clients come again.
        for _ in 0..BINDS_TRIED {
            match platform.esme_as(&self.secrets, system_id, BindKind::Transceiver).await {
                Err(error) if is_refused(&error) => {}
                answer => return answer,
            }
        }
        platform.esme_as(&self.secrets, system_id, BindKind::Transceiver).await
    }

    /// Starts the platform with this variable and loads it until it dies by itself.
    pub(super) async fn dies(&mut self, variable: (&str, &str)) -> Result<()> {
        let mut platform = match self.world.platform(&[variable]).await {
            Ok(platform) => platform,
            // What it found to do at its start has brought it there before it was ready.
            Err(error) if error.downcast_ref::<EndedEarly>().is_some() => return Ok(()),
            Err(error) => return Err(error),
        };
        let load = async {
            // It may die before it takes the bind.
            let Ok(esme) = self.client(&platform).await else { return Ok(None) };
            self.clients.send(&esme, usize::MAX).await?;
            Ok::<_, anyhow::Error>(Some(esme))
        };
        let esme = load.await?;
        esme.iter().for_each(|esme| self.clients.heard(esme));
        until("it dies", PLAYED, async || Ok((!platform.is_running()?).then_some(()))).await
    }

    /// Starts it again, waits until all has ended and its client was told, and ends it in good order.
    pub(super) async fn rests(&mut self, variables: &[(&str, &str)]) -> Result<()> {
        let platform = self.world.platform(variables).await?;
        self.rests_of(platform).await
    }

    /// The same with one that runs.
    pub(super) async fn rests_of(&mut self, platform: Platform) -> Result<()> {
        let esme = self.client(&platform).await?;
        self.at_rest().await?;
        self.ends(platform, [esme]).await
    }

    /// These clients leave, and it ends in good order.
    pub(super) async fn ends(&self, platform: Platform, esmes: impl IntoIterator<Item = Esme>) -> Result<()> {
        for esme in esmes {
            esme.unbind().await;
            self.clients.heard(&esme);
        }
        ensure!(platform.terminate(Duration::from_secs(30)).await?.success(), "it did not end well");
        Ok(())
    }

    /// Waits until every message has ended, and no notice waits for its client any more.
    pub(super) async fn at_rest(&self) -> Result<()> {
        let url = self.url();
        let mut reader = Reader::open(&url).await?;
        until("all that is open ends", REST, async || {
            let open = reader.number("SELECT COUNT(*) FROM messages WHERE final_at IS NULL").await?;
            let told = reader.number("SELECT COUNT(*) FROM outbox").await?;
            Ok((open + told == 0).then_some(()))
        })
        .await
    }

    /// While the platform is down: every commit is whole.
    pub(super) async fn is_whole(&mut self) -> Result<()> {
        if self.database.is_some() {
            return Ok(()); // The platform's own proof says so.
        }
        if let Err(error) = self.world.database().await?.audit().await {
            self.report.found("the database does not add up", error.to_string());
        }
        Ok(())
    }

    /// Lays all of it side by side; the platform has ended.
    pub(super) async fn judged(mut self, rules: &Rules) -> Result<Report> {
        self.is_whole().await?;
        if let Err(error) = self.world.prove_ledger().await {
            self.report.found("the platform's own proof failed", error.to_string());
        }
        let mut reader = Reader::open(&self.url()).await?;
        let breaches = reader.number(BREACHES).await?;
        self.report.expect("money did not add up while it ran", breaches == 0, format!("{breaches} alerts"));
        let stored = stored(&mut reader).await?;
        let mut arrived = arrivals(&self.operator.finish().await?);
        for other in &mut self.others {
            arrived.extend(arrivals(&other.finish().await?));
        }
        let verdict = judge(&Evidence { sent: self.clients.sent(), arrived, stored }, rules);
        self.report.judged(&verdict);
        self.report.elapsed_s = self.started.elapsed().as_secs();
        let Self { world, report, around, .. } = self;
        // Before the folder goes in which they are.
        drop(around);
        if report.findings.is_empty() {
            world.passed();
        }
        Ok(report)
    }

    pub(super) fn url(&self) -> String {
        let file = || format!("sqlite://{}", self.world.data_folder().join("sambac.db").display());
        self.database.clone().unwrap_or_else(file)
    }

    /// What the platform has logged.
    pub(super) fn log(&self) -> Result<String> {
        std::fs::read_to_string(self.world.path("platform.log")).context("its log")
    }
}
