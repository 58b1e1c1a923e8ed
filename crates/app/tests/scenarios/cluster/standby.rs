//! The lease: its end, its handing over, and a holder that comes too late.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::postgres::{KillablePostgres, TestDatabase};
use sambac_testkit::scenario::wait::{until, until_true};
use sambac_testkit::scenario::{Gate, Platform, Secrets, Simulator, Site, StandbyNode, World};
use serde_json::{Value, json};

use crate::load::arrivals;
use crate::world;

/// Seconds.
const LEASE: &str = "6";
const MESSAGES: usize = 400;
pub(super) const WINDOW: usize = 10;
/// The first number of messages; the simulator must not read them as magic ones.
pub(super) const FIRST: u64 = 999_100_000_000;
pub(super) const OPERATOR: &str =
    "magic = false\n[answer]\ndelay_ms = [0, 20]\n[receipt]\ndelay_ms = [0, 200]\nresend_max = 100";

/// Two nodes and an operator that takes its time.
struct Pair {
    world: World,
    operator: Simulator,
    secrets: Secrets,
    works: Platform,
    waits: StandbyNode,
    /// By number.
    messages: HashMap<u64, String>,
}

/// A node of its own number.
fn node(number: &'static str) -> [(&'static str, &'static str); 2] {
    [("SAMBAC_CLUSTER_LEASE_S", LEASE), ("SAMBAC_NODE", number)]
}

impl Pair {
    /// With messages of which the operator has some, and the rest waits its turn. The first node reaches the database by a way of
    /// its own, when one is given.
    async fn start(world: World, class: &str, way: Option<&str>) -> Result<Self> {
        let operator = world.simulator("alpha", OPERATOR).await?;
        let connector = format!(
            "window_max = {WINDOW}\nthroughput_per_s_max = 60\n\
             settings = {{ bind = {{ reconnect_min_ms = 100, reconnect_max_ms = 200 }} }}"
        );
        let site = Site::with_one_account("10000").connector("alpha", &operator, &connector);
        let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
        let by = way.map(|url| ("SAMBAC_STORE_URL", url));
        let works = world.platform(&node("1").into_iter().chain(by).collect::<Vec<_>>()).await?;
        let waits = world.standby(&node("2")).await?;
        let told = waits.health().await?;
        ensure!(told.status == 503 && told.text.contains("standby: node 1"), "{}", told.text);
        works.until_bound().await?;
        let recipients: Vec<Value> =
            (0..MESSAGES).map(|number| json!({ "to": format!("+{}", FIRST + number as u64) })).collect();
        let batch = json!({ "from": "Bank", "text": "hello", "class": class, "recipients": recipients });
        let taken = works.rest(&secrets)?.post("/v1/sms/batch", &batch, &[]).await?;
        ensure!(taken.status == 202, "{}", taken.text);
        let decided = taken.body["recipients"].as_array().context("recipients")?;
        let ids = decided.iter().map(|one| one["message_id"].as_str().map(str::to_owned).context("an id"));
        let messages = ids.enumerate().map(|(number, id)| Ok((FIRST + number as u64, id?)));
        let messages = messages.collect::<Result<_>>()?;
        operator.until_submits(MESSAGES / 10).await?;
        Ok(Self { world, operator, secrets, works, waits, messages })
    }
}

/// A database of the shared server.
pub(super) async fn database() -> Result<TestDatabase> {
    sambac_testkit::postgres::database(crate::ledger::migrate).await
}

/// How each message has ended, once all have.
pub(super) async fn ends(
    platform: &Platform,
    secrets: &Secrets,
    messages: &HashMap<u64, String>,
) -> Result<HashMap<u64, Value>> {
    let (rest, mut ended) = (platform.rest(secrets)?, HashMap::new());
    for (number, id) in messages {
        ended.insert(*number, rest.ended(id).await?);
    }
    Ok(ended)
}

/// Nothing is lost, and what was sent twice says so.
pub(super) fn judge(arrivals: &HashMap<u64, usize>, ended: &HashMap<u64, Value>) -> Result<usize> {
    let mut twice = 0;
    for (number, sms) in ended {
        ensure!(sms["state"] == "delivered", "{sms}");
        match arrivals.get(number).copied().unwrap_or_default() {
            0 => anyhow::bail!("{sms} never arrived"),
            1 => {}
            times => {
                ensure!(times == 2 && sms["segments"][0]["possible_duplicate"] == true, "{times} times: {sms}");
                twice += 1;
            }
        }
    }
    Ok(twice)
}

/// A node that is killed is followed by the one that waits, within the lease and a start; nothing is lost or paid for twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_that_waits_goes_on_when_the_other_is_killed() -> Result<()> {
    let database = database().await?;
    let pair = Pair::start(world("cluster_killed")?.on(database.url()), "transactional", None).await?;
    let Pair { world, operator, secrets, works, waits, messages } = pair;
    works.kill_9().await?;
    let killed_at = Instant::now();
    let works = waits.until_it_works().await?;
    let took = killed_at.elapsed();
    ensure!(took < Duration::from_secs(15), "{took:?}");
    let ended = ends(&works, &secrets, &messages).await?;
    let twice = judge(&arrivals(&operator.journal()?), &ended)?;
    ensure!(twice <= 2 * WINDOW, "{twice} were sent twice");
    let balance = works.rest(&secrets)?.balance().await?;
    ensure!(balance.1 == "0.00", "{balance:?}");
    ensure!(works.terminate(Duration::from_secs(10)).await?.success());
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}

/// A node that is asked to end hands over within five seconds, and nothing is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_drained_hands_over() -> Result<()> {
    let database = database().await?;
    let pair = Pair::start(world("cluster_drained")?.on(database.url()), "otp", None).await?;
    let Pair { world, operator, secrets, works, waits, messages } = pair;
    let asked_at = Instant::now();
    let ended = tokio::spawn(works.terminate(Duration::from_secs(10)));
    let works = waits.until_it_works().await?;
    let took = asked_at.elapsed();
    ensure!(ended.await??.success() && took < Duration::from_secs(5), "{took:?}");
    let ended = ends(&works, &secrets, &messages).await?;
    ensure!(judge(&arrivals(&operator.journal()?), &ended)? == 0);
    ensure!(works.terminate(Duration::from_secs(10)).await?.success());
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}

/// A node that stood still for longer than its lease sends nothing any more when it goes on, and ends: what it had before it for
/// its operator is the other's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stood_still_sends_nothing_more() -> Result<()> {
    let database = database().await?;
    let pair = Pair::start(world("cluster_still")?.on(database.url()), "transactional", None).await?;
    let Pair { world, operator, secrets, mut works, waits, messages } = pair;
    works.signal("STOP").await?;
    let other = waits.until_it_works().await?;
    until_true("the other sends", async || Ok(other.metrics().await?.contains("sambac_"))).await?;
    works.signal("CONT").await?;
    until_true("it ends", async || Ok(!works.is_running()?)).await?;
    let ended = ends(&other, &secrets, &messages).await?;
    let twice = judge(&arrivals(&operator.journal()?), &ended)?;
    ensure!(twice <= 2 * WINDOW, "{twice} were sent twice");
    let said = std::fs::read_to_string(world.path("platform.log"))?;
    ensure!(said.contains("takes and sends nothing more"), "{said}");
    ensure!(other.terminate(Duration::from_secs(10)).await?.success());
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}

/// A node that is cut off from its database, and from nothing else, lets its operators go and ends once its lease is over: the other
/// sends, and gets the receipts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_from_its_database_sends_nothing_more() -> Result<()> {
    let world = world("cluster_cut_off")?;
    let server = KillablePostgres::start(&world.path("postgres")).await?;
    let gate = Gate::to(server.socket().as_path()).await?;
    let pair = Pair::start(world.on(&server.url()), "transactional", Some(&server.url_by(gate.port()))).await?;
    let Pair { world, operator, secrets, mut works, waits, messages } = pair;
    gate.shut();
    let shut_at = Instant::now();
    let other = waits.until_it_works().await?;
    let took = shut_at.elapsed();
    ensure!(took < Duration::from_secs(15), "{took:?}");
    let ended = ends(&other, &secrets, &messages).await?;
    let arrived = arrivals(&operator.journal()?);
    let twice = judge(&arrived, &ended)?;
    ensure!(twice <= 2 * WINDOW, "{twice} were sent twice");
    until_true("it ends", async || Ok(!works.is_running()?)).await?;
    gate.open();
    ensure!(arrivals(&operator.journal()?) == arrived, "it sent more");
    ensure!(other.terminate(Duration::from_secs(10)).await?.success());
    world.prove_ledger().await?;
    drop(gate);
    drop(server);
    world.passed();
    Ok(())
}

/// A database without a lease is told what to do, and the lease is refused without PostgreSQL.
#[tokio::test]
async fn a_lease_needs_a_database_that_nodes_can_share() -> Result<()> {
    let world = world("cluster_sqlite")?;
    let refused = world.platform(&node("1")).await.err().context("it started")?.to_string();
    ensure!(refused.contains("cluster.lease_s is for nodes that share a PostgreSQL database"), "{refused}");
    until("nothing is left behind", Duration::from_secs(1), async || {
        Ok((!world.data_folder().join("sambac.db").exists()).then_some(()))
    })
    .await?;
    world.passed();
    Ok(())
}
