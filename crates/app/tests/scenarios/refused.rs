//! What is refused at the door, over REST and SMPP alike: no route, no funds, wrong credentials, too many binds.

use anyhow::{Result, bail};
use sambac_testkit::scenario::smpp::{BindError, BindKind};
use sambac_testkit::scenario::wait::{until, until_true};
use sambac_testkit::scenario::{Charges, Esme, Platform, Secrets, Site, message, wait};
use serde_json::json;

use crate::{Healthy, world};

#[tokio::test]
async fn no_route() -> Result<()> {
    let world = world("no_route")?;
    let operator = world.simulator("alpha", "").await?;
    let uk_only = "match = { prefix = \"44\" }";
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("uk", &["alpha"], uk_only);
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let reply = platform.rest(&secrets)?.send(&json!({ "to": "+12025550123", "from": "Bank", "text": "x" })).await?;
    assert_eq!((reply.status, reply.body["code"].as_str()), (422, Some("no_route")), "{}", reply.text);
    assert_eq!(reply.body["errors"][0]["pointer"], "/to");
    let esme = platform.esme(&secrets).await?;
    assert_eq!(esme.submit(message("12025550123", b"x")).await?.status, 0x0B);
    assert_eq!(esme.submit(message("447700900123", b"x")).await?.status, 0);
    assert_eq!(world.database().await?.number("SELECT COUNT(*) FROM messages").await?, 1);
    world.passed();
    Ok(())
}

#[tokio::test]
async fn no_funds() -> Result<()> {
    let world = world("no_funds")?;
    // Nothing is captured or given back: the receipts never come.
    let operator = world.simulator("alpha", "[receipt]\ngiven = 0.0").await?;
    let site = Site::with_one_account("0.14").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let (rest, esme) = (platform.rest(&secrets)?, platform.esme(&secrets).await?);
    rest.send_text("+447700900123", "first").await?;
    esme.accepted(message("447700900123", b"second")).await?;
    assert_eq!(rest.balance().await?, ("0.04".to_owned(), "0.10".to_owned()));
    let reply = rest.send(&json!({ "to": "+447700900123", "from": "Bank", "text": "third" })).await?;
    assert_eq!((reply.status, reply.body["code"].as_str()), (402, Some("insufficient_funds")), "{}", reply.text);
    assert_eq!(esme.submit(message("447700900123", b"third")).await?.status, 0x45);
    let mut database = world.database().await?;
    database.audit().await?;
    assert_eq!(database.charges().await?, Charges { held: 2, ..Charges::default() });

    // A payment while it runs opens the door again.
    let more = "name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\npayment = [{ amount = \"1\", reference = \"second\" }]";
    world.apply(&Site::new().table("account", more)).await?;
    until("the payment counts", wait::PATIENCE, async || Ok((rest.balance().await?.0 == "1.04").then_some(()))).await?;
    rest.send_text("+447700900123", "third").await?;
    database.audit().await?;
    world.passed();
    Ok(())
}

/// The command_status with which a bind is refused.
async fn refused(platform: &Platform, system_id: &str, password: &str) -> Result<u32> {
    match Esme::bind(platform.smpp(), BindKind::Transceiver, system_id, password).await {
        Err(BindError::Refused(status)) => Ok(status.0),
        Err(other) => Err(other.into()),
        Ok(_) => bail!("{system_id} could bind"),
    }
}

#[tokio::test]
async fn wrong_credentials_all_get_the_same_answer() -> Result<()> {
    let world = world("bind_refused")?;
    let site = Site::with_one_account("10")
        .smpp_account("bank", "elsewhere", "allowed_ips = [\"192.0.2.0/24\"]")
        .smpp_account("bank", "here", "allowed_ips = [\"127.0.0.0/8\"]")
        .smpp_account("bank", "suspended", "state = \"revoked\"");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let mut answers = vec![refused(&platform, "esme", "wrong").await?, refused(&platform, "nobody", "wrong").await?];
    for system_id in ["elsewhere", "suspended"] {
        answers.push(refused(&platform, system_id, secrets.smpp_password(system_id)?).await?);
    }
    assert_eq!(answers, [0x0D; 4]);
    platform.esme_as(&secrets, "here", BindKind::Transceiver).await?;
    for key in ["", "wrong", "sb_live_x_y_z"] {
        let reply = platform.rest(&secrets)?.with_key(key).get("/v1/balance").await?;
        assert_eq!((reply.status, reply.body["code"].as_str()), (401, Some("unauthenticated")), "{}", reply.text);
    }
    world.passed();
    Ok(())
}

#[tokio::test]
async fn too_many_binds() -> Result<()> {
    let world = world("too_many_binds")?;
    let site = Site::with_one_account("10").smpp_account("bank", "two", "binds_max = 2");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let bind = async || platform.esme_as(&secrets, "two", BindKind::Transceiver).await;
    let (first, _second) = (bind().await?, bind().await?);
    assert_eq!(refused(&platform, "two", secrets.smpp_password("two")?).await?, 0x0D);
    first.unbind().await;
    // The place is free when the session has ended, which may be a moment after its unbind was answered.
    until_true("a place that was given back", async || Ok(bind().await.is_ok())).await?;
    world.passed();
    Ok(())
}

/// Of many binds that come at the same moment, no more are answered with yes than may be up.
#[tokio::test]
async fn too_many_binds_at_once() -> Result<()> {
    let world = world("too_many_at_once")?;
    let site = Site::with_one_account("10").smpp_account("bank", "three", "binds_max = 3");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    // Known from now on, so that no hash puts the others in a row.
    platform.esme_as(&secrets, "three", BindKind::Transceiver).await?.unbind().await;
    let password = secrets.smpp_password("three")?.to_owned();
    let mut binds = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (at, password) = (platform.smpp(), password.clone());
        binds.spawn(async move { Esme::bind(at, BindKind::Transceiver, "three", &password).await });
    }
    let bound: Vec<_> = binds.join_all().await.into_iter().filter_map(Result::ok).collect();
    assert_eq!(bound.len(), 3);
    assert!(bound.iter().all(|esme| !esme.look(|heard| heard.closed)), "an answered bind was closed");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn another_account_s_message_is_not_there() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("other_account").await?;
    let other: Secrets = world.apply(&Site::new().table("account", OTHER).api_key("shop", "other")).await?;
    let rest = platform.rest(&secrets)?;
    let id = rest.send_text("+447700900123", "mine").await?;
    let stranger = rest.with_key(other.api_key("other")?);
    // A running platform notices the new key by itself.
    until("the new key works", wait::PATIENCE, async || {
        Ok((stranger.get("/v1/balance").await?.status == 200).then_some(()))
    })
    .await?;
    let (foreign, missing) =
        (stranger.get(&format!("/v1/sms/{id}")).await?, stranger.get("/v1/sms/msg_0000000000001").await?);
    assert_eq!((foreign.status, missing.status), (404, 404));
    assert_eq!(foreign.body["code"], missing.body["code"]);
    assert_eq!(stranger.get("/v1/sms").await?.body["data"], json!([]));
    world.passed();
    Ok(())
}

const OTHER: &str = "name = \"shop\"\ncurrency = \"EUR\"\ntariff = \"standard\"";

/// An account's throughput counts segments over REST and SMPP together, and what is refused costs nothing.
#[tokio::test]
async fn too_fast() -> Result<()> {
    let world = world("too_fast")?;
    let operator = world.simulator("alpha", "").await?;
    // So slow that no test lasts long enough for a further segment.
    let limited = "name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\nthroughput = \"1/h burst 4\"";
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    world.apply(&Site::new().table("account", limited)).await?;
    let platform = world.platform(&[]).await?;
    let (rest, esme) = (platform.rest(&secrets)?, platform.esme(&secrets).await?);
    rest.send_text("+447700900123", &"two segments ".repeat(20)).await?;
    esme.accepted(message("447700900123", b"third")).await?;
    rest.send_text("+447700900123", "fourth").await?;
    assert_eq!(esme.submit(message("447700900123", b"fifth")).await?.status, 0x58);
    let reply = rest.send(&json!({ "to": "+447700900123", "from": "Bank", "text": "fifth" })).await?;
    assert_eq!((reply.status, reply.body["code"].as_str()), (429, Some("rate_limited")), "{}", reply.text);
    assert!(reply.headers.contains_key("retry-after"));
    // A changed limit holds at once.
    world.apply(&Site::new().table("account", &limited.replace("burst 4", "burst 5"))).await?;
    until("the new limit counts", wait::PATIENCE, async || {
        let reply = rest.send(&json!({ "to": "+447700900123", "from": "Bank", "text": "fifth" })).await?;
        Ok((reply.status == 202).then_some(()))
    })
    .await?;
    let mut database = world.database().await?;
    assert_eq!(database.number("SELECT COUNT(*) FROM messages").await?, 4);
    database.audit().await?;
    world.passed();
    Ok(())
}
