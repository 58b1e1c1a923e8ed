//! What faults of several nodes begin and end with: PostgreSQL, RabbitMQ, Redis, a node with the ledger, and two with operators' binds, each by ways of its own
//! that can be shut.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::oracle::Rules;
use super::rig::{Around, OPERATOR, Rig};
use super::{Fault, Report, Setting};
use crate::postgres::KillablePostgres;
use crate::rabbit::Rabbit;
use crate::redis::RedisServer;
use crate::scenario::wait::until;
use crate::scenario::{ConnectorNode, Gate, Platform, World};

/// Seconds.
pub(super) const LEASE_S: &str = "8";
/// Unanswered segments at one operator.
pub(super) const WINDOW: u64 = 100;
const CONNECTOR: &str = "window_max = 100\nsettings = { bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";
/// Until somebody has the binds.
const BOUND: Duration = Duration::from_secs(60);

/// The nodes and their servers.
pub(super) struct Cluster {
    pub(super) rig: Rig,
    pub(super) works: Platform,
    pub(super) binds: [ConnectorNode; 2],
    /// Of the node with the ledger, and of those with binds.
    pub(super) ways: [Ways; 3],
    pub(super) rabbits: Vec<Rabbit>,
    redis: RedisServer,
    postgres: KillablePostgres,
}

/// A node's ways to what all nodes share.
pub(super) struct Ways {
    pub(super) database: Gate,
    pub(super) broker: Gate,
    pub(super) redis: Gate,
    database_url: String,
    queue_url: String,
    hosts: String,
    redis_url: String,
}

impl Ways {
    async fn new(postgres: &KillablePostgres, rabbits: &[Rabbit], redis: &RedisServer) -> Result<Self> {
        let [first, others @ ..] = rabbits else { anyhow::bail!("no broker") };
        let (database, broker) = (Gate::to(postgres.socket().as_path()).await?, Gate::to(first.port()).await?);
        let (database_url, queue_url) = (postgres.url_by(database.port()), first.url_by(broker.port()));
        let hosts = others.iter().map(Rabbit::place).collect::<Vec<_>>().join(",");
        let redis = Gate::to(redis.port()).await?;
        let redis_url = format!("redis://127.0.0.1:{}", redis.port());
        Ok(Self { database, broker, redis, database_url, queue_url, hosts, redis_url })
    }

    fn variables<'a>(&'a self, node: &'a str, roles: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("SAMBAC_CLUSTER_LEASE_S", LEASE_S),
            ("SAMBAC_NODE", node),
            ("SAMBAC_STORE_URL", &self.database_url),
            ("SAMBAC_QUEUE_URL", &self.queue_url),
            ("SAMBAC_QUEUE_HOSTS", &self.hosts),
            ("SAMBAC_REDIS_URL", &self.redis_url),
            ("SAMBAC_ROLES", roles),
        ]
    }

    /// Nothing passes for a while.
    pub(super) async fn cut(&self, lasting: Duration) {
        self.database.shut();
        self.broker.shut();
        self.redis.shut();
        tokio::time::sleep(lasting).await;
        self.database.open();
        self.broker.open();
        self.redis.open();
    }
}

impl Cluster {
    /// On the binary that users have.
    pub(super) async fn new(fault: &Fault, setting: &Setting, rabbits: Vec<Rabbit>) -> Result<Self> {
        let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
        let world = World::new(&setting.binary.display().to_string(), fault.number)?;
        let postgres = KillablePostgres::start(&world.path("postgres")).await?;
        let redis = RedisServer::start().await?;
        let world = world.on(&postgres.url());
        let mut rig = Rig::in_world(fault, &setting, (OPERATOR, CONNECTOR), (world, Around::default())).await?;
        rig.database = Some(postgres.url());
        let ways = async || Ways::new(&postgres, &rabbits, &redis).await;
        let ways = [ways().await?, ways().await?, ways().await?];
        let works = rig.world.platform(&ways[0].variables("1", "worker")).await?;
        let binds = [
            rig.world.connector_node(&ways[1].variables("2", "connector")).await?,
            rig.world.connector_node(&ways[2].variables("3", "connector")).await?,
        ];
        works.until_bound().await?;
        Ok(Self { rig, works, binds, ways, rabbits, redis, postgres })
    }

    /// Which of the nodes with binds has the connector.
    pub(super) async fn holder(&self) -> Result<usize> {
        until("somebody has the binds", BOUND, async || {
            for (place, node) in self.binds.iter().enumerate() {
                if !node.bound().await?.is_empty() {
                    return Ok(Some(place));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Everything ends, and is judged.
    pub(super) async fn judged(self) -> Result<Report> {
        self.judged_by(&Rules::default()).await
    }

    /// The same by other rules.
    pub(super) async fn judged_by(self, rules: &Rules) -> Result<Report> {
        let Self { mut rig, works, binds, ways, rabbits, redis, postgres } = self;
        rig.rests_of(works).await.context("at the end")?;
        let report = rig.judged(rules).await;
        drop((binds, ways, rabbits, redis, postgres));
        report
    }
}
