//! `sambac doctor`: what endangers messages or money is named, with what to change; what is as it should be is no alarm.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use sambac_bus::amqp::Consumer;
use sambac_testkit::postgres::{KillablePostgres, empty_database};
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::redis::RedisServer;
use sambac_testkit::scenario::{Site, World};
use serde_json::Value;

use crate::cluster::broker;
use crate::world;

const CHECK_FAILED: i32 = 7;

/// What the doctor says of each thing, and what of it is bad. Where the tests' folder lies is no matter of theirs.
pub(crate) async fn looked_at(
    world: &World,
    variables: &[(&str, &str)],
) -> Result<(BTreeMap<String, Value>, Vec<String>)> {
    let output = world.run_with(&["--output", "json", "doctor"], variables).await?;
    let lines = String::from_utf8(output.stdout)?;
    let found = lines.lines().map(|line| {
        let found: Value = serde_json::from_str(line)?;
        Ok((found["check"].as_str().context("no check")?.to_owned(), found))
    });
    let found: BTreeMap<_, _> = found.collect::<Result<_>>()?;
    let is_bad = |check: &&String| found[*check]["verdict"] == "bad";
    let bad: Vec<_> = found.keys().filter(is_bad).cloned().collect();
    let expected = if bad.is_empty() { 0 } else { CHECK_FAILED };
    assert_eq!(output.status.code(), Some(expected), "{found:?}");
    Ok((found, bad.into_iter().filter(|check| check != "file system").collect()))
}

pub(crate) fn verdict<'a>(found: &'a BTreeMap<String, Value>, check: &str) -> &'a str {
    found.get(check).and_then(|found| found["verdict"].as_str()).unwrap_or("not looked at")
}

/// Before the first start nothing is bad; a folder that others can read is, and its owner is told the command that mends it.
#[tokio::test]
async fn a_folder_that_others_can_read_is_bad() -> Result<()> {
    let world = world("doctor_folder")?;
    let (found, bad) = looked_at(&world, &[]).await?;
    assert_eq!((verdict(&found, "database"), &*bad), ("skipped", &[][..]), "{found:?}");
    ensure!(!world.data_folder().join("sambac.db").exists(), "it makes nothing");
    world.apply(&Site::with_one_account("10")).await?;
    let (found, bad) = looked_at(&world, &[]).await?;
    let verdicts = ["data folder", "database", "schema", "database version"].map(|check| verdict(&found, check));
    assert_eq!((verdicts, &*bad), (["ok"; 4], &[][..]), "{found:?}");
    assert_eq!(verdict(&found, "master key"), "warning", "it lies beside what it seals");
    std::fs::set_permissions(world.data_folder(), std::fs::Permissions::from_mode(0o755))?;
    let (found, bad) = looked_at(&world, &[]).await?;
    assert_eq!(bad, ["data folder"]);
    let to_do = found["data folder"]["to_do"].as_str().context("nothing to do")?;
    assert_eq!(to_do, format!("chmod 700 {}", world.data_folder().display()));
    world.passed();
    Ok(())
}

/// A server that does not flush loses what it said was kept; one as it comes is good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_flush_is_bad() -> Result<()> {
    let (careless, careful) = (world("doctor_careless")?, world("doctor_careful")?);
    let database = empty_database().await?;
    let (found, bad) = looked_at(&careless, &[("SAMBAC_STORE_URL", database.url())]).await?;
    assert_eq!(bad, ["flushing", "page writes"], "{found:?}");
    assert_eq!(["synchronous_commit", "encoding"].map(|check| verdict(&found, check)), ["ok"; 2], "{found:?}");
    let server = KillablePostgres::start(&careful.path("postgres")).await?;
    let (found, bad) = looked_at(&careful, &[("SAMBAC_STORE_URL", &server.url())]).await?;
    let verdicts = ["flushing", "page writes", "writable", "clock"].map(|check| verdict(&found, check));
    assert_eq!((verdicts, &*bad), (["ok"; 4], &[][..]), "{found:?}");
    assert_eq!(verdict(&found, "role"), "warning", "it is a superuser");
    drop(server);
    let (found, bad) =
        looked_at(&careful, &[("SAMBAC_STORE_URL", "postgres://nobody:5ecret@127.0.0.1:1/none")]).await?;
    assert_eq!(bad, ["database"]);
    ensure!(!found["database"].to_string().contains("5ecret"), "{}", found["database"]);
    careless.passed();
    careful.passed();
    Ok(())
}

/// A broker that is away holds nothing up and is a warning; a queue that nobody takes from is named.
#[tokio::test]
async fn a_queue_that_nobody_takes_from_is_named() -> Result<()> {
    let world = world("doctor_broker")?;
    let away = [("SAMBAC_EVENTS_URL", "amqp://guest:5ecret@127.0.0.1:1/%2f")];
    let (found, bad) = looked_at(&world, &away).await?;
    assert_eq!((verdict(&found, "broker"), &*bad), ("warning", &[][..]), "{found:?}");
    ensure!(!found["broker"].to_string().contains("5ecret"), "{}", found["broker"]);
    let rabbit = Rabbit::start().await?;
    let url = rabbit.url();
    let there = [("SAMBAC_EVENTS_URL", url.as_str()), ("SAMBAC_MIRROR_QUEUE", "test")];
    let (found, _) = looked_at(&world, &there).await?;
    let verdicts = ["broker", "exchange", "mirror's queue"].map(|check| verdict(&found, check));
    assert_eq!(verdicts, ["ok", "skipped", "skipped"], "{found:?}");
    let consumer = Consumer::connect(&url.parse()?, "sambac.billing", "test", &["#"], 10).await?;
    assert_eq!(verdict(&looked_at(&world, &there).await?.0, "mirror's queue"), "ok");
    consumer.close().await;
    let (found, _) = looked_at(&world, &there).await?;
    assert_eq!((verdict(&found, "exchange"), verdict(&found, "mirror's queue")), ("ok", "warning"), "{found:?}");
    world.passed();
    Ok(())
}

/// A broker of work that is away is bad, since nothing is sent then; a queue that somebody else has made may lose what is in it.
#[tokio::test]
async fn queues_of_work_are_as_they_must_be() -> Result<()> {
    let database = empty_database().await?;
    let world = world("doctor_work")?.on(database.url());
    let lease = ("SAMBAC_CLUSTER_LEASE_S", "8");
    let away = [lease, ("SAMBAC_QUEUE_URL", "amqp://guest:5ecret@127.0.0.1:1/%2f")];
    let (found, _) = looked_at(&world, &away).await?;
    assert_eq!(verdict(&found, "work queue"), "bad", "{found:?}");
    ensure!(!format!("{found:?}").contains("5ecret"), "{found:?}");
    let rabbit = Rabbit::start().await?;
    let url = rabbit.url();
    let there = [lease, ("SAMBAC_QUEUE_URL", url.as_str())];
    let verdicts = async || -> Result<[String; 3]> {
        let (found, _) = looked_at(&world, &there).await?;
        Ok(["work queue", "work queues", "put aside"].map(|check| verdict(&found, check).to_owned()))
    };
    assert_eq!(verdicts().await?, ["ok", "skipped", "ok"]);
    let (found, _) = looked_at(&world, &there).await?;
    let said = found["work queue"]["found"].as_str().context("what was found")?;
    ensure!(said.contains("answers: RabbitMQ "), "{said}");
    let (broker, queues) = broker(&url).await?;
    broker.declare(&queues.results()).await?;
    assert_eq!(verdicts().await?, ["ok", "ok", "ok"]);
    broker.declare(&queues.unreadable()).await?;
    broker.publish(&queues.unreadable(), b"?", true).await?.await?;
    assert_eq!(verdicts().await?, ["ok", "ok", "warning"]);
    let another = Consumer::connect(&url.parse()?, "sambac.billing", &queues.dead(), &["#"], 10).await?;
    another.close().await;
    let (found, bad) = looked_at(&world, &there).await?;
    ensure!(bad.iter().any(|check| check == "work queues"), "{found:?}");
    world.passed();
    Ok(())
}

/// A Redis that is away is a warning, as is one without a bound, or one that takes nothing once it is full; its password is not told.
#[tokio::test]
async fn what_is_wrong_with_redis_is_a_warning() -> Result<()> {
    let world = world("doctor_redis")?;
    let (found, _) = looked_at(&world, &[]).await?;
    assert_eq!(verdict(&found, "redis"), "skipped");
    let mut redis = RedisServer::start_with("5ecret").await?;
    let url = redis.url();
    let there = [("SAMBAC_REDIS_URL", url.as_str()), ("SAMBAC_REDIS_TIMEOUT_MS", "5000")];
    let checks =
        ["redis", "redis scripts", "redis version", "redis role", "redis disk", "redis encryption", "redis answers"];
    let (found, bad) = looked_at(&world, &there).await?;
    assert_eq!((checks.map(|check| verdict(&found, check)), &*bad), (["ok"; 7], &[][..]), "{found:?}");
    assert_eq!(verdict(&found, "redis memory"), "warning", "no bound");
    for (setting, value, expected) in [
        ("maxmemory", "100mb", "warning"),
        ("maxmemory-policy", "allkeys-lru", "ok"),
        ("maxmemory-policy", "noeviction", "warning"),
    ] {
        redis.ask(&["CONFIG", "SET", setting, value]).await?;
        let (found, _) = looked_at(&world, &there).await?;
        assert_eq!(verdict(&found, "redis memory"), expected, "{setting} {value}: {found:?}");
    }
    redis.ask(&["ACL", "SETUSER", "few", "on", ">5ecret", "~sambac:*", "+ping", "+select"]).await?;
    let few = url.replace("redis://:", "redis://few:");
    let (found, bad) = looked_at(&world, &[("SAMBAC_REDIS_URL", &few)]).await?;
    let verdicts = ["redis", "redis scripts", "redis version"].map(|check| verdict(&found, check));
    assert_eq!((verdicts, &*bad), (["ok", "warning", "skipped"], &[][..]), "{found:?}");
    redis.ask(&["REPLICAOF", "127.0.0.1", "1"]).await?;
    assert_eq!(verdict(&looked_at(&world, &there).await?.0, "redis role"), "warning");
    redis.kill_9().await?;
    let (found, bad) = looked_at(&world, &there).await?;
    assert_eq!((verdict(&found, "redis"), &*bad), ("warning", &[][..]), "{found:?}");
    ensure!(!format!("{found:?}").contains("5ecret"), "{found:?}");
    world.passed();
    Ok(())
}
