//! The same delivery again: acknowledged, and no second message.

use anyhow::Result;

use sambac_testkit::scenario::smpp::{Address, BindResp, CommandId, CommandStatus, Pdu, Sm, encode};
use sambac_testkit::scenario::{Sink, Site, Wire};
use tokio::net::{TcpListener, TcpStream};

use super::{Inbound, mo};
use crate::world;

#[tokio::test]
async fn mo_delivered_twice_is_told_once_by_whatever_bind_it_comes() -> Result<()> {
    // An SMSC that did not see our acknowledgement brings the PDU again, by another bind.
    let scenario =
        [mo("text = \"YES\"\norder = [1, 1]\nbinds = [1, 2]"), mo("text = \"end\"\nafter_ms = 300")].concat();
    let inbound =
        Inbound::start("mo_twice", &scenario, "binds = 2", |site, webhook| site.mo_route("bank", "all", webhook, ""))
            .await?;
    let mut texts = inbound.texts(2).await?;
    texts.sort();
    assert_eq!(texts, ["YES", "end"]);
    assert_eq!(inbound.acknowledged(3).await?, [(1, 0), (1, 0), (1, 0)]);
    inbound.until_count("SELECT COUNT(*) FROM mo_messages", 2).await?;
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_with_another_user_reference_or_without_a_window_is_another_message() -> Result<()> {
    // A person who says YES twice has said it twice, where the operator tells the two apart.
    let told_apart = "text = \"YES\"\ntlvs = [[\"0x0204\", \"0001\"]]";
    let scenario = [mo(told_apart), mo(&told_apart.replace("0001", "0002"))].concat();
    let inbound = Inbound::to_webhook("mo_said_twice", &scenario, "").await?;
    assert_eq!(inbound.texts(2).await?, ["YES", "YES"]);
    inbound.world.passed();

    let inbound =
        Inbound::to_webhook("mo_no_window", &mo("text = \"YES\"\norder = [1, 1]"), "duplicate_window_s = 0").await?;
    assert_eq!(inbound.texts(2).await?, ["YES", "YES"]);
    inbound.world.passed();
    Ok(())
}

/// An SMSC that accepts the platform's bind.
async fn bound(listener: &TcpListener) -> Result<Wire<TcpStream>> {
    let mut smsc = Wire::over(listener.accept().await?.0);
    while let Some(frame) = smsc.next().await? {
        let header = frame.header();
        if header.command_id == CommandId::BIND_TRANSCEIVER {
            let mut octets = bytes::BytesMut::new();
            let resp = Pdu::BindTransceiverResp(BindResp { system_id: b"smsc", ..BindResp::default() });
            encode(&resp, header.sequence_number, CommandStatus::ROK, &mut octets)?;
            smsc.send(&octets).await?;
            return Ok(smsc);
        }
    }
    anyhow::bail!("no bind")
}

/// Brings a handset's message and waits for our answer.
async fn deliver(smsc: &mut Wire<TcpStream>, text: &[u8]) -> Result<u32> {
    let (source, destination) = (Address::new(1, 1, b"447700900123"), Address::new(3, 0, b"60606"));
    let sm = Sm { source, destination, short_message: text, ..Sm::default() };
    Ok(smsc.ask(&Pdu::DeliverSm(sm)).await?.header().command_status.0)
}

/// A person writes the same twice: both are messages, as the operator has heard our answer to the first. When the session has
/// ended meanwhile, it may not have, and what comes is the same delivery once more.
#[tokio::test]
async fn mo_written_twice_is_two_messages_and_delivered_twice_is_one() -> Result<()> {
    let (world, listener, sink) = (world("mo_stop")?, TcpListener::bind("127.0.0.1:0").await?, Sink::start(0).await?);
    let site = Site::with_one_account("10")
        .connector_at("alpha", listener.local_addr()?, "settings = { mo = { repeat_min_s = 0 } }")
        .webhook("bank", &sink.url())
        .mo_route("bank", "all", &format!("{{ webhook = \"{}\" }}", sink.url()), "");
    let secrets = world.apply(&site).await?;
    let _platform = world.platform(&[]).await?;
    let mut smsc = bound(&listener).await?;
    for _ in 0..2 {
        assert_eq!(deliver(&mut smsc, b"STOP").await?, 0);
    }
    drop(smsc);
    let mut smsc = bound(&listener).await?;
    assert_eq!((deliver(&mut smsc, b"STOP").await?, deliver(&mut smsc, b"end").await?), (0, 0));
    let events = sink.until(3).await?;
    let mut texts = Vec::new();
    for event in events {
        let event = event.verified(secrets.webhook_secret(&sink.url())?)?;
        texts.push(event["data"]["text"].as_str().unwrap_or_default().to_owned());
    }
    texts.sort();
    assert_eq!(texts, ["STOP", "STOP", "end"]);
    let mut database = world.database().await?;
    assert_eq!(database.number("SELECT COUNT(*) FROM mo_messages").await?, 3);
    world.passed();
    Ok(())
}

/// Nobody writes the same again within seconds, and where the profile says so not within the whole window.
#[tokio::test]
async fn mo_repeats_are_one_where_the_profile_says_so() -> Result<()> {
    let twice = mo("text = \"YES\"\norder = [1, 1]");
    for settings in ["repeat_min_s = 60", "repeat_min_s = 0, repeats_are_one = true"] {
        let scenario = [&twice, &mo("text = \"end\"\nafter_ms = 300")[..]].concat();
        let inbound = Inbound::to_webhook("mo_repeats", &scenario, settings).await?;
        let mut texts = inbound.texts(2).await?;
        texts.sort();
        assert_eq!(texts, ["YES", "end"], "{settings}");
        inbound.until_count("SELECT COUNT(*) FROM mo_messages", 2).await?;
        inbound.world.passed();
    }
    Ok(())
}
