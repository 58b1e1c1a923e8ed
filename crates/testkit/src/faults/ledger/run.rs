//! One run: a platform under load, faults as planned, and the comparison at the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::books::Reader;
use super::client::{Aim, Client, Where};
use super::journal::Journal;
use super::oracle::{Finding, judge};
use super::plan::{Planned, plan};
use super::proxy::Proxy;
use super::report::Report;
use super::stage::account_names;
use crate::postgres::KillablePostgres;
use crate::scenario::wait::until;
use crate::scenario::{PRICE_MICROS, Platform, Secrets, Simulator, World};

/// What to do.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The platform.
    pub binary: PathBuf,
    /// Whether it is a build for tests, which can kill itself at named points.
    pub has_points: bool,
    /// PostgreSQL; otherwise SQLite.
    pub on_postgres: bool,
    /// Repeats the plan.
    pub seed: u64,
    /// Holds, debits and messages to make.
    pub charges: u64,
    /// Faults.
    pub strikes: usize,
    /// Clients that charge, and that send messages.
    pub clients: (usize, usize),
    /// Orders in one request at most.
    pub batch_max: usize,
}

/// After a fault there are answers again within this.
pub(super) const RECOVERY: Duration = Duration::from_secs(90);
/// How long everything may take that is still open when clients have ended.
const REST: Duration = Duration::from_secs(120);

pub(super) struct Run {
    pub(super) world: World,
    pub(super) postgres: Option<KillablePostgres>,
    pub(super) proxy: Option<Proxy>,
    pub(super) _operator: Simulator,
    pub(super) secrets: Secrets,
    pub(super) service_key: String,
    pub(super) platform: Option<Platform>,
    pub(super) whereabouts: watch::Sender<Option<Where>>,
    pub(super) aim: Arc<Aim>,
    pub(super) report: Report,
}

/// Runs it to its end; what is wrong is in the report.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub async fn run(setting: &Setting) -> Result<Report> {
    let started = Instant::now();
    let mut run = Run::prepare(setting).await?;
    let clients = run.clients(setting);
    let planned = plan(setting.seed, setting.strikes, setting.on_postgres, setting.has_points);
    let each = setting.charges / (setting.strikes as u64 + 1);
    for planned in planned {
        run.until_answered(each).await?;
        tokio::time::sleep(planned.moment).await;
        let Planned { strike, .. } = planned;
        run.strike(strike).await.with_context(|| format!("{strike:?}, seed {}", setting.seed))?;
        *run.report.strikes.entry(strike.name()).or_default() += 1;
    }
    run.aim.calm.store(true, Ordering::Relaxed);
    let journals = run.ended(clients).await?;
    run.compare(&journals).await?;
    run.report.elapsed_s = started.elapsed().as_secs();
    let Run { world, report, postgres, proxy, .. } = run;
    // Before the folder goes in which its files are.
    drop((proxy, postgres));
    if report.findings.is_empty() {
        world.passed();
    }
    Ok(report)
}

impl Run {
    fn clients(&self, setting: &Setting) -> JoinSet<Result<Journal>> {
        let mut clients = JoinSet::new();
        let (charging, sending) = setting.clients;
        for number in 0..charging + sending {
            let (service, aim) = (self.whereabouts.subscribe(), Arc::clone(&self.aim));
            let client = Client::new(number, setting.seed, service, aim, setting.batch_max);
            if number < charging {
                clients.spawn(client.charge())
            } else {
                clients.spawn(client.send())
            };
        }
        clients
    }

    /// Starts the platform and tells the clients where it is.
    pub(super) async fn start(&mut self, variables: &[(&str, &str)]) -> Result<()> {
        // It adds up all money each second meanwhile; what it finds is in its log.
        let variables = [&[("SAMBAC_BILLING_AUDIT_INTERVAL_S", "1")], variables].concat();
        let platform = self.world.platform(&variables).await?;
        let (charges, messages) = (platform.service(&self.service_key)?, platform.rest(&self.secrets)?);
        self.platform = Some(platform);
        self.report.starts += 1;
        self.whereabouts.send_replace(Some(Where { charges, messages }));
        Ok(())
    }

    /// Clients that come now wait for the next platform.
    pub(super) fn take(&mut self) -> Result<Platform> {
        self.whereabouts.send_replace(None);
        self.platform.take().context("no platform runs")
    }

    /// Answers are given again, by the same process unless it was killed.
    pub(super) async fn recovered(&mut self) -> Result<()> {
        let before = self.aim.answered.load(Ordering::Relaxed);
        let aim = Arc::clone(&self.aim);
        let more = || aim.answered.load(Ordering::Relaxed) > before;
        self.until(RECOVERY, more).await
    }

    async fn until_answered(&mut self, count: u64) -> Result<()> {
        let aim = Arc::clone(&self.aim);
        let wanted = aim.made.load(Ordering::Relaxed) + count;
        let limit = Duration::from_secs(60) + Duration::from_millis(20 * count);
        self.until(limit, || aim.made.load(Ordering::Relaxed) >= wanted).await
    }

    /// Waits for it; a platform that ends by itself meanwhile is a finding, and is started again.
    async fn until(&mut self, limit: Duration, reached: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !reached() {
            ensure!(Instant::now() < deadline, "no answers within {limit:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
            if !self.platform.as_mut().context("no platform runs")?.is_running()? {
                let text = format!("after {:?}", self.report.strikes);
                self.report.blame(vec![Finding { rule: "the platform ended by itself", text }]);
                self.take()?;
                self.start(&[]).await?;
            }
        }
        Ok(())
    }

    /// All clients have their answers, and nothing is open any more.
    async fn ended(&mut self, mut clients: JoinSet<Result<Journal>>) -> Result<Vec<Journal>> {
        let mut journals = Vec::new();
        while let Some(journal) = clients.join_next().await {
            journals.push(journal??);
        }
        let url = self.url();
        until("all that is open ends", REST, async || {
            // The last fault may have left the database in its recovery.
            let Ok(mut reader) = Reader::open(&url).await else { return Ok(None) };
            let holds = reader.number("SELECT COUNT(*) FROM holds WHERE state = 0").await?;
            let messages = reader.number("SELECT COUNT(*) FROM messages WHERE final_at IS NULL").await?;
            Ok((holds + messages == 0).then_some(()))
        })
        .await?;
        ensure!(self.take()?.terminate(RECOVERY).await?.success(), "it did not end well");
        Ok(journals)
    }

    async fn compare(&mut self, journals: &[Journal]) -> Result<()> {
        let books = Reader::open(&self.url()).await?.books().await?;
        self.report.count(journals);
        self.report.weigh(&books);
        self.report.blame(judge(&account_names(), journals, &books, PRICE_MICROS));
        self.report.blame(self.said()?);
        for what in ["check", "verify"] {
            let output = self.world.run(&["ledger", what], &[]).await?;
            let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if !output.status.success() {
                let text = format!("{said} {}", String::from_utf8_lossy(&output.stderr));
                self.report.blame(vec![Finding { rule: "the platform's own proof failed", text }]);
            }
            self.report.proofs.push(format!("ledger {what}: {said}"));
        }
        Ok(())
    }

    /// What the platform logged that it never should.
    fn said(&self) -> Result<Vec<Finding>> {
        let log = std::fs::read_to_string(self.world.path("platform.log"))?;
        let is_bad =
            |line: &&str| ["invariant broken", "does not add up", "panicked"].iter().any(|bad| line.contains(bad));
        let finding = |line: &str| Finding { rule: "the platform's log", text: line.to_owned() };
        Ok(log.lines().filter(is_bad).map(finding).collect())
    }

    fn url(&self) -> String {
        let file = || format!("sqlite://{}", self.world.data_folder().join("sambac.db").display());
        self.postgres.as_ref().map_or_else(file, KillablePostgres::url)
    }
}
