//! `submit_multi`: one message for each destination, one id for the client.

use std::collections::HashSet;

use anyhow::Result;
use sambac_testkit::scenario::smpp::{
    Address, CommandId, Destination, DestinationBuf, Pdu, QuerySm, SubmitMulti, interface_version, message_state,
};

use crate::served::{Served, message_id, status};

const BANK: Address<'static> = Address { ton: 5, npi: 0, addr: b"Bank" };

fn numbers(count: u32) -> Vec<String> {
    (0..count).map(|n| format!("44770090{n:04}")).collect()
}

fn multi<'a>(destinations: &'a DestinationBuf, text: &'a [u8]) -> Pdu<'a> {
    Pdu::SubmitMulti(SubmitMulti {
        source: BANK,
        destinations: destinations.as_list(),
        registered_delivery: 1,
        short_message: text,
        ..SubmitMulti::default()
    })
}

fn destinations<'a>(numbers: impl IntoIterator<Item = &'a str>) -> Result<DestinationBuf> {
    let mut list = DestinationBuf::new();
    for number in numbers {
        list.push(Destination::Address(Address::new(1, 1, number.as_bytes())))?;
    }
    Ok(list)
}

/// Every destination gets its message, those that cannot are named with the reason, and the receipts of all carry the id
/// that was answered.
#[tokio::test]
async fn q_i6_one_request_many_messages() -> Result<()> {
    let served = Served::start("q_i6_client", "[receipt]\ngiven = 1.0", "{}").await?;
    let mut client = served.client(interface_version::V3_4).await?;
    let numbers = numbers(100);
    let list = destinations(["12"].into_iter().chain(numbers.iter().map(String::as_str)).chain(["0"]))?;
    let answer = client.ask(&multi(&list, b"to all")).await?;
    let id = message_id(&answer)?;
    let Pdu::SubmitMultiResp(resp) = answer.pdu()? else { panic!("{answer:?}") };
    let refused: Vec<_> = resp.unsuccessful.iter().map(|one| (one.address.addr.to_vec(), one.status.0)).collect();
    assert_eq!(refused, [(b"12".to_vec(), 0x0B), (b"0".to_vec(), 0x0B)]);

    let mut receipts = HashSet::new();
    while receipts.len() < numbers.len() {
        let frame = client.take_request(CommandId::DELIVER_SM).await?;
        let Pdu::DeliverSm(sm) = frame.pdu()? else { panic!("{frame:?}") };
        let text = String::from_utf8_lossy(sm.message()).into_owned();
        assert!(text.contains(&format!("id:{id} ")) && text.contains("stat:DELIVRD"), "{text}");
        receipts.insert(String::from_utf8_lossy(sm.source.addr).into_owned());
    }
    assert_eq!(receipts, numbers.into_iter().collect());
    assert_eq!(served.operator.until_submits(100).await?.submits().count(), 100);
    let asked = client.ask(&Pdu::QuerySm(QuerySm { message_id: id.as_bytes(), source: BANK })).await?;
    let Pdu::QuerySmResp(told) = asked.pdu()? else { panic!("{asked:?}") };
    assert_eq!(told.message_state, message_state::DELIVERED, "all of them are");
    served.world.database().await?.audit().await?;
    served.world.passed();
    Ok(())
}

/// Of a request with a distribution list, without a destination, or with none that can be sent to, nothing is taken.
#[tokio::test]
async fn q_i6_what_is_refused_whole() -> Result<()> {
    let served = Served::start("q_i6_refused", "", "{}").await?;
    let mut client = served.client(interface_version::V3_4).await?;
    let mut with_list = destinations(["447700900123"])?;
    with_list.push(Destination::List(b"staff"))?;
    for (list, expected) in [(with_list, 0x34), (DestinationBuf::new(), 0x33), (destinations(["1", "2"])?, 0x0B)] {
        assert_eq!(status(&client.ask(&multi(&list, b"x")).await?), expected);
    }
    assert_eq!(served.world.database().await?.number("SELECT COUNT(*) FROM messages").await?, 0);
    served.world.passed();
    Ok(())
}

/// As many destinations as fit into a request, in one go.
#[tokio::test]
async fn q_i6_the_most_destinations() -> Result<()> {
    let served = Served::start("q_i6_most", "[receipt]\ngiven = 0.0", "{}").await?;
    let mut client = served.client(interface_version::V5_0).await?;
    let numbers = numbers(255);
    let list = destinations(numbers.iter().map(String::as_str))?;
    // 200 segments are paid for: the rest is refused one by one.
    let answer = client.ask(&multi(&list, b"to all")).await?;
    assert!(!message_id(&answer)?.is_empty());
    let Pdu::SubmitMultiResp(resp) = answer.pdu()? else { panic!("{answer:?}") };
    assert_eq!(resp.unsuccessful.len(), 55);
    assert!(resp.unsuccessful.iter().all(|one| one.status.0 == 0x45));
    assert_eq!(served.world.database().await?.number("SELECT COUNT(*) FROM messages").await?, 200);
    served.world.passed();
    Ok(())
}
