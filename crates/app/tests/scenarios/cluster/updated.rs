//! All nodes are updated, one after the other, while clients go on: to a version whose schema has a step that the one before does not know.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::scenario::wait::{PATIENCE, until, until_true};
use sambac_testkit::scenario::{ConnectorNode, Platform, Rest, Secrets, Site, World};
use serde_json::json;
use tokio::sync::watch;

use super::standby::{FIRST, OPERATOR, WINDOW, database, ends, judge};
use crate::load::arrivals;
use crate::world;

const LEASE: &str = "8";
/// Between two messages of the client.
const PAUSE: Duration = Duration::from_millis(20);
/// Before its one second attempt.
const RETRY: Duration = Duration::from_secs(2);
/// Nodes that end.
const NODES: usize = 7;
const STOP: Duration = Duration::from_secs(15);

/// The version of a node.
#[derive(Clone, Copy)]
enum Version {
    Before,
    After,
}

struct Nodes<'a> {
    world: &'a World,
    queue: String,
}

impl Nodes<'_> {
    fn variables<'v>(&'v self, number: &'v str, roles: &'v str, version: Version) -> Vec<(&'v str, &'v str)> {
        let step = if matches!(version, Version::After) { "adds" } else { "" };
        vec![
            ("SAMBAC_CLUSTER_LEASE_S", LEASE),
            ("SAMBAC_CLUSTER_LISTEN", "127.0.0.1:0"),
            ("SAMBAC_NODE", number),
            ("SAMBAC_QUEUE_URL", &self.queue),
            ("SAMBAC_ROLES", roles),
            ("TEST_LATER_STEP", step),
        ]
    }

    /// A node that clients come to.
    async fn gateway(&self, number: &str, version: Version) -> Result<Platform> {
        let gateway = self.world.platform(&self.variables(number, "api,smsc", version)).await?;
        let is_ready = async || Ok(gateway.service("")?.get("/health/ready").await?.status == 200);
        until_true("the gateway leads somewhere", is_ready).await?;
        Ok(gateway)
    }

    /// A node with binds.
    async fn binds(&self, number: &str, version: Version) -> Result<ConnectorNode> {
        self.world.connector_node(&self.variables(number, "connector", version)).await
    }
}

/// A client that sends by one gateway after the other, and asks a second time, and no third, what was not answered well.
struct Client {
    gateways: watch::Receiver<Vec<Rest>>,
    course: Arc<Course>,
}

/// What the client and whoever watches it know of each other.
#[derive(Default)]
struct Course {
    is_over: AtomicBool,
    sent: AtomicUsize,
}

impl Course {
    /// The client goes on: what comes next meets it at work.
    async fn goes_on(&self) -> Result<()> {
        let before = self.sent.load(Ordering::Relaxed);
        until_true("the client goes on", async || Ok(self.sent.load(Ordering::Relaxed) > before + 10)).await
    }
}

impl Client {
    async fn run(self) -> Result<(HashMap<u64, String>, usize)> {
        let (mut sent, mut retries) = (HashMap::new(), 0);
        while !self.course.is_over.load(Ordering::Relaxed) {
            let number = FIRST + sent.len() as u64;
            let id = match self.ask(number, 0).await {
                Ok(id) => id,
                Err(first) => {
                    retries += 1;
                    tokio::time::sleep(RETRY).await;
                    self.ask(number, 1).await.with_context(|| format!("a second time, after {first}"))?
                }
            };
            sent.insert(number, id);
            self.course.sent.store(sent.len(), Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
        Ok((sent, retries))
    }

    async fn ask(&self, number: u64, attempt: u64) -> Result<String> {
        let gateways = self.gateways.borrow().clone();
        let place = usize::try_from((number + attempt) % gateways.len() as u64)?;
        let body = json!({ "to": format!("+{number}"), "from": "Bank", "text": "hello", "class": "otp" });
        let key = format!("call-{number}");
        let reply = gateways[place].post("/v1/sms/send", &body, &[("idempotency-key", &key)]).await?;
        ensure!(reply.status == 202, "{} {}", reply.status, reply.text);
        Ok(reply.body["message_id"].as_str().context("an id")?.to_owned())
    }
}

/// No call fails a second time, no code is lost or sent twice, and each version works beside the other: also one of before that starts when the schema
/// is the new one's already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_is_updated_while_clients_go_on() -> Result<()> {
    let (database, rabbit) = (database().await?, Rabbit::start().await?);
    let world = world("cluster_updated")?.on(database.url());
    let operator = world.simulator("alpha", OPERATOR).await?;
    let connector =
        format!("window_max = {WINDOW}\nsettings = {{ bind = {{ reconnect_min_ms = 100, reconnect_max_ms = 200 }} }}");
    let site = Site::with_one_account("10000").connector("alpha", &operator, &connector).route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let nodes = Nodes { world: &world, queue: rabbit.url() };

    let works = world.platform(&nodes.variables("1", "worker", Version::Before)).await?;
    let waits = world.standby(&nodes.variables("2", "worker", Version::Before)).await?;
    let mut binds = vec![nodes.binds("3", Version::Before).await?, nodes.binds("4", Version::Before).await?];
    let mut gateways = Vec::new();
    for number in ["5", "6", "7"] {
        gateways.push(nodes.gateway(number, Version::Before).await?);
    }
    works.until_bound().await?;
    let (tell, told) = watch::channel(rests(&gateways, &secrets)?);
    let course = Arc::new(Course::default());
    let client = tokio::spawn(Client { gateways: told, course: Arc::clone(&course) }.run());

    // The one that waits is the first that is new, and changes the schema under all others.
    ensure!(waits.terminate(STOP).await?.success());
    let waits = world.standby(&nodes.variables("2", "worker", Version::After)).await?;
    let added = database.number("SELECT COUNT(*) FROM schema_additions WHERE version = 90001").await?;
    ensure!(added == 1, "the schema is not the new one's");
    for (place, number) in ["5", "6", "7"].into_iter().enumerate() {
        ensure!(gateways.remove(0).terminate(STOP).await?.success());
        // The last one is of the version before once more: it starts on the new schema.
        let version = if place == 2 { Version::Before } else { Version::After };
        gateways.push(nodes.gateway(number, version).await?);
        tell.send_replace(rests(&gateways, &secrets)?);
        course.goes_on().await?;
    }
    for number in ["3", "4"] {
        ensure!(binds.remove(0).terminate(STOP).await?.success());
        binds.push(nodes.binds(number, Version::After).await?);
        until("somebody has the binds", PATIENCE, async || {
            let bound = [binds[0].bound().await?, binds[1].bound().await?].concat();
            Ok((bound == ["alpha"]).then_some(()))
        })
        .await?;
        course.goes_on().await?;
    }
    ensure!(works.terminate(STOP).await?.success());
    let works = waits.until_it_works().await?;
    course.goes_on().await?;
    course.is_over.store(true, Ordering::Relaxed);
    let (sent, retries) = client.await??;
    ensure!(retries <= NODES, "{} sent, {retries} of them by a second call", sent.len());
    let ended = ends(&works, &secrets, &sent).await?;
    ensure!(judge(&arrivals(&operator.journal()?), &ended)? == 0, "a code was sent twice");
    ensure!(works.rest(&secrets)?.balance().await?.1 == "0.00");
    ensure!(works.terminate(STOP).await?.success());
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}

fn rests(gateways: &[Platform], secrets: &Secrets) -> Result<Vec<Rest>> {
    gateways.iter().map(|gateway| gateway.rest(secrets)).collect()
}

/// A version whose schema has a step that does more than add is not gone back from, and that is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_before_does_not_start_on_a_schema_that_is_not_only_added_to() -> Result<()> {
    let world = world("cluster_not_back")?;
    for step in ["adds", "removes"] {
        let migrated = world.run_with(&["migrate"], &[("TEST_LATER_STEP", step)]).await?;
        ensure!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    }
    let refused = world.run_with(&["migrate"], &[]).await?;
    let told = String::from_utf8_lossy(&refused.stderr);
    ensure!(!refused.status.success() && told.contains("step 90002") && told.contains("newer program"), "{told}");
    world.passed();
    Ok(())
}
