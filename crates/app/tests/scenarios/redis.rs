//! Limits that several nodes count in one Redis: shared while it is there, parted while it is away, and no message is touched by what
//! happens to it (F5).

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::redis::RedisServer;
use sambac_testkit::scenario::smpp::BindKind;
use sambac_testkit::scenario::wait::{PATIENCE, until_true};
use sambac_testkit::scenario::{Platform, Rest, Secrets, Simulator, Site, World, message};
use serde_json::{Value, json};

use crate::admin_shell::{SCOPES, Shell};
use crate::load::{Load, all_delivered, arrivals};
use crate::smpp_tls::Authority;
use crate::world;

const DECIDED_THERE: &str = "sambac_rate_decisions_total{name=\"redis\"}";
const THROTTLED: u32 = 0x58;
const LIMITS: &str =
    "throughput = \"1/h burst 40\"\nrate_limits = { send = \"1/h burst 12\", destination = \"1/h burst 2\" }";

/// The account `bank` with these keys beside the usual ones.
fn site(limits: &str, operator: &Simulator) -> Site {
    let payment = "payment = [{ amount = \"10000\", reference = \"first\" }]";
    Site::new()
        .table("tariff", "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\" }]")
        .table("account", &format!("name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\n{limits}\n{payment}"))
        .api_key("bank", "main")
        .smpp_account("bank", "esme", "window_max = 100")
        .table("admin_key", SCOPES)
        .connector("alpha", operator, "window_max = 50")
        .route("all", &["alpha"], "")
}

/// A platform with this Redis, which waits for it as long as a machine takes that is busy with other tests.
async fn started(world: &World, redis: &RedisServer, more: &[(&str, &str)]) -> Result<Platform> {
    let url = redis.url();
    let own = [("SAMBAC_REDIS_URL", url.as_str()), ("SAMBAC_REDIS_TIMEOUT_MS", "5000")];
    world.platform(&[&own, more].concat()).await
}

/// Waits until readiness says so: `redis` or `alone`, and among how many nodes.
async fn until_counted(platform: &Platform, counted: &str, nodes: u64) -> Result<()> {
    let wanted = json!({ "counted": counted, "nodes": nodes });
    until_true(&format!("limits are {wanted}"), async || Ok(platform.health().await?["shared_limits"] == wanted)).await
}

fn copied(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

async fn sent(rest: &Rest, number: u64) -> Result<(u16, Value)> {
    let reply = rest.send(&json!({ "to": format!("+99910000{number:04}"), "from": "Bank", "text": "hello" })).await?;
    let limits = reply.headers.get("ratelimit").and_then(|value| value.to_str().ok()).unwrap_or_default();
    ensure!(limits.starts_with("\"send\";r="), "{limits}");
    ensure!(reply.status == 202 || reply.headers.contains_key("retry-after"), "{}", reply.text);
    Ok((reply.status, reply.body))
}

/// Two processes with the same accounts and one Redis: what one lets pass is used up at the other, be it calls, messages to a number or
/// segments over SMPP. The same database cannot be served by two processes, so each has a copy.
#[tokio::test]
async fn two_platforms_share_their_limits() -> Result<()> {
    let redis = RedisServer::start_with("5ecret").await?;
    let (one, other) = (world("redis_one")?, world("redis_other")?);
    let operator = one.simulator("alpha", "magic = false").await?;
    let secrets = one.apply(&site(LIMITS, &operator)).await?;
    copied(&one.data_folder(), &other.data_folder())?;
    let first = started(&one, &redis, &[]).await?;
    let second = started(&other, &redis, &[("SAMBAC_NODE", "1")]).await?;
    until_counted(&first, "redis", 2).await?;
    let rests = [first.rest(&secrets)?, second.rest(&secrets)?];
    let [here, there] = &rests;
    ensure!((sent(here, 0).await?.0, sent(there, 0).await?.0) == (202, 202));
    for rest in &rests {
        let (status, problem) = sent(rest, 0).await?;
        ensure!(status == 429 && problem.to_string().contains("/to"), "the number has had its two: {problem}");
    }
    let mut passed = 4;
    for number in 1..=20 {
        passed += usize::from(sent(&rests[number % 2], u64::try_from(number)?).await?.0 == 202);
    }
    ensure!(passed == 12, "{passed} of 12 calls that send passed, at two platforms");
    // 10 segments of 40 were taken by REST.
    let esmes = [first.esme(&secrets).await?, second.esme(&secrets).await?];
    let mut taken = 0;
    for number in 0..60 {
        let answer = esmes[number % 2].submit(message(&format!("99920000{number:04}"), b"hello")).await?;
        ensure!(answer.status == 0 || answer.status == THROTTLED, "{answer:?}");
        taken += usize::from(answer.status == 0);
    }
    ensure!(taken == 30, "{taken} of 30 segments were left");
    let keys = redis.ask(&["KEYS", "*"]).await?;
    ensure!(keys.lines().count() > 40 && keys.lines().all(|key| key.starts_with("sambac:{")), "{keys}");
    ensure!(!keys.contains("9991") && !keys.contains("9992"), "no number is to be read there: {keys}");
    ensure!(first.metric(DECIDED_THERE).await? > 30);
    // Who ends in good order is not counted any more.
    drop(esmes);
    ensure!(second.terminate(PATIENCE).await?.success());
    until_true("the other one is gone", async || Ok(first.metric("sambac_redis_nodes").await? == 1)).await?;
    for world in [one, other] {
        let log = std::fs::read_to_string(world.path("platform.log"))?;
        ensure!(!log.contains("5ecret"), "a password is in the log");
        world.passed();
    }
    Ok(())
}

/// A client that has bound at one node has as many binds fewer at the other one, until it unbinds there; an administrator sees who is where.
#[tokio::test]
async fn a_client_has_its_binds_once_over_all_nodes() -> Result<()> {
    let redis = RedisServer::start().await?;
    let (one, other) = (world("redis_binds_one")?, world("redis_binds_other")?);
    let operator = one.simulator("alpha", "").await?;
    let site = site("", &operator).smpp_account("bank", "twice", "binds_max = 2");
    let secrets = one.apply(&site).await?;
    copied(&one.data_folder(), &other.data_folder())?;
    let first = started(&one, &redis, &[]).await?;
    let second = started(&other, &redis, &[("SAMBAC_NODE", "1")]).await?;
    until_counted(&first, "redis", 2).await?;
    let binds = [
        first.esme_as(&secrets, "twice", BindKind::Transceiver).await?,
        first.esme_as(&secrets, "twice", BindKind::Transceiver).await?,
    ];
    let admin = second.rest(&secrets)?.with_key(secrets.admin_key("operations")?);
    let seen = async |wanted: &[u64]| {
        let nodes = admin.get("/v1/admin/nodes").await?.body;
        let at = |node: &Value| {
            node["binds"].as_array().map_or(0, |binds| binds.iter().filter_map(|it| it["binds"].as_u64()).sum())
        };
        let found: Vec<u64> = nodes["data"].as_array().into_iter().flatten().map(at).collect();
        anyhow::Ok(found == wanted)
    };
    until_true("both binds are seen at the other node", async || seen(&[2, 0]).await).await?;
    let refused = second.esme_as(&secrets, "twice", BindKind::Transceiver).await;
    ensure!(refused.is_err(), "it has two binds already");
    for bind in binds {
        bind.unbind().await;
    }
    until_true("they are gone", async || seen(&[0, 0]).await).await?;
    let _again = second.esme_as(&secrets, "twice", BindKind::Transceiver).await?;
    until_true("it has bound here now", async || seen(&[0, 1]).await).await?;
    for world in [one, other] {
        world.passed();
    }
    Ok(())
}

/// Over TLS, by an authority of its own; to who does not know that authority, Redis is away.
#[tokio::test]
async fn redis_is_known_by_its_certificate() -> Result<()> {
    let authority = Authority::new()?;
    let identity = authority.issue()?;
    let redis = RedisServer::start_tls(&identity.certificate_pem, &identity.key.serialize_pem()).await?;
    let world = world("redis_tls")?;
    let file = world.path("authority.pem");
    std::fs::write(&file, &authority.identity.certificate_pem)?;
    let file = file.to_str().context("a path")?;
    let platform = started(&world, &redis, &[("SAMBAC_REDIS_CA_FILE", file)]).await?;
    until_counted(&platform, "redis", 1).await?;
    let output = world.run_with(&["doctor"], &[("SAMBAC_REDIS_URL", &redis.url())]).await?;
    let said = String::from_utf8(output.stdout)?;
    ensure!(said.contains("invalid peer certificate"), "{said}");
    world.passed();
    Ok(())
}

/// What is open of the alert, if it was ever raised.
async fn alert(shell: &Shell) -> Result<Option<Value>> {
    let all = shell.ask(&["alerts"]).await?;
    Ok(all["data"].as_array().into_iter().flatten().find(|alert| alert["kind"] == "shared_limits").cloned())
}

async fn until_alert(shell: &Shell, is_open: bool) -> Result<()> {
    let found = async || Ok(alert(shell).await?.is_some_and(|alert| alert.get("cleared_at").is_none() == is_open));
    until_true(if is_open { "the alert is open" } else { "the alert is cleared" }, found).await
}

/// A key of its own that was revoked.
async fn revoked(rest: &Rest) -> Result<Rest> {
    let made = rest.post("/v1/keys", &json!({ "name": "leaked", "scopes": ["sms:read"] }), &[]).await?;
    let text = |field: &str| made.body[field].as_str().with_context(|| made.text.clone());
    let leaked = rest.with_key(text("key")?);
    ensure!(leaked.get("/v1/sms/msg_01h2xcejqtf2n").await?.status == 404, "it works");
    ensure!(rest.delete(&format!("/v1/keys/{}", text("id")?)).await?.status < 300);
    ensure!(leaked.get("/v1/sms/msg_01h2xcejqtf2n").await?.status == 401, "it is revoked");
    Ok(leaked)
}

/// How many calls of a key pass that has four in an hour.
async fn few(rest: &Rest, name: &str) -> Result<usize> {
    let body = json!({ "name": name, "scopes": ["balance:read"], "rate_limit": "1/h burst 4" });
    let made = rest.post("/v1/keys", &body, &[]).await?;
    let key = rest.with_key(made.body["key"].as_str().with_context(|| made.text.clone())?);
    let mut passed = 0;
    for _ in 0..6 {
        passed += usize::from(key.get("/v1/balance").await?.status == 200);
    }
    Ok(passed)
}

/// F5: Redis is killed, started, emptied and frozen under load. Every message is taken, sent once, delivered and paid once; limits hold at this
/// node's part and come back; a person is told, and told that it is over; what was revoked stays revoked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_redis_no_message_is_touched() -> Result<()> {
    let mut redis = RedisServer::start().await?;
    let world = world("redis_gone")?;
    let mut operator = world.simulator("alpha", "magic = false").await?;
    let limits = "throughput = \"100000/s\"\nrate_limits = { send = \"10000/s\", destination = \"100/s\" }";
    let secrets = world.apply(&site(limits, &operator)).await?;
    let two = [("SAMBAC_REDIS_NODES_MIN", "2"), ("SAMBAC_REDIS_TIMEOUT_MS", "200")];
    let platform = started(&world, &redis, &two).await?;
    until_counted(&platform, "redis", 2).await?;
    let (rest, shell) = (platform.rest(&secrets)?, Shell::new(platform.http(), secrets.admin_key("operations")?));
    let leaked = revoked(&rest).await?;
    let done = AtomicBool::new(false);
    let (load, played) = tokio::join!(under_load(&platform, &secrets, &done), async {
        let played = play(&mut redis, &platform, &rest, &shell, &leaked).await;
        done.store(true, Ordering::Relaxed);
        played
    });
    let count = load.and_then(|count| played.map(|()| count))?;
    ensure!(count > 100, "{count} messages are no load");
    all_delivered(&mut world.database().await?, count, PATIENCE).await?;
    let arrived = arrivals(&operator.finish().await?);
    ensure!(arrived.len() == count && arrived.values().all(|times| *times == 1), "each arrived once");
    world.passed();
    Ok(())
}

/// Messages without a pause until it is over; all must be taken.
async fn under_load(platform: &Platform, secrets: &Secrets, done: &AtomicBool) -> Result<usize> {
    let (load, mut count) = (Load::default(), 0);
    while !done.load(Ordering::Relaxed) {
        let esme = platform.esme(secrets).await?;
        let acknowledged = load.send(&esme, 50).await?.len();
        ensure!(acknowledged == 50, "{acknowledged} of 50 were taken");
        count += acknowledged;
        esme.unbind().await;
    }
    Ok(count)
}

async fn play(redis: &mut RedisServer, platform: &Platform, rest: &Rest, shell: &Shell, leaked: &Rest) -> Result<()> {
    ensure!(few(rest, "there").await? == 4 && alert(shell).await?.is_none());
    redis.kill_9().await?;
    until_counted(platform, "alone", 2).await?;
    ensure!(few(rest, "away").await? == 2, "this node's half");
    until_alert(shell, true).await?;
    ensure!(platform.metric("sambac_redis_up").await? == 0);
    ensure!(platform.metric("sambac_rate_decisions_total{name=\"alone\"}").await? > 0);
    ensure!(leaked.get("/v1/sms/msg_01h2xcejqtf2n").await?.status == 401);
    redis.start_again().await?;
    until_counted(platform, "redis", 2).await?;
    until_alert(shell, false).await?;
    ensure!(few(rest, "back").await? == 4 && platform.metric("sambac_redis_up").await? == 1);
    for _ in 0..5 {
        redis.ask(&["FLUSHALL"]).await?;
        ensure!(leaked.get("/v1/sms/msg_01h2xcejqtf2n").await?.status == 401, "a flush un-revokes nothing");
        let decided = platform.metric(DECIDED_THERE).await?;
        until_true("it is asked again", async || Ok(platform.metric(DECIDED_THERE).await? > decided)).await?;
    }
    ensure!(few(rest, "emptied").await? == 4);
    redis.freeze().await?;
    until_counted(platform, "alone", 2).await?;
    ensure!(few(rest, "frozen").await? == 2);
    redis.thaw().await?;
    until_counted(platform, "redis", 2).await
}
