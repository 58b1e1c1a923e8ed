//! F20: all nodes are updated, one after the other, while clients go on: to a version whose schema has a step that the one before does not know, and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::sync::watch;

use super::clients::FIRST;
use super::f01::few_twice;
use super::oracle::Rules;
use super::rig::{Around, OPERATOR, Rig, SOON};
use super::{Fault, Report, Setting};
use crate::postgres::KillablePostgres;
use crate::rabbit::Rabbit;
use crate::scenario::wait::{PATIENCE, until, until_true};
use crate::scenario::{ConnectorNode, Platform, Rest, StandbyNode, World, raw_id};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F20",
    title: "all nodes are updated one after the other, to a version with a step more in its schema, and back",
    holds: "no call fails a second time; no code is lost or sent twice; each version works beside the other",
};

const LEASE_S: &str = "8";
/// Between two messages of the client.
const PAUSE: Duration = Duration::from_millis(20);
/// Before its one second attempt.
const RETRY: Duration = Duration::from_secs(2);
/// How long a node may take to end.
const STOP: Duration = Duration::from_secs(15);
/// Nodes that end in one round.
const NODES: u64 = 7;
const GATEWAYS: [&str; 3] = ["5", "6", "7"];
const BINDS: [&str; 2] = ["3", "4"];
const WORKERS: [&str; 2] = ["1", "2"];

/// The version of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Before,
    After,
}

/// The nodes as they are now.
struct Nodes {
    queue: String,
    works: Platform,
    waits: Option<StandbyNode>,
    /// The place of the one that works among [`WORKERS`].
    working: usize,
    binds: Vec<ConnectorNode>,
    gateways: Vec<Platform>,
    tell: watch::Sender<Vec<Rest>>,
}

/// What the client and whoever watches it know of each other.
#[derive(Default)]
struct Course {
    is_over: AtomicBool,
    sent: AtomicU64,
    retries: AtomicU64,
}

/// Plays it, on the build for tests: only that has a version to come.
///
/// # Errors
/// When something cannot be started, or does not recover, or a call fails a second time.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let world = World::new(&setting.binary.display().to_string(), FAULT.number)?;
    let (postgres, rabbit) = (KillablePostgres::start(&world.path("postgres")).await?, Rabbit::start().await?);
    let world = world.on(&postgres.url());
    let mut rig = Rig::in_world(&FAULT, setting, (OPERATOR, SOON), (world, Around::default())).await?;
    rig.database = Some(postgres.url());
    let mut nodes = Nodes::start(&rig, rabbit.url()).await?;
    let (course, rounds) = (Arc::new(Course::default()), setting.of(1, 8));
    let (by, watched) = (nodes.tell.subscribe(), Arc::clone(&course));
    let (client, played) = tokio::join!(sends(&rig, by, &course), async {
        let played = nodes.updated(&rig, &watched, rounds).await;
        watched.is_over.store(true, Ordering::Relaxed);
        played
    });
    played.and(client)?;
    let Nodes { works, waits, binds, gateways, .. } = nodes;
    rig.at_rest().await?;
    drop((gateways, waits));
    ensure!(works.terminate(STOP).await?.success(), "it did not end well");
    drop(binds);
    for _ in 0..rounds {
        rig.report.strike("all nodes are updated");
    }
    let (sent, retries) = (course.sent.load(Ordering::Relaxed), course.retries.load(Ordering::Relaxed));
    let text = format!("{retries} of {sent}");
    rig.report.expect("too many calls fail a first time", retries <= NODES * rounds, text);
    rig.report.measured("calls that took a second one", retries);
    let rules = Rules { codes: true, told_is_unknown: true, ..Rules::default() };
    let mut report = rig.judged(&rules).await?;
    let delivered = report.messages.get("delivered").copied().unwrap_or(0);
    report.expect("codes were not delivered", delivered == sent, format!("{delivered} of {sent}"));
    drop((postgres, rabbit));
    Ok(few_twice(report, 0))
}

/// Sends by one gateway after the other, and asks a second time, and no third, what was not answered well.
async fn sends(rig: &Rig, gateways: watch::Receiver<Vec<Rest>>, course: &Course) -> Result<()> {
    while !course.is_over.load(Ordering::Relaxed) {
        let number = FIRST + course.sent.load(Ordering::Relaxed);
        let by = |attempt: u64| {
            let gateways = gateways.borrow().clone();
            let place = usize::try_from(number + attempt).unwrap_or(0) % gateways.len();
            gateways[place].clone()
        };
        let id = match ask(&by(0), number).await {
            Ok(id) => id,
            Err(first) => {
                course.retries.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(RETRY).await;
                ask(&by(1), number).await.with_context(|| format!("a second time, after {first}"))?
            }
        };
        rig.clients.took(number, &raw_id(&id)?.to_string());
        course.sent.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn ask(gateway: &Rest, number: u64) -> Result<String> {
    let body = json!({ "to": format!("+{number}"), "from": "Bank", "text": "hello", "class": "otp" });
    let reply = gateway.post("/v1/sms/send", &body, &[("idempotency-key", &format!("call-{number}"))]).await?;
    ensure!(reply.status == 202, "{} {}", reply.status, reply.text);
    Ok(reply.body["message_id"].as_str().context("an id")?.to_owned())
}

impl Course {
    /// The client goes on: what comes next meets it at work.
    async fn goes_on(&self) -> Result<()> {
        let before = self.sent.load(Ordering::Relaxed);
        let goes = async || Ok((self.sent.load(Ordering::Relaxed) > before + 10).then_some(()));
        until("the client goes on", PATIENCE * 2, goes).await
    }
}

impl Version {
    fn other(self) -> Self {
        if self == Self::Before { Self::After } else { Self::Before }
    }
}

fn variables<'v>(queue: &'v str, number: &'v str, roles: &'v str, version: Version) -> [(&'v str, &'v str); 6] {
    let step = if version == Version::After { "adds" } else { "" };
    [
        ("SAMBAC_CLUSTER_LEASE_S", LEASE_S),
        ("SAMBAC_CLUSTER_LISTEN", "127.0.0.1:0"),
        ("SAMBAC_NODE", number),
        ("SAMBAC_QUEUE_URL", queue),
        ("SAMBAC_ROLES", roles),
        ("TEST_LATER_STEP", step),
    ]
}

/// A node that clients come to.
async fn gateway(rig: &Rig, queue: &str, number: &str, version: Version) -> Result<Platform> {
    let gateway = rig.world.platform(&variables(queue, number, "api,smsc", version)).await?;
    let is_ready = async || Ok(gateway.service("")?.get("/health/ready").await?.status == 200);
    until_true("the gateway leads somewhere", is_ready).await?;
    Ok(gateway)
}

impl Nodes {
    async fn start(rig: &Rig, queue: String) -> Result<Self> {
        let old = Version::Before;
        let works = rig.world.platform(&variables(&queue, WORKERS[0], "worker", old)).await?;
        let waits = rig.world.standby(&variables(&queue, WORKERS[1], "worker", old)).await?;
        let (mut binds, mut gateways) = (Vec::new(), Vec::new());
        for number in BINDS {
            binds.push(rig.world.connector_node(&variables(&queue, number, "connector", old)).await?);
        }
        for number in GATEWAYS {
            gateways.push(gateway(rig, &queue, number, old).await?);
        }
        works.until_bound().await?;
        let tell = watch::Sender::new(rests(&gateways, rig)?);
        Ok(Self { queue, works, waits: Some(waits), working: 0, binds, gateways, tell })
    }

    /// To the later version, and back, and so on.
    async fn updated(&mut self, rig: &Rig, course: &Course, rounds: u64) -> Result<()> {
        for round in 0..rounds {
            let version = if round % 2 == 0 { Version::After } else { Version::Before };
            self.standby(rig, version).await?;
            self.gateways(rig, course, version).await?;
            self.binds(rig, course, version).await?;
            self.worker(rig, course, version).await?;
        }
        Ok(())
    }

    /// The one that waits is the first that is new, and changes the schema under all others.
    async fn standby(&mut self, rig: &Rig, version: Version) -> Result<()> {
        let waits = self.waits.take().context("one waits")?;
        ensure!(waits.terminate(STOP).await?.success(), "the one that waits did not end well");
        let number = WORKERS[1 - self.working];
        self.waits = Some(rig.world.standby(&variables(&self.queue, number, "worker", version)).await?);
        Ok(())
    }

    /// The last one is of the other version once more: it starts beside the new ones.
    async fn gateways(&mut self, rig: &Rig, course: &Course, version: Version) -> Result<()> {
        for (place, number) in GATEWAYS.into_iter().enumerate() {
            ensure!(self.gateways.remove(0).terminate(STOP).await?.success(), "a gateway did not end well");
            let version = if place + 1 == GATEWAYS.len() { version.other() } else { version };
            self.gateways.push(gateway(rig, &self.queue, number, version).await?);
            self.tell.send_replace(rests(&self.gateways, rig)?);
            course.goes_on().await?;
        }
        Ok(())
    }

    async fn binds(&mut self, rig: &Rig, course: &Course, version: Version) -> Result<()> {
        for number in BINDS {
            ensure!(self.binds.remove(0).terminate(STOP).await?.success(), "a node with binds did not end well");
            self.binds.push(rig.world.connector_node(&variables(&self.queue, number, "connector", version)).await?);
            until("somebody has the binds", PATIENCE, async || {
                let bound = [self.binds[0].bound().await?, self.binds[1].bound().await?].concat();
                Ok((bound == ["alpha"]).then_some(()))
            })
            .await?;
            course.goes_on().await?;
        }
        Ok(())
    }

    /// The one that has waited goes on; the other one comes back, and waits.
    async fn worker(&mut self, rig: &Rig, course: &Course, version: Version) -> Result<()> {
        let waits = self.waits.take().context("one waits")?;
        self.works.signal("TERM").await?;
        let works = waits.until_it_works().await?;
        let mut ended = std::mem::replace(&mut self.works, works);
        ensure!(ended.ended(STOP).await?.success(), "the one that worked did not end well");
        let number = WORKERS[self.working];
        self.working = 1 - self.working;
        self.waits = Some(rig.world.standby(&variables(&self.queue, number, "worker", version)).await?);
        course.goes_on().await
    }
}

fn rests(gateways: &[Platform], rig: &Rig) -> Result<Vec<Rest>> {
    gateways.iter().map(|gateway| gateway.rest(&rig.secrets)).collect()
}
