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
use super::plan::{Planned, Strike, plan};
use super::proxy::{Proxy, Trick};
use super::report::Report;
use crate::postgres::KillablePostgres;
use crate::scenario::wait::{until, until_true};
use crate::scenario::{PRICE_MICROS, Platform, Secrets, Simulator, Site, World};

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

/// Accounts with plenty; the first is the hot one.
const RICH: usize = 16;
/// Accounts that are often refused; every other one may go below zero.
const POOR: usize = 8;
/// After a fault there are answers again within this.
const RECOVERY: Duration = Duration::from_secs(90);
/// How long a COMMIT is waited for, or a death at a point.
const PLAYED: Duration = Duration::from_secs(60);
/// How long everything may take that is still open when clients have ended.
const REST: Duration = Duration::from_secs(120);

struct Run {
    world: World,
    postgres: Option<KillablePostgres>,
    proxy: Option<Proxy>,
    _operator: Simulator,
    secrets: Secrets,
    service_key: String,
    platform: Option<Platform>,
    whereabouts: watch::Sender<Option<Where>>,
    aim: Arc<Aim>,
    report: Report,
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
    async fn prepare(setting: &Setting) -> Result<Self> {
        let binary = setting.binary.display().to_string();
        let mut world = World::new(&binary, if setting.on_postgres { "faults_postgres" } else { "faults_sqlite" })?;
        let (mut postgres, mut proxy) = (None, None);
        if setting.on_postgres {
            let server = KillablePostgres::start(&world.path("postgres")).await?;
            let between = Proxy::start(server.socket()).await?;
            world = world.on(&server.url_by(between.port()));
            (postgres, proxy) = (Some(server), Some(between));
        }
        let operator =
            world.simulator("alpha", "magic = false\n[receipt]\ndelay_ms = [0, 50]\nresend_max = 1000").await?;
        let secrets = world.apply(&site(&operator)).await?;
        let service_key = world.admin_key("service", "charges:write,balances:read,config:read").await?;
        let version = String::from_utf8(world.run_plain(&["--version"]).await?.stdout)?.trim().to_owned();
        let report = Report {
            seed: setting.seed,
            store: if setting.on_postgres { "PostgreSQL" } else { "SQLite" },
            version,
            clients: setting.clients,
            ..Report::default()
        };
        let (whereabouts, _) = watch::channel(None);
        let mut run = Self {
            world,
            postgres,
            proxy,
            _operator: operator,
            secrets,
            service_key,
            platform: None,
            whereabouts,
            aim: Arc::new(Aim::new(Vec::new(), 0)),
            report,
        };
        run.start(&[]).await?;
        let accounts = run.account_ids().await?;
        run.aim = Arc::new(Aim::new(accounts, setting.charges));
        Ok(run)
    }

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
    async fn start(&mut self, variables: &[(&str, &str)]) -> Result<()> {
        let platform = self.world.platform(variables).await?;
        let (charges, messages) = (platform.service(&self.service_key)?, platform.rest(&self.secrets)?);
        self.platform = Some(platform);
        self.report.starts += 1;
        self.whereabouts.send_replace(Some(Where { charges, messages }));
        Ok(())
    }

    /// Clients that come now wait for the next platform.
    fn take(&mut self) -> Result<Platform> {
        self.whereabouts.send_replace(None);
        self.platform.take().context("no platform runs")
    }

    async fn strike(&mut self, strike: Strike) -> Result<()> {
        match strike {
            Strike::Kill => self.kill().await?,
            Strike::KillAt(point, times) => self.dies_at(point, times).await?,
            Strike::KillAtCommit(trick) => {
                self.play(trick).await?;
                self.kill().await?;
            }
            Strike::Break(trick) => self.play(trick).await?,
            Strike::Cut => self.proxy()?.cut(),
            Strike::Postmaster => {
                let server = self.server()?;
                server.kill_postmaster().await?;
                server.start_again().await?;
            }
            Strike::Backend => {
                until_true("a session of the platform", async || self.server_ref()?.kill_backend().await).await?;
            }
            Strike::EndBackends => self.server_ref()?.end_backends().await?,
        }
        self.recovered().await
    }

    async fn kill(&mut self) -> Result<()> {
        self.take()?.kill_9().await?;
        self.start(&[]).await
    }

    async fn dies_at(&mut self, point: &str, times: u32) -> Result<()> {
        ensure!(self.take()?.terminate(RECOVERY).await?.success(), "it did not end well");
        self.start(&[("TEST_KILL_AT", &format!("{point}:{times}"))]).await?;
        let mut platform = self.platform.take().context("it has just started")?;
        until("it dies at its point", PLAYED, async || Ok((!platform.is_running()?).then_some(()))).await?;
        self.whereabouts.send_replace(None);
        self.start(&[]).await
    }

    async fn play(&mut self, trick: Trick) -> Result<()> {
        self.proxy()?.play(trick, PLAYED).await
    }

    fn proxy(&self) -> Result<&Proxy> {
        self.proxy.as_ref().context("there is no proxy before SQLite")
    }

    fn server(&mut self) -> Result<&mut KillablePostgres> {
        self.postgres.as_mut().context("there is no server of SQLite")
    }

    fn server_ref(&self) -> Result<&KillablePostgres> {
        self.postgres.as_ref().context("there is no server of SQLite")
    }

    /// Answers are given again, by the same process unless it was killed.
    async fn recovered(&mut self) -> Result<()> {
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

    async fn account_ids(&self) -> Result<Vec<String>> {
        let platform = self.platform.as_ref().context("no platform runs")?;
        let reply = platform.service(&self.service_key)?.at(platform.http()).get("/v1/admin/accounts").await?;
        let rows = reply.body["data"].as_array().with_context(|| reply.text.clone())?;
        let id = |name: &String| {
            let row = rows.iter().find(|row| row["name"] == **name);
            Some(row?["id"].as_str()?.to_owned())
        };
        account_names().iter().map(|name| id(name).with_context(|| format!("no account {name}"))).collect()
    }
}

fn account_names() -> Vec<String> {
    (0..RICH + POOR).map(|number| format!("charged-{number}")).collect()
}

/// One account that sends messages, and those that are charged.
fn site(operator: &Simulator) -> Site {
    let soon = "window_max = 100\nsettings = { bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";
    let site = Site::with_one_account("1000000").connector("alpha", operator, soon).route("all", &["alpha"], "");
    account_names().iter().zip(0..).fold(site, |site, (name, number)| {
        let funds = if number < RICH { "1000000" } else { "2" };
        let limit = if number >= RICH && number % 2 == 0 { "\ncredit_limit = \"1.5\"" } else { "" };
        let keys = format!("name = \"{name}\"\ncurrency = \"EUR\"\ntariff = \"standard\"{limit}");
        site.table("account", &format!("{keys}\npayment = [{{ amount = \"{funds}\", reference = \"first\" }}]"))
    })
}
