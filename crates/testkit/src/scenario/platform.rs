//! `sambac run` in a process of its own.

use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::process::Process;
use super::smpp::BindKind;
use super::wait::until_true;
use super::{Esme, Reply, Rest, Secrets, World};

/// A running platform; killed when dropped. Its data folder stays: starting another one is a restart.
#[derive(Debug)]
pub struct Platform {
    process: Process,
    http: SocketAddr,
    services: SocketAddr,
    smpp: SocketAddr,
    smpp_tls: Option<SocketAddr>,
}

impl Platform {
    pub(super) async fn start(world: &World, variables: &[(&str, &str)]) -> Result<Self> {
        let (process, ready) = Self::begin(world, variables).await?;
        Self::of(process, &ready)
    }

    /// The process and its first line.
    async fn begin(world: &World, variables: &[(&str, &str)]) -> Result<(Process, Value)> {
        let mut command = world.command();
        command.args(["--output", "json", "run", "--log-format", "json", "--data-dir"]).arg(world.data_folder());
        for flag in ["--http-listen", "--services-listen", "--smpp-listen"] {
            command.args([flag, "127.0.0.1:0"]);
        }
        // Sinks for webhooks are on this machine; and whatever a test does, all money is added up each second meanwhile.
        let of_tests = [("SAMBAC_WEBHOOKS_PRIVATE_RANGES", "127.0.0.0/8"), ("SAMBAC_BILLING_AUDIT_INTERVAL_S", "1")];
        command.envs(of_tests).envs(variables.iter().copied());
        Process::start(command, &world.path("platform.log")).await
    }

    fn of(process: Process, ready: &Value) -> Result<Self> {
        let address = |key: &str| -> Result<SocketAddr> { Ok(ready[key].as_str().context("no address")?.parse()?) };
        let smpp_tls = address("smpp_tls").ok();
        let (http, services, smpp) = (address("http")?, address("services")?, address("smpp")?);
        Ok(Self { process, http, services, smpp, smpp_tls })
    }

    /// The public API.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Health, metrics and the log of PDUs.
    pub fn services(&self) -> SocketAddr {
        self.services
    }

    /// Where clients bind.
    pub fn smpp(&self) -> SocketAddr {
        self.smpp
    }

    /// Where clients bind over TLS.
    ///
    /// # Errors
    /// When it was started without a certificate.
    pub fn smpp_tls(&self) -> Result<SocketAddr> {
        self.smpp_tls.context("no TLS listener")
    }

    /// A REST client with the key of [`Site::with_one_account`](super::Site::with_one_account).
    ///
    /// # Errors
    /// When no such key was made.
    pub fn rest(&self, secrets: &Secrets) -> Result<Rest> {
        Rest::new(self.http, secrets.api_key("main")?)
    }

    /// A client of the services listener, with an admin key.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn service(&self, key: &str) -> Result<Rest> {
        Rest::new(self.services, key)
    }

    /// A transceiver with the SMPP account of [`Site::with_one_account`](super::Site::with_one_account).
    ///
    /// # Errors
    /// When the bind is refused.
    pub async fn esme(&self, secrets: &Secrets) -> Result<Esme> {
        self.esme_as(secrets, "esme", BindKind::Transceiver).await
    }

    /// A bind of another kind or account.
    ///
    /// # Errors
    /// When the bind is refused.
    pub async fn esme_as(&self, secrets: &Secrets, system_id: &str, kind: BindKind) -> Result<Esme> {
        Ok(Esme::bind(self.smpp, kind, system_id, secrets.smpp_password(system_id)?).await?)
    }

    /// What `/health/ready` says.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn health(&self) -> Result<Value> {
        Ok(Rest::new(self.services, "")?.get("/health/ready").await?.body)
    }

    /// What `/metrics` says.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metrics(&self) -> Result<String> {
        Ok(Rest::new(self.services, "")?.get("/metrics").await?.text)
    }

    /// A metric's value, by its name and labels as they are written in `/metrics`; 0 while there is none.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metric(&self, name: &str) -> Result<i64> {
        let text = self.metrics().await?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        Ok(line.and_then(|value| value.trim().parse().ok()).unwrap_or_default())
    }

    /// Waits until every connector has its binds.
    ///
    /// # Errors
    /// When they do not come up.
    pub async fn until_bound(&self) -> Result<()> {
        until_true("every connector is bound", async || {
            let health = self.health().await?;
            let connectors = health["connectors"].as_array().map_or(&[][..], Vec::as_slice);
            Ok(!connectors.is_empty() && connectors.iter().all(|connector| connector["bound"] == connector["binds"]))
        })
        .await
    }

    /// Whether the process runs.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn is_running(&mut self) -> Result<bool> {
        self.process.is_running()
    }

    /// Resident memory in KiB.
    ///
    /// # Errors
    /// When it does not run.
    pub fn rss_kib(&self) -> Result<u64> {
        self.process.rss_kib()
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// A signal by its name: `STOP`, `CONT`.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn signal(&self, name: &str) -> Result<()> {
        self.process.signal(name).await
    }

    /// Waits until it has ended by itself; returns how.
    ///
    /// # Errors
    /// When it goes on for longer.
    pub async fn ended(&mut self, limit: Duration) -> Result<ExitStatus> {
        self.process.ended(limit).await
    }

    /// kill -9.
    ///
    /// # Errors
    /// When it has ended by itself before.
    pub async fn kill_9(mut self) -> Result<()> {
        anyhow::ensure!(self.process.is_running()?, "the platform had ended before it was killed");
        self.process.kill_9().await
    }

    /// SIGTERM; returns how it ended.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn terminate(mut self, limit: Duration) -> Result<ExitStatus> {
        self.process.terminate().await?;
        self.process.ended(limit).await
    }
}

/// A `sambac run` that waits while another node works; killed when dropped.
#[derive(Debug)]
pub struct StandbyNode {
    process: Process,
    services: SocketAddr,
}

impl StandbyNode {
    pub(super) async fn start(world: &World, variables: &[(&str, &str)]) -> Result<Self> {
        let (process, waits) = Platform::begin(world, variables).await?;
        anyhow::ensure!(waits["ready"] == false, "it waits for nobody: {waits}");
        Ok(Self { process, services: waits["services"].as_str().context("no address")?.parse()? })
    }

    /// What `/health/ready` says.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn health(&self) -> Result<Reply> {
        Rest::new(self.services, "")?.get("/health/ready").await
    }

    /// SIGTERM; returns how it ended.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn terminate(mut self, limit: Duration) -> Result<ExitStatus> {
        self.process.terminate().await?;
        self.process.ended(limit).await
    }

    /// Waits until this node works.
    ///
    /// # Errors
    /// When it ends, or waits for longer than a minute.
    pub async fn until_it_works(mut self) -> Result<Platform> {
        let works = async {
            loop {
                let line = self.process.line().await?.context("it has ended")?;
                if line["ready"] == true {
                    return Ok::<_, anyhow::Error>(line);
                }
            }
        };
        let line = tokio::time::timeout(Duration::from_secs(60), works).await.context("it waits still")??;
        Platform::of(self.process, &line)
    }
}

/// A `sambac run --roles connector`: it has operators' binds while another node works; killed when dropped.
#[derive(Debug)]
pub struct ConnectorNode {
    process: Process,
    services: SocketAddr,
}

impl ConnectorNode {
    pub(super) async fn start(world: &World, variables: &[(&str, &str)]) -> Result<Self> {
        let role = [("SAMBAC_ROLES", "connector")];
        let variables: Vec<_> = variables.iter().copied().chain(role).collect();
        let (process, ready) = Platform::begin(world, &variables).await?;
        Ok(Self { process, services: ready["services"].as_str().context("no address")?.parse()? })
    }

    /// What `/health/ready` says.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn health(&self) -> Result<Reply> {
        Rest::new(self.services, "")?.get("/health/ready").await
    }

    /// The names of the connectors that it has bound.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn bound(&self) -> Result<Vec<String>> {
        let health = self.health().await?.body;
        let connectors = health["connectors"].as_array().map_or(&[][..], Vec::as_slice);
        let bound = connectors.iter().filter(|one| one["bound"].as_u64() > Some(0));
        Ok(bound.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect())
    }

    /// A signal by its name: `STOP`, `CONT`.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn signal(&self, name: &str) -> Result<()> {
        self.process.signal(name).await
    }

    /// Waits until it ends by itself; returns how.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn ended(mut self, limit: Duration) -> Result<ExitStatus> {
        self.process.ended(limit).await
    }

    /// kill -9.
    ///
    /// # Errors
    /// When it has ended by itself before.
    pub async fn kill_9(mut self) -> Result<()> {
        anyhow::ensure!(self.process.is_running()?, "the node had ended before it was killed");
        self.process.kill_9().await
    }

    /// SIGTERM; returns how it ended.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn terminate(mut self, limit: Duration) -> Result<ExitStatus> {
        self.process.terminate().await?;
        self.process.ended(limit).await
    }
}
