//! Work goes by RabbitMQ: one node has the ledger, two have the operators' binds, and any of them may die.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::postgres::TestDatabase;
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::scenario::wait::{PATIENCE, until, until_true};
use sambac_testkit::scenario::{ConnectorNode, Platform, Secrets, Simulator, Site, StandbyNode, World, message};
use serde_json::{Value, json};

use super::standby::{FIRST, OPERATOR, WINDOW, database, ends, judge};
use crate::admin_shell::SCOPES;
use crate::load::arrivals;
use crate::world;

/// Seconds.
const LEASE: &str = "8";
const MESSAGES: usize = 240;
/// Numbers of one batch.
const SPAN: u64 = 1_000;

/// A node with the ledger, nodes with binds, and two operators.
pub(super) struct Carried {
    pub(super) world: World,
    pub(super) rabbits: Vec<Rabbit>,
    pub(super) operators: Vec<Simulator>,
    pub(super) secrets: Secrets,
    /// The node with the ledger; none while there is none.
    pub(super) works: Option<Platform>,
    pub(super) database: TestDatabase,
}

impl Carried {
    pub(super) async fn start(name: &str, operator: &str, rabbits: Vec<Rabbit>) -> Result<Self> {
        Self::routed(name, operator, rabbits, &["alpha"]).await
    }

    /// Most messages go by these connectors, in this order.
    pub(super) async fn routed(name: &str, operator: &str, rabbits: Vec<Rabbit>, by: &[&str]) -> Result<Self> {
        let database = database().await?;
        let world = world(name)?.on(database.url());
        let mut operators = Vec::new();
        let mut site = Site::with_one_account("10000");
        for name in ["alpha", "beta"] {
            let simulator = world.simulator(name, operator).await?;
            site = site.connector(name, &simulator, &connector());
            operators.push(simulator);
        }
        let site = site.route("beta", &["beta"], "match = { prefix = \"9992\" }").route("all", by, "");
        let site = site.mo_route("bank", "all", "{ smpp = \"esme\" }", "").table("admin_key", SCOPES);
        let secrets = world.apply(&site).await?;
        let url = rabbits.first().context("a broker")?.url();
        let hosts = hosts(&rabbits);
        let works = world.platform(&variables(&url, &hosts, "1", "worker")).await?;
        Ok(Self { world, rabbits, operators, secrets, works: Some(works), database })
    }

    pub(super) fn url(&self) -> String {
        self.rabbits.first().map(Rabbit::url).unwrap_or_default()
    }

    /// A node with binds.
    pub(super) async fn connector_node(&self, node: &str) -> Result<ConnectorNode> {
        let (url, hosts) = (self.url(), hosts(&self.rabbits));
        self.world.connector_node(&variables(&url, &hosts, node, "connector")).await
    }

    /// A node with binds that dies when it has come to this point so often.
    pub(super) async fn mortal_node(&self, node: &str, point: &str) -> Result<ConnectorNode> {
        let (url, hosts) = (self.url(), hosts(&self.rabbits));
        self.world.connector_node(&mortal(variables(&url, &hosts, node, "connector"), point)).await
    }

    /// A node that waits for the ledger, and dies when it has come to this point so often.
    pub(super) async fn mortal_standby(&self, node: &str, point: &str) -> Result<StandbyNode> {
        let (url, hosts) = (self.url(), hosts(&self.rabbits));
        self.world.standby(&mortal(variables(&url, &hosts, node, "worker"), point)).await
    }

    /// A node with binds that goes by another broker.
    pub(super) async fn node_at(&self, node: &str, url: &str) -> Result<ConnectorNode> {
        self.world.connector_node(&variables(url, "", node, "connector")).await
    }

    /// A node that waits for the ledger.
    pub(super) async fn standby(&self, node: &str) -> Result<StandbyNode> {
        let (url, hosts) = (self.url(), hosts(&self.rabbits));
        self.world.standby(&variables(&url, &hosts, node, "worker")).await
    }

    /// Two nodes, each with one connector.
    pub(super) async fn two(&self) -> Result<[ConnectorNode; 2]> {
        let nodes = [self.connector_node("2").await?, self.connector_node("3").await?];
        until("each node has a connector", PATIENCE, async || {
            let bound = [nodes[0].bound().await?, nodes[1].bound().await?];
            Ok((bound.iter().all(|names| names.len() == 1)).then_some(()))
        })
        .await?;
        self.works()?.until_bound().await?;
        Ok(nodes)
    }

    /// A batch to each operator; the messages by their numbers.
    pub(super) async fn send(&self, class: &str) -> Result<HashMap<u64, String>> {
        self.send_from(FIRST, class).await
    }

    /// The same with other numbers.
    async fn send_from(&self, first: u64, class: &str) -> Result<HashMap<u64, String>> {
        let number = |index: usize| first + (index as u64 % 2) * 100_000_000 + index as u64;
        let recipients: Vec<Value> =
            (0..MESSAGES).map(|index| json!({ "to": format!("+{}", number(index)) })).collect();
        let batch = json!({ "from": "Bank", "text": "hello", "class": class, "recipients": recipients });
        let taken = self.works()?.rest(&self.secrets)?.post("/v1/sms/batch", &batch, &[]).await?;
        ensure!(taken.status == 202, "{}", taken.text);
        let decided = taken.body["recipients"].as_array().context("recipients")?;
        let ids = decided.iter().map(|one| one["message_id"].as_str().map(str::to_owned).context("an id"));
        ids.enumerate().map(|(index, id)| Ok((number(index), id?))).collect()
    }

    pub(super) fn arrivals(&self) -> Result<HashMap<u64, usize>> {
        let mut all = HashMap::new();
        for operator in &self.operators {
            for (number, times) in arrivals(&operator.journal()?) {
                *all.entry(number).or_default() += times;
            }
        }
        Ok(all)
    }

    pub(super) fn works(&self) -> Result<&Platform> {
        self.works.as_ref().context("a node with the ledger")
    }

    /// One message, which is taken at once; its number and its id.
    async fn send_one(&self, number: u64) -> Result<(u64, String)> {
        let asked_at = Instant::now();
        let id = self.works()?.rest(&self.secrets)?.send_text(&format!("+{number}"), "hello").await?;
        ensure!(asked_at.elapsed() < Duration::from_secs(5), "{:?}", asked_at.elapsed());
        Ok((number, id))
    }

    /// Runs `sambac` with these arguments on the nodes' database and broker.
    async fn command(&self, arguments: &[&str]) -> Result<String> {
        let (url, hosts) = (self.url(), hosts(&self.rabbits));
        let arguments: Vec<_> = ["--output", "json"].into_iter().chain(arguments.iter().copied()).collect();
        let output = self.world.run_with(&arguments, &variables(&url, &hosts, "9", "all")).await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Everything has ended, was paid for once, and nothing is left in a queue. How many messages were sent twice.
    pub(super) async fn finish(self, messages: &HashMap<u64, String>) -> Result<usize> {
        let works = self.works()?;
        let ended = ends(works, &self.secrets, messages).await?;
        let twice = judge(&self.arrivals()?, &ended)?;
        // What was taken, and not answered, may end last.
        let rest = works.rest(&self.secrets)?;
        until_true("nothing is held", async || Ok(rest.balance().await?.1 == "0.00")).await?;
        let Self { works, world, .. } = self;
        ensure!(works.context("a node with the ledger")?.terminate(Duration::from_secs(10)).await?.success());
        world.prove_ledger().await?;
        world.passed();
        Ok(twice)
    }
}

/// The broker's further nodes.
fn hosts(rabbits: &[Rabbit]) -> String {
    rabbits.iter().skip(1).map(Rabbit::place).collect::<Vec<_>>().join(",")
}

fn mortal<'a>(mut variables: Vec<(&'a str, &'a str)>, point: &'a str) -> Vec<(&'a str, &'a str)> {
    variables.push(("TEST_KILL_AT", point));
    variables
}

pub(super) fn variables<'a>(url: &'a str, hosts: &'a str, node: &'a str, roles: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("SAMBAC_CLUSTER_LEASE_S", LEASE),
        ("SAMBAC_NODE", node),
        ("SAMBAC_QUEUE_URL", url),
        ("SAMBAC_QUEUE_HOSTS", hosts),
        ("SAMBAC_ROLES", roles),
    ]
}

fn connector() -> String {
    format!(
        "window_max = {WINDOW}\nthroughput_per_s_max = 60\n\
         settings = {{ bind = {{ reconnect_min_ms = 100, reconnect_max_ms = 200 }} }}"
    )
}

/// Texts go out by the node that has the connector, their receipts find the ESME, and a handset's message, too; also when the queues are made
/// anew while they are full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_by_the_nodes_that_have_the_binds() -> Result<()> {
    let mo = "[[mo]]\nfrom = \"447700900321\"\nto = \"12345\"\ntext = \"YES\"\nafter_ms = 100";
    let carried = Carried::start("carried", &format!("{OPERATOR}\n{mo}"), vec![Rabbit::start().await?]).await?;
    let esme = carried.works()?.esme(&carried.secrets).await?;
    let nodes = carried.two().await?;
    let text = "A text that is longer than one segment has room for. ".repeat(4);
    let id = esme.accepted(message("999100000001", text.as_bytes())).await?;
    let receipts = esme.receipts(1).await?;
    ensure!(receipts[0].id == id && receipts[0].stat == "DELIVRD", "{receipts:?}");
    let handset = esme.handsets(1).await?.remove(0);
    ensure!((handset.source.as_str(), handset.octets.as_slice()) == ("447700900321", b"YES"), "{handset:?}");
    let messages = carried.send("otp").await?;
    carried.operators[0].until_submits(20).await?;
    let shown = carried.command(&["queue", "show"]).await?;
    ensure!(shown.lines().count() == 11 && shown.contains("\"queue\":\"sambac.results\""), "{shown}");
    carried.command(&["queue", "rebuild"]).await?;
    let log = carried.world.path("platform.log");
    until_true("it is done", async || Ok(std::fs::read_to_string(&log)?.contains("are published again"))).await?;
    ensure!(carried.finish(&messages).await? == 0);
    drop(nodes);
    Ok(())
}

/// A node with binds that is to end hands them over within five seconds, and nothing is sent twice. One that is killed is followed by another within the lease;
/// nothing is lost, and what was sent twice says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_goes_on_when_one_with_binds_ends_or_is_killed() -> Result<()> {
    let carried = Carried::start("carried_handed", OPERATOR, vec![Rabbit::start().await?]).await?;
    let [one, other] = carried.two().await?;
    let codes = carried.send("otp").await?;
    carried.operators[0].until_submits(20).await?;
    let asked_at = Instant::now();
    let ended = tokio::spawn(one.terminate(Duration::from_secs(10)));
    until_true("the other node has both", async || Ok(other.bound().await?.len() == 2)).await?;
    let took = asked_at.elapsed();
    ensure!(ended.await??.success() && took < Duration::from_secs(5), "{took:?}");
    let ended = ends(carried.works()?, &carried.secrets, &codes).await?;
    ensure!(judge(&carried.arrivals()?, &ended)? == 0, "a code was sent twice");

    let third = carried.connector_node("4").await?;
    until_true("each node has a connector", async || Ok(third.bound().await?.len() == 1)).await?;
    let messages = carried.send_from(FIRST + SPAN, "transactional").await?;
    until_true("the third sends", async || Ok(carried.arrivals()?.len() > codes.len() + 40)).await?;
    third.kill_9().await?;
    let killed_at = Instant::now();
    until_true("the other node has both", async || Ok(other.bound().await?.len() == 2)).await?;
    ensure!(killed_at.elapsed() < Duration::from_secs(15), "{:?}", killed_at.elapsed());
    let twice = carried.finish(&messages).await?;
    ensure!(twice <= 2 * WINDOW, "{twice} were sent twice");
    Ok(())
}

/// A node that asks for a connector when it is told to end takes nothing that it would have to hand over at once: it ends, and the next one waits for no lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_to_end_takes_nothing_more() -> Result<()> {
    let carried = Carried::start("carried_taken", OPERATOR, vec![Rabbit::start().await?]).await?;
    let one = carried.connector_node("2").await?;
    until_true("it has both", async || Ok(one.bound().await?.len() == 2)).await?;
    ensure!(one.terminate(Duration::from_secs(10)).await?.success());
    let rows = carried.database.lock("SELECT * FROM leases WHERE name LIKE 'connector %' FOR UPDATE").await?;
    let other = carried.connector_node("3").await?;
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until_true("it asks for one", async || Ok(carried.database.number(waits).await? > 0)).await?;
    let log = carried.world.path("platform.log");
    let ended = tokio::spawn(other.terminate(Duration::from_secs(10)));
    let told = async || Ok(std::fs::read_to_string(&log)?.matches("stopping").count() == 2);
    until_true("it is told to end", told).await?;
    rows.free().await?;
    ensure!(ended.await??.success());
    let held = "SELECT count(*) FROM leases WHERE name LIKE 'connector %' AND expires_at > 0";
    ensure!(carried.database.number(held).await? == 0, "a lease is left");
    carried.world.passed();
    Ok(())
}

/// The node with the ledger is killed while segments are in queues and on their way: the one that waits takes them up, and as those that send go on,
/// nothing is in doubt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_in_doubt_when_the_node_with_the_ledger_is_killed() -> Result<()> {
    let mut carried = Carried::start("carried_ledger", OPERATOR, vec![Rabbit::start().await?]).await?;
    let nodes = carried.two().await?;
    let waits = carried.standby("4").await?;
    let messages = carried.send("otp").await?;
    carried.operators[0].until_submits(20).await?;
    let killed_at = Instant::now();
    carried.works.take().context("a node with the ledger")?.kill_9().await?;
    carried.works = Some(waits.until_it_works().await?);
    ensure!(killed_at.elapsed() < Duration::from_secs(15), "{:?}", killed_at.elapsed());
    let put_aside = carried.works()?.metric("sambac_alerts_open{name=\"work_put_aside\"}").await?;
    ensure!(put_aside == 0, "what nobody waits for is forgotten, not put aside");
    ensure!(carried.finish(&messages).await? == 0);
    drop(nodes);
    Ok(())
}

/// The node of the broker that everybody talks to is killed, and then all of its nodes: messages are taken all the time, work goes on by whichever of them are there,
/// and nothing is lost, in doubt or sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_node_of_the_broker_and_all_of_them_may_be_killed() -> Result<()> {
    let rabbits = Vec::from(Rabbit::cluster().await?);
    let mut carried = Carried::start("carried_broker", OPERATOR, rabbits).await?;
    let nodes = carried.two().await?;
    let mut messages = carried.send("otp").await?;
    carried.operators[0].until_submits(20).await?;
    carried.rabbits[0].kill_9().await?;
    messages.extend([carried.send_one(FIRST + 999_999).await?]);
    let sent = carried.arrivals()?.len();
    until_true("work goes on by two", async || Ok(carried.arrivals()?.len() > sent + 40)).await?;
    carried.rabbits[1].kill_9().await?;
    carried.rabbits[2].kill_9().await?;
    messages.extend([carried.send_one(FIRST + 999_998).await?]);
    let [one, two, three] = carried.rabbits.as_mut_slice() else { anyhow::bail!("three brokers") };
    tokio::try_join!(one.start_again(), two.start_again(), three.start_again())?;
    ensure!(carried.finish(&messages).await? == 0);
    drop(nodes);
    Ok(())
}
