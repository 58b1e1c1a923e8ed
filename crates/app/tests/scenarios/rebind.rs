//! The place of a bind is free again at once: a client that unbinds, or goes, binds anew without being told that all are taken.

use anyhow::{Result, ensure};
use sambac_testkit::scenario::smpp::{CommandId, Pdu, Sm, interface_version};
use sambac_testkit::scenario::{Platform, Secrets, Site, Wire, World, message};

use crate::{Healthy, world};

/// Often enough that an order of tasks that nobody has promised shows.
const TIMES: usize = 30;

/// A client that may have one bind, where its address may have one connection.
async fn one_place(name: &str) -> Result<(World, Secrets, Platform)> {
    let world = world(name)?;
    let site = Site::with_one_account("10").smpp_account("bank", "single", "binds_max = 1");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[("SAMBAC_LIMITS_SMPP_CONNECTIONS_PER_SOURCE_MAX", "1")]).await?;
    Ok((world, secrets, platform))
}

async fn bound(platform: &Platform, secrets: &Secrets) -> Result<Wire> {
    Ok(Wire::bound(platform.smpp(), secrets, "single", interface_version::V3_4).await?.0)
}

#[tokio::test]
async fn who_was_answered_its_unbind_binds_at_once() -> Result<()> {
    let (world, secrets, platform) = one_place("rebind_unbound").await?;
    for _ in 0..TIMES {
        let mut client = bound(&platform, &secrets).await?;
        let answer = client.ask(&Pdu::Unbind).await?;
        ensure!(answer.header().command_id == CommandId::UNBIND_RESP, "{:?}", answer.header());
        // The connection stays open, as long as the client has it.
        let next = bound(&platform, &secrets).await?;
        drop((client, next));
    }
    world.passed();
    Ok(())
}

#[tokio::test]
async fn who_closed_its_connection_binds_at_once() -> Result<()> {
    let (world, secrets, platform) = one_place("rebind_closed").await?;
    for _ in 0..TIMES {
        drop(bound(&platform, &secrets).await?);
    }
    let _stays = bound(&platform, &secrets).await?;
    let refused = bound(&platform, &secrets).await.map(drop);
    ensure!(refused.is_err_and(|error| error.to_string().contains("refused")), "one place is one place");
    world.passed();
    Ok(())
}

/// A client that submits, and unbinds without waiting: what was taken and charged is answered before the unbind is.
#[tokio::test]
async fn what_was_submitted_before_the_unbind_is_answered_before_it() -> Result<()> {
    let healthy = Healthy::start("rebind_answers").await?;
    let mut client = Wire::bound(healthy.platform.smpp(), &healthy.secrets, "esme", interface_version::V3_4).await?.0;
    const COUNT: usize = 50;
    let mut octets = Vec::new();
    for _ in 0..COUNT {
        let sm = Sm { registered_delivery: 0, ..message("447700900123", b"at once") };
        octets.extend(client.encoded(&Pdu::SubmitSm(sm))?);
    }
    octets.extend(client.encoded(&Pdu::Unbind)?);
    client.send(&octets).await?;
    let mut answers = Vec::new();
    while let Some(frame) = client.next().await? {
        ensure!(frame.header().command_status.is_ok(), "{:?}", frame.header());
        answers.push(frame.header().command_id);
    }
    ensure!(answers.pop() == Some(CommandId::UNBIND_RESP), "the unbind last: {answers:?}");
    ensure!(answers == [CommandId::SUBMIT_SM_RESP; COUNT], "{answers:?}");
    assert_eq!(healthy.world.database().await?.number("SELECT COUNT(*) FROM messages").await?, 50);
    healthy.world.passed();
    Ok(())
}
