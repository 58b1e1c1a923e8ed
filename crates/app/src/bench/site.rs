//! The processes of one scenario: a platform on a data folder of its own, and the operator that it is connected to.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sambac_engine::clock::Clock;
use serde_json::Value;

use super::child::{self, Child, OnLine};
use super::esme::Credentials;
use super::http;
use super::process;
use super::provision::{NEIGHBOUR_BINDS, Secrets, Wanted};
use super::scrape::Metrics;
use super::submits::Submits;

/// After the start, before memory is called idle memory.
const IDLE: Duration = Duration::from_secs(2);
/// For the platform to bind to the operator.
const BOUND_LIMIT: Duration = Duration::from_secs(20);

/// How the site is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Where data folders are made.
    pub(crate) folder: PathBuf,
    /// Whether they stay, to be looked into.
    pub(crate) keep: bool,
    /// Another database than SQLite in the data folder.
    pub(crate) store_url: Option<String>,
    /// A Redis in which it counts its limits.
    pub(crate) redis_url: Option<String>,
    /// A RabbitMQ by which its work goes, and how many further nodes have binds.
    pub(crate) queue_url: Option<String>,
    pub(crate) connector_nodes: u8,
    /// What the operator does (TOML).
    pub(crate) operator: &'static str,
    /// Binds to the operator, shared out to the nodes, and unanswered submits on each.
    pub(crate) binds: u16,
    pub(crate) window: u16,
    /// Whether the operator is there from the start.
    pub(crate) operator_up: bool,
    /// Whether the operator tells of each message that reaches it.
    pub(crate) watched: bool,
    /// The ports of neighbours' operators, which the scenario plays itself.
    pub(crate) neighbours: Vec<u16>,
    /// Whether the account and its key have every control that there is: allow lists, rate limits, rules for texts.
    pub(crate) controlled: bool,
}

/// A site at work. The processes end, and the folder goes, when it is dropped.
pub(crate) struct Site {
    layout: Layout,
    wanted: Wanted,
    secrets: Secrets,
    pub(crate) platform: Child,
    /// Nodes that have the binds.
    connector_nodes: Vec<Child>,
    pub(crate) operator: Option<Child>,
    pub(crate) http: SocketAddr,
    services: SocketAddr,
    smpp: SocketAddr,
    pub(crate) submits: Submits,
    /// When the platform's process was started, and how long it took to be ready.
    pub(crate) started: Instant,
    pub(crate) ready_after: Duration,
    pub(crate) idle_kib: u64,
    // Last, so that it goes after the processes.
    folder: Folder,
}

/// What the operator counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) accepted: u64,
}

impl Site {
    /// Provisions and starts everything, and waits until the platform is bound to the operator and idle.
    pub(crate) async fn start(layout: Layout) -> anyhow::Result<Self> {
        let mut site = Self::start_cold(layout).await?;
        site.settle().await?;
        Ok(site)
    }

    /// Provisions and starts everything; the platform has only just said that it is ready.
    pub(crate) async fn start_cold(layout: Layout) -> anyhow::Result<Self> {
        let folder = Folder::new(&layout.folder, layout.keep)?;
        let submits = Submits::default();
        let (operator, port) = match layout.operator_up {
            true => {
                let (operator, address) = start_operator(&layout, &folder, 0, &submits).await?;
                (Some(operator), address.port())
            }
            false => (None, free_port().await?),
        };
        let wanted = Wanted {
            unique: folder.unique.clone(),
            port,
            // Each node has one of its own.
            connectors: layout.connector_nodes.max(1),
            binds: layout.binds.div_ceil(u16::from(layout.connector_nodes.max(1))),
            window: layout.window,
            neighbours: layout.neighbours.clone(),
            controlled: layout.controlled,
        };
        let secrets = apply(&layout, &folder, &wanted).await?;
        let (platform, ready, started) = Child::start(run(&layout, &folder)?, Box::new(|_| {})).await?;
        let ready_after = started.elapsed();
        let mut connector_nodes = Vec::new();
        for number in 0..layout.connector_nodes {
            let mut command = run(&layout, &folder)?;
            let node = (number + 2).to_string();
            command.env("SAMBAC_ROLES", "connector").env("SAMBAC_NODE", node);
            connector_nodes.push(Child::start(command, Box::new(|_| {})).await?.0);
        }
        Ok(Self {
            connector_nodes,
            http: address(&ready, "http")?,
            services: address(&ready, "services")?,
            smpp: address(&ready, "smpp")?,
            layout,
            wanted,
            secrets,
            platform,
            operator,
            submits,
            started,
            ready_after,
            idle_kib: 0,
            folder,
        })
    }

    /// Waits until the platform is bound and has been idle for a while.
    pub(crate) async fn settle(&mut self) -> anyhow::Result<()> {
        if self.operator.is_some() {
            self.wait_until_bound().await?;
        }
        tokio::time::sleep(IDLE).await;
        self.idle_kib = process::memory(self.platform.pid()).resident_kib;
        Ok(())
    }

    /// Kills the platform, and starts it again on the same data.
    pub(crate) async fn kill_and_start(&mut self) -> anyhow::Result<()> {
        self.platform.kill_9().await?;
        let (platform, ready, started) = Child::start(run(&self.layout, &self.folder)?, Box::new(|_| {})).await?;
        (self.platform, self.started, self.ready_after) = (platform, started, started.elapsed());
        self.http = address(&ready, "http")?;
        self.services = address(&ready, "services")?;
        self.smpp = address(&ready, "smpp")?;
        Ok(())
    }

    /// Starts the operator that was not there.
    pub(crate) async fn start_operator(&mut self) -> anyhow::Result<()> {
        let (operator, _) = start_operator(&self.layout, &self.folder, self.wanted.port, &self.submits).await?;
        self.operator = Some(operator);
        Ok(())
    }

    /// The platform's metrics now.
    pub(crate) async fn metrics(&self) -> anyhow::Result<Metrics> {
        Metrics::fetch(self.services).await
    }

    /// How the account of class transactional binds.
    pub(crate) fn bulk(&self) -> Credentials {
        self.credentials(self.wanted.bulk_id(), &self.secrets.bulk)
    }

    /// How the account of class otp binds.
    pub(crate) fn otp(&self) -> Credentials {
        self.credentials(self.wanted.otp_id(), &self.secrets.otp)
    }

    /// How the account with many binds does.
    pub(crate) fn crowd(&self) -> Credentials {
        self.credentials(self.wanted.crowd_id(), &self.secrets.crowd)
    }

    /// How a neighbour's account binds; `None` where there is no such neighbour.
    pub(crate) fn neighbour(&self, number: usize) -> Option<Credentials> {
        let password = self.secrets.neighbours.get(number)?;
        Some(self.credentials(self.wanted.neighbour_id(number), password))
    }

    pub(crate) fn api_key(&self) -> &str {
        &self.secrets.api_key
    }

    fn credentials(&self, system_id: String, password: &str) -> Credentials {
        Credentials { address: self.smpp, system_id, password: password.to_owned() }
    }

    /// The platform's processes.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Child> {
        [&self.platform].into_iter().chain(&self.connector_nodes)
    }

    async fn wait_until_bound(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + BOUND_LIMIT;
        let links = u64::from(self.wanted.binds) * u64::from(self.wanted.connectors);
        let binds = links + NEIGHBOUR_BINDS * self.layout.neighbours.len() as u64;
        while self.bound().await.unwrap_or_default() < binds {
            anyhow::ensure!(Instant::now() < deadline, "the platform did not bind to the operator");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// How many binds are up, on whichever node.
    async fn bound(&self) -> anyhow::Result<u64> {
        let health: Value = serde_json::from_str(&http::get(self.services, "/health/ready").await?)?;
        let connectors = health["connectors"].as_array().into_iter().flatten();
        Ok(connectors.filter_map(|connector| connector["bound"].as_u64()).sum())
    }

    /// Octets of the data folder.
    pub(crate) fn data_octets(&self) -> u64 {
        let entries = std::fs::read_dir(self.folder.data()).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
    }

    /// Stops everything in good order: the platform first.
    pub(crate) async fn stop(self) -> anyhow::Result<Tally> {
        self.platform.stop().await.context("the platform")?;
        for node in self.connector_nodes {
            node.stop().await.context("a node with binds")?;
        }
        let Some(operator) = self.operator else { return Ok(Tally::default()) };
        let last = operator.stop().await.context("the simulator")?;
        Ok(Tally { accepted: last["stopped"]["accepted"].as_u64().context("the simulator told no tally")? })
    }
}

async fn apply(layout: &Layout, folder: &Folder, wanted: &Wanted) -> anyhow::Result<Secrets> {
    let file = folder.path.join("platform.toml");
    std::fs::write(&file, wanted.file())?;
    let mut command = child::sambac(["apply"])?;
    command.arg(&file).arg("--data-dir").arg(folder.data());
    store(layout, &mut command);
    wanted.secrets(&child::finish(command).await?)
}

fn run(layout: &Layout, folder: &Folder) -> anyhow::Result<tokio::process::Command> {
    // An operator that is away is warned of at each attempt to bind.
    let level = if layout.operator_up { "warn" } else { "error" };
    let mut command = child::sambac(["run", "--log-level", level])?;
    for listener in ["--http-listen", "--services-listen", "--smpp-listen"] {
        command.args([listener, "127.0.0.1:0"]);
    }
    command.arg("--data-dir").arg(folder.data());
    // All load comes from this one address.
    command.env("SAMBAC_LIMITS_HTTP_CONNECTIONS_PER_PEER_MAX", "4096");
    command.env("SAMBAC_LIMITS_SMPP_CONNECTIONS_MAX", "8192");
    command.env("SAMBAC_LIMITS_SMPP_CONNECTIONS_PER_SOURCE_MAX", "8192");
    store(layout, &mut command);
    if let Some(url) = &layout.queue_url {
        let roles = if layout.connector_nodes > 0 { "worker" } else { "all" };
        command.env("SAMBAC_QUEUE_URL", url).env("SAMBAC_CLUSTER_LEASE_S", "5").env("SAMBAC_ROLES", roles);
    }
    Ok(command)
}

fn store(layout: &Layout, command: &mut tokio::process::Command) {
    if let Some(url) = &layout.store_url {
        command.env("SAMBAC_STORE_URL", url);
    }
    if let Some(url) = &layout.redis_url {
        command.env("SAMBAC_REDIS_URL", url);
    }
}

async fn start_operator(
    layout: &Layout,
    folder: &Folder,
    port: u16,
    submits: &Submits,
) -> anyhow::Result<(Child, SocketAddr)> {
    let scenario = folder.path.join("operator.toml");
    std::fs::write(&scenario, layout.operator)?;
    let mut command = child::sambac(["simulate", "--listen", &format!("127.0.0.1:{port}"), "--scenario"])?;
    command.arg(scenario);
    let on_line: OnLine = if layout.watched {
        command.args(["--journal", "/dev/stdout"]);
        let submits = submits.clone();
        Box::new(move |line| submits.line(line))
    } else {
        Box::new(|_| {})
    };
    let (operator, ready, _) = Child::start(command, on_line).await?;
    Ok((operator, address(&ready, "listening")?))
}

fn address(ready: &Value, key: &str) -> anyhow::Result<SocketAddr> {
    let text = ready[key].as_str().with_context(|| format!("no {key} in {ready}"))?;
    Ok(text.parse()?)
}

/// A port that is free now, for an operator that comes later.
async fn free_port() -> anyhow::Result<u16> {
    Ok(tokio::net::TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}

/// A folder of its own.
struct Folder {
    path: PathBuf,
    unique: String,
    keep: bool,
}

impl Folder {
    fn new(parent: &Path, keep: bool) -> anyhow::Result<Self> {
        let unique = format!("{:x}", Clock::system().now().0 / 1_000);
        let path = parent.join(format!("sambac-bench-{unique}"));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path, unique, keep })
    }

    fn data(&self) -> PathBuf {
        self.path.join("data")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // A left-over folder is no reason to fail.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
