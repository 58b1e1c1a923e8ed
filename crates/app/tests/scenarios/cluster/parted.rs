//! The network is cut in two, again and again: a node reaches neither the database nor the broker, and goes on by itself for as long as it may.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::postgres::KillablePostgres;
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::scenario::wait::{PATIENCE, until};
use sambac_testkit::scenario::{ConnectorNode, Gate, Platform, Secrets, Simulator, Site, World};
use serde_json::{Value, json};

use super::standby::{FIRST, OPERATOR, WINDOW, ends, judge};
use crate::load::arrivals;
use crate::world;

/// Seconds.
const LEASE: &str = "6";
const MESSAGES: u64 = 150;
/// How long each cut lasts: moments, and longer than a lease.
const CUTS: [Duration; 5] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(9),
    Duration::from_secs(2),
    Duration::from_millis(700),
];
/// Between two cuts.
const PAUSE: Duration = Duration::from_secs(1);

/// A node's ways to what all nodes share.
struct Ways {
    database: Gate,
    broker: Gate,
    database_url: String,
    queue_url: String,
}

impl Ways {
    async fn new(postgres: &KillablePostgres, rabbit: &Rabbit) -> Result<Self> {
        let (database, broker) = (Gate::to(postgres.socket().as_path()).await?, Gate::to(rabbit.port()).await?);
        let (database_url, queue_url) = (postgres.url_by(database.port()), rabbit.url_by(broker.port()));
        Ok(Self { database, broker, database_url, queue_url })
    }

    fn variables<'a>(&'a self, node: &'a str, roles: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("SAMBAC_CLUSTER_LEASE_S", LEASE),
            ("SAMBAC_NODE", node),
            ("SAMBAC_STORE_URL", &self.database_url),
            ("SAMBAC_QUEUE_URL", &self.queue_url),
            ("SAMBAC_ROLES", roles),
        ]
    }

    /// Nothing passes for a while.
    async fn cut(&self, lasting: Duration) {
        self.database.shut();
        self.broker.shut();
        tokio::time::sleep(lasting).await;
        self.database.open();
        self.broker.open();
        tokio::time::sleep(PAUSE).await;
    }
}

/// A node with the ledger, two with binds, each by ways of its own.
struct Parted {
    world: World,
    operator: Simulator,
    secrets: Secrets,
    works: Platform,
    binds: [ConnectorNode; 2],
    ways: [Ways; 3],
    _servers: (Rabbit, KillablePostgres),
}

impl Parted {
    async fn start(name: &str) -> Result<Self> {
        let world = world(name)?;
        let (rabbit, postgres) = (Rabbit::start().await?, KillablePostgres::start(&world.path("postgres")).await?);
        let world = world.on(&postgres.url());
        let operator = world.simulator("alpha", OPERATOR).await?;
        let connector = format!(
            "window_max = {WINDOW}\nthroughput_per_s_max = 40\n\
             settings = {{ bind = {{ reconnect_min_ms = 100, reconnect_max_ms = 200 }} }}"
        );
        let site =
            Site::with_one_account("10000").connector("alpha", &operator, &connector).route("all", &["alpha"], "");
        let secrets = world.apply(&site).await?;
        let ways = async || Ways::new(&postgres, &rabbit).await;
        let ways = [ways().await?, ways().await?, ways().await?];
        let works = world.platform(&ways[0].variables("1", "worker")).await?;
        let binds = [
            world.connector_node(&ways[1].variables("2", "connector")).await?,
            world.connector_node(&ways[2].variables("3", "connector")).await?,
        ];
        works.until_bound().await?;
        Ok(Self { world, operator, secrets, works, binds, ways, _servers: (rabbit, postgres) })
    }

    /// Which of the nodes with binds has the connector.
    async fn holder(&self) -> Result<usize> {
        until("somebody has the binds", PATIENCE, async || {
            for (place, node) in self.binds.iter().enumerate() {
                if !node.bound().await?.is_empty() {
                    return Ok(Some(place));
                }
            }
            Ok(None)
        })
        .await
    }

    async fn send(&self, round: u64) -> Result<HashMap<u64, String>> {
        let numbers = || (0..MESSAGES).map(|index| FIRST + round * MESSAGES + index);
        let recipients: Vec<Value> = numbers().map(|number| json!({ "to": format!("+{number}") })).collect();
        let batch = json!({ "from": "Bank", "text": "hello", "class": "transactional", "recipients": recipients });
        let taken = self.works.rest(&self.secrets)?.post("/v1/sms/batch", &batch, &[]).await?;
        ensure!(taken.status == 202, "{}", taken.text);
        let decided = taken.body["recipients"].as_array().context("recipients")?;
        let ids = decided.iter().map(|one| one["message_id"].as_str().map(str::to_owned).context("an id"));
        numbers().zip(ids).map(|(number, id)| Ok((number, id?))).collect()
    }
}

/// The node with the binds is cut off, for moments and for longer than its lease, whichever node that is just then: nothing is lost, the operator is sent
/// nothing by two nodes at once, and what was sent twice is marked and no more than a window for each cut. A cut between the ledger's node and the broker
/// holds up and loses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_nodes_are_cut_off_again_and_again() -> Result<()> {
    let parted = Parted::start("cluster_parted").await?;
    let mut messages = HashMap::new();
    for (round, lasting) in (0..).zip(CUTS) {
        messages.extend(parted.send(round).await?);
        let holder = parted.holder().await?;
        parted.ways[holder + 1].cut(lasting).await;
        parted.ways[0].broker.shut();
        tokio::time::sleep(lasting.min(Duration::from_secs(2))).await;
        parted.ways[0].broker.open();
    }
    let ended = ends(&parted.works, &parted.secrets, &messages).await?;
    let twice = judge(&arrivals(&parted.operator.journal()?), &ended)?;
    ensure!(twice <= CUTS.len() * WINDOW, "{twice} were sent twice");
    let balance = parted.works.rest(&parted.secrets)?.balance().await?;
    ensure!(balance.1 == "0.00", "{balance:?}");
    let Parted { world, works, .. } = parted;
    ensure!(works.terminate(Duration::from_secs(10)).await?.success());
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}
