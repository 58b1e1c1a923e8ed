//! Work goes by RabbitMQ: one node has the ledger, two have the operators' binds, and any of them may die.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::postgres::TestDatabase;
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::scenario::wait::{PATIENCE, until, until_true};
use sambac_testkit::scenario::{ConnectorNode, Platform, Secrets, Simulator, Site, World, message};
use serde_json::{Value, json};

use super::standby::{database, ends, judge};
use crate::load::arrivals;
use crate::world;

/// Seconds.
const LEASE: &str = "5";
const MESSAGES: usize = 300;
const WINDOW: usize = 10;
/// The first number of messages; the simulator must not read them as magic ones.
const FIRST: u64 = 999_100_000_000;
const OPERATOR: &str = "magic = false\n[answer]\ndelay_ms = [0, 20]\n[receipt]\ndelay_ms = [0, 200]\nresend_max = 100";

/// A node with the ledger, nodes with binds, and two operators.
struct Carried {
    world: World,
    rabbit: Rabbit,
    operators: Vec<Simulator>,
    secrets: Secrets,
    /// The node with the ledger; none while there is none.
    works: Option<Platform>,
    _database: TestDatabase,
}

impl Carried {
    async fn start(name: &str, operator: &str, connector: &str) -> Result<Self> {
        let (database, rabbit) = (database().await?, Rabbit::start().await?);
        let world = world(name)?.on(database.url());
        let mut operators = Vec::new();
        let mut site = Site::with_one_account("10000");
        for name in ["alpha", "beta"] {
            let simulator = world.simulator(name, operator).await?;
            site = site.connector(name, &simulator, connector);
            operators.push(simulator);
        }
        let site = site.route("beta", &["beta"], "match = { prefix = \"9992\" }").route("all", &["alpha"], "");
        let site = site.mo_route("bank", "all", "{ smpp = \"esme\" }", "");
        let secrets = world.apply(&site).await?;
        let works = world.platform(&Self::variables(&rabbit.url(), "1", "worker")).await?;
        Ok(Self { world, rabbit, operators, secrets, works: Some(works), _database: database })
    }

    fn variables<'a>(url: &'a str, node: &'a str, roles: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("SAMBAC_CLUSTER_LEASE_S", LEASE),
            ("SAMBAC_NODE", node),
            ("SAMBAC_QUEUE_URL", url),
            ("SAMBAC_ROLES", roles),
        ]
    }

    /// A node with binds.
    async fn connector_node(&self, node: &str) -> Result<ConnectorNode> {
        let url = self.rabbit.url();
        self.world.connector_node(&Self::variables(&url, node, "connector")).await
    }

    /// Two nodes, each with one connector.
    async fn two(&self) -> Result<[ConnectorNode; 2]> {
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
    async fn send(&self, class: &str) -> Result<HashMap<u64, String>> {
        let number = |index: usize| FIRST + (index as u64 % 2) * 100_000_000 + index as u64;
        let recipients: Vec<Value> = (0..MESSAGES).map(|index| json!({ "to": format!("+{}", number(index)) })).collect();
        let batch = json!({ "from": "Bank", "text": "hello", "class": class, "recipients": recipients });
        let taken = self.works()?.rest(&self.secrets)?.post("/v1/sms/batch", &batch, &[]).await?;
        ensure!(taken.status == 202, "{}", taken.text);
        let decided = taken.body["recipients"].as_array().context("recipients")?;
        let ids = decided.iter().map(|one| one["message_id"].as_str().map(str::to_owned).context("an id"));
        ids.enumerate().map(|(index, id)| Ok((number(index), id?))).collect()
    }

    fn arrivals(&self) -> Result<HashMap<u64, usize>> {
        let mut all = HashMap::new();
        for operator in &self.operators {
            for (number, times) in arrivals(&operator.journal()?) {
                *all.entry(number).or_default() += times;
            }
        }
        Ok(all)
    }

    fn works(&self) -> Result<&Platform> {
        self.works.as_ref().context("a node with the ledger")
    }

    async fn kill_ledger(&mut self) -> Result<()> {
        self.works.take().context("a node with the ledger")?.kill_9().await
    }

    /// Everything has ended, was paid for once, and nothing is left in a queue. How many messages were sent twice.
    async fn finish(self, messages: &HashMap<u64, String>) -> Result<usize> {
        let works = self.works()?;
        let ended = ends(works, &self.secrets, messages).await?;
        let twice = judge(&self.arrivals()?, &ended)?;
        let balance = works.rest(&self.secrets)?.balance().await?;
        ensure!(balance.1 == "0.00", "{balance:?}");
        let Self { works, world, .. } = self;
        ensure!(works.context("a node with the ledger")?.terminate(Duration::from_secs(10)).await?.success());
        world.prove_ledger().await?;
        world.passed();
        Ok(twice)
    }
}

fn connector() -> String {
    format!(
        "window_max = {WINDOW}\nthroughput_per_s_max = 60\n\
         settings = {{ bind = {{ reconnect_min_ms = 100, reconnect_max_ms = 200 }} }}"
    )
}

/// Texts go out by the node that has the connector, their receipts find the ESME, and a handset's message, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_by_the_nodes_that_have_the_binds() -> Result<()> {
    let operator = "magic = false\n[receipt]\ndelay_ms = [0, 50]\n[[mo]]\nfrom = \"447700900321\"\n\
                    to = \"12345\"\ntext = \"YES\"\nafter_ms = 100";
    let carried = Carried::start("carried", operator, &connector()).await?;
    let esme = carried.works()?.esme(&carried.secrets).await?;
    let nodes = carried.two().await?;
    let text = "A text that is longer than one segment has room for. ".repeat(4);
    let id = esme.accepted(message("999100000001", text.as_bytes())).await?;
    let receipts = esme.receipts(1).await?;
    ensure!(receipts[0].id == id && receipts[0].stat == "DELIVRD", "{receipts:?}");
    let handset = esme.handsets(1).await?.remove(0);
    ensure!((handset.source.as_str(), handset.octets.as_slice()) == ("447700900321", b"YES"), "{handset:?}");
    let messages = carried.send("otp").await?;
    ensure!(carried.finish(&messages).await? == 0);
    drop(nodes);
    Ok(())
}

/// A node with binds that is to end hands them over within five seconds, and nothing is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_drained_hands_its_binds_over() -> Result<()> {
    let carried = Carried::start("carried_drained", OPERATOR, &connector()).await?;
    let [one, other] = carried.two().await?;
    let messages = carried.send("otp").await?;
    carried.operators[0].until_submits(20).await?;
    let asked_at = Instant::now();
    let ended = tokio::spawn(one.terminate(Duration::from_secs(10)));
    until_true("the other node has both", async || Ok(other.bound().await?.len() == 2)).await?;
    let took = asked_at.elapsed();
    ensure!(ended.await??.success() && took < Duration::from_secs(5), "{took:?}");
    ensure!(carried.finish(&messages).await? == 0);
    Ok(())
}

/// A node with binds is killed: another has them within the lease, nothing is lost, and what was sent twice says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_goes_on_when_one_with_binds_is_killed() -> Result<()> {
    let carried = Carried::start("carried_killed", OPERATOR, &connector()).await?;
    let [one, other] = carried.two().await?;
    let messages = carried.send("transactional").await?;
    carried.operators[0].until_submits(20).await?;
    one.kill_9().await?;
    let killed_at = Instant::now();
    until_true("the other node has both", async || Ok(other.bound().await?.len() == 2)).await?;
    ensure!(killed_at.elapsed() < Duration::from_secs(15), "{:?}", killed_at.elapsed());
    let twice = carried.finish(&messages).await?;
    ensure!(twice <= 2 * WINDOW, "{twice} were sent twice");
    Ok(())
}

/// The node with the ledger is killed while segments are in queues and on their way: the one that waits takes them up, and as those that send go on,
/// nothing is in doubt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_in_doubt_when_the_node_with_the_ledger_is_killed() -> Result<()> {
    let mut carried = Carried::start("carried_ledger_killed", OPERATOR, &connector()).await?;
    let nodes = carried.two().await?;
    let url = carried.rabbit.url();
    let waits = carried.world.standby(&Carried::variables(&url, "4", "worker")).await?;
    let messages = carried.send("otp").await?;
    carried.operators[0].until_submits(20).await?;
    let killed_at = Instant::now();
    let works = waits.until_it_works();
    let (works, killed) = tokio::join!(works, carried.kill_ledger());
    killed?;
    carried.works = Some(works?);
    ensure!(killed_at.elapsed() < Duration::from_secs(15), "{:?}", killed_at.elapsed());
    ensure!(carried.finish(&messages).await? == 0);
    drop(nodes);
    Ok(())
}
