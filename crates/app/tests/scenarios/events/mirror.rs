//! The mirror has what the platform has, whoever was killed meanwhile, and keeps what it cannot read.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_bus::amqp::{Outgoing, Publisher};
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::scenario::wait::{until, until_true};
use sambac_testkit::scenario::{Database, Mirror, Platform, World};
use serde_json::{Value, json};

use super::{EXCHANGE, LIMIT, provisioned, started};
use crate::world;

/// Exit code of a check that failed.
const CHECK_FAILED: i32 = 7;

fn variables<'a>(rabbit_url: &'a str, mirror_url: &'a str) -> [(&'a str, &'a str); 2] {
    [("SAMBAC_EVENTS_URL", rabbit_url), ("SAMBAC_MIRROR_URL", mirror_url)]
}

fn mirror_url(world: &World) -> String {
    format!("sqlite://{}", world.path("mirror.db").display())
}

async fn mirror(world: &World, rabbit: &Rabbit) -> Result<Mirror> {
    let (rabbit_url, mirror_url) = (rabbit.url(), mirror_url(world));
    let taken =
        || std::fs::read_to_string(world.path("mirror.log")).unwrap_or_default().matches("events are taken").count();
    let before = taken();
    let mirror = world.mirror(&variables(&rabbit_url, &mirror_url)).await?;
    // What is published before its queue is bound is for nobody.
    until_true("it takes events", async || Ok(taken() > before)).await?;
    Ok(mirror)
}

/// `sambac mirror --verify`: its exit code, and what it says.
async fn verified(world: &World) -> Result<(Option<i32>, Value)> {
    let url = mirror_url(world);
    let output = world.run_with(&["--output", "json", "mirror", "--verify"], &[("SAMBAC_MIRROR_URL", &url)]).await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok((output.status.code(), serde_json::from_slice(&output.stdout).context(said)?))
}

async fn until_equal(world: &World) -> Result<Value> {
    until("the mirror has what the platform has", LIMIT, async || {
        let (code, said) = verified(world).await?;
        Ok((code == Some(0)).then_some(said))
    })
    .await
}

/// Sends so many messages, each of which is delivered.
async fn send(platform: &Platform, secrets: &sambac_testkit::scenario::Secrets, count: usize) -> Result<()> {
    let rest = platform.rest(secrets)?;
    for number in 0..count {
        rest.send_text("+447700900123", &format!("hello {number}")).await?;
    }
    Ok(())
}

async fn until_all_ended(world: &World) -> Result<()> {
    until_true("everything has ended", async || Ok(world.database().await?.open_messages().await? == 0)).await
}

/// The broker, the platform and the mirror are killed one after the other while messages are sent; in the end charges and CDRs of
/// the mirror are those of the platform. A record that is spoiled then is found.
#[tokio::test]
async fn the_mirror_is_equal_whoever_was_killed() -> Result<()> {
    let world = world("mirror")?;
    let mut rabbit = Rabbit::start().await?;
    let (_operator, secrets) = provisioned(&world).await?;
    let copy = mirror(&world, &rabbit).await?;
    let platform = started(&world, &rabbit, &[]).await?;
    send(&platform, &secrets, 40).await?;
    rabbit.kill_9().await?;
    send(&platform, &secrets, 40).await?;
    platform.kill_9().await?;
    copy.kill_9().await?;
    rabbit.start_again().await?;
    let platform = started(&world, &rabbit, &[]).await?;
    send(&platform, &secrets, 40).await?;
    let copy = mirror(&world, &rabbit).await?;
    until_all_ended(&world).await?;
    let said = until_equal(&world).await?;
    ensure!(said["parked"] == 0 && said["differences"] == json!([]) && said["compared"] != 0, "{said}");
    let of_mirror = world.path("mirror.db");
    let known = Database::open(&of_mirror).await?.number("SELECT COUNT(*) FROM mirror_charges").await?;
    ensure!(known == world.database().await?.number("SELECT COUNT(*) FROM charges").await?, "{known} charges");
    ensure!(copy.terminate(Duration::from_secs(20)).await?.success());
    Database::spoil(
        &of_mirror,
        "UPDATE mirror_cdrs SET price_micros = price_micros + 1 WHERE id = (SELECT MIN(id) FROM mirror_cdrs)",
    )
    .await?;
    let (code, said) = verified(&world).await?;
    ensure!(code == Some(CHECK_FAILED), "{said}");
    ensure!(
        said["differences"][0]["what"] == "cdrs" && said["differences"].as_array().is_some_and(|all| all.len() == 1),
        "{said}"
    );
    world.passed();
    Ok(())
}

/// An event of a later version, and what is no JSON at all, are kept and told; what comes after them is taken.
#[tokio::test]
async fn what_cannot_be_read_is_parked_and_holds_nothing_up() -> Result<()> {
    let world = world("mirror_parked")?;
    let rabbit = Rabbit::start().await?;
    let (_operator, secrets) = provisioned(&world).await?;
    let _copy = mirror(&world, &rabbit).await?;
    let publisher = Publisher::connect(&rabbit.url().parse()?, EXCHANGE).await?;
    let strange = |event_id: &str, body: &Value| Outgoing {
        routing_key: "cdr.written.v9",
        event_id: event_id.to_owned(),
        at_s: 0,
        body: serde_json::to_vec(body).unwrap_or_default(),
    };
    let later = strange("1", &json!({"schema_version": 9, "event_id": "later", "more": true}));
    let none = Outgoing { body: b"no JSON".to_vec(), ..strange("2", &Value::Null) };
    // The first comes twice, and is kept once.
    ensure!(publisher.publish(&[later.clone(), none, later]).await? == 0, "no queue wanted them");
    let platform = started(&world, &rabbit, &[]).await?;
    send(&platform, &secrets, 3).await?;
    until_all_ended(&world).await?;
    let of_mirror = world.path("mirror.db");
    until_true("they are parked, and the others taken", async || {
        let mut database = Database::open(&of_mirror).await?;
        let parked = database.number("SELECT COUNT(*) FROM mirror_parked").await?;
        Ok(parked == 2 && database.number("SELECT COUNT(*) FROM mirror_cdrs").await? == 3)
    })
    .await?;
    let (code, said) = until("the charges are there, too", LIMIT, async || {
        let (code, said) = verified(&world).await?;
        Ok((said["differences"] == json!([])).then_some((code, said)))
    })
    .await?;
    ensure!(code == Some(CHECK_FAILED) && said["parked"] == 2, "{said}");
    let reasons: Vec<(String,)> =
        Database::open(&of_mirror).await?.rows("SELECT reason FROM mirror_parked WHERE id = 'later'").await?;
    ensure!(reasons == [("version 9 of the schema is not known".to_owned(),)], "{reasons:?}");
    world.passed();
    Ok(())
}

/// Without a database of its own, or with the platform's, it does not begin and says which key is wrong.
#[tokio::test]
async fn it_needs_a_database_of_its_own() -> Result<()> {
    let world = world("mirror_own")?;
    let own = format!("sqlite://{}", world.data_folder().join("sambac.db").display());
    for (url, why) in
        [(None, "the database of the mirror is not given"), (Some(own.as_str()), "platform's own database")]
    {
        let variables: Vec<_> = url.into_iter().map(|url| ("SAMBAC_MIRROR_URL", url)).collect();
        let output = world.run_with(&["mirror"], &variables).await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(3) && said.contains("mirror.url") && said.contains(why), "{said}");
    }
    world.passed();
    Ok(())
}
