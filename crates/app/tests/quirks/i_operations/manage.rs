//! `query_sm`, `cancel_sm` and `replace_sm` of clients, for messages that wait with us and for those that do not.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use anyhow::Result;
use sambac_testkit::scenario::smpp::{
    Address, CancelSm, Frame, Pdu, QuerySm, QuerySmResp, ReplaceSm, interface_version, message_state,
};
use sambac_testkit::scenario::{Charges, Wire};

use crate::served::{Served, message, message_id, status};

const NUMBER: &str = "447700900123";
const BANK: Address<'static> = Address { ton: 5, npi: 0, addr: b"Bank" };

async fn submitted(client: &mut Wire, text: &[u8]) -> Result<String> {
    let sm = sambac_testkit::scenario::smpp::Sm { registered_delivery: 1, ..message(NUMBER, text) };
    message_id(&client.ask(&Pdu::SubmitSm(sm)).await?)
}

async fn query(client: &mut Wire, id: &str, source: Address<'_>) -> Result<Frame> {
    client.ask(&Pdu::QuerySm(QuerySm { message_id: id.as_bytes(), source })).await
}

fn told(answer: &Frame) -> QuerySmResp<'_> {
    match answer.pdu() {
        Ok(Pdu::QuerySmResp(resp)) => resp,
        other => panic!("no answer to a query: {other:?}"),
    }
}

async fn cancel(client: &mut Wire, id: &str, destination: &str) -> Result<u32> {
    let destination = Address::new(1, 1, destination.as_bytes());
    let sm = CancelSm { message_id: id.as_bytes(), source: BANK, destination, ..CancelSm::default() };
    Ok(status(&client.ask(&Pdu::CancelSm(sm)).await?))
}

async fn replace(client: &mut Wire, id: &str, text: &[u8]) -> Result<u32> {
    let sm = ReplaceSm { message_id: id.as_bytes(), source: BANK, short_message: text, ..ReplaceSm::default() };
    Ok(status(&client.ask(&Pdu::ReplaceSm(sm)).await?))
}

/// Everything that a client may ask, while the operator is away.
async fn waiting(name: &str) -> Result<(Served, Wire)> {
    let operations =
        "{ receipt = { message_id = \"hex\" }, operations = { replace_sm = true, cancel_by_address = true } }";
    let mut served = Served::start(name, "", operations).await?;
    served.operator.stop().await?;
    let client = served.client(interface_version::V3_4).await?;
    Ok((served, client))
}

/// The receipt's text.
async fn receipt(client: &mut Wire) -> Result<String> {
    let frame = client.take_request(sambac_testkit::scenario::smpp::CommandId::DELIVER_SM).await?;
    let Pdu::DeliverSm(sm) = frame.pdu()? else { anyhow::bail!("no receipt") };
    Ok(String::from_utf8_lossy(sm.message()).into_owned())
}

/// By id and sender, in the client's form of ids; what is another client's, or nobody's, is answered alike.
#[tokio::test]
async fn q_i4_a_client_asks_for_its_message() -> Result<()> {
    let (mut served, mut client) = waiting("q_i4_client").await?;
    let id = submitted(&mut client, b"asked for").await?;
    let answer = query(&mut client, &id, BANK).await?;
    let resp = told(&answer);
    assert_eq!((resp.message_state, resp.final_date, resp.error_code), (message_state::ENROUTE, &b""[..], 0));
    assert_eq!(resp.message_id, id.as_bytes());
    for (id, source) in [(id.as_str(), Address::new(5, 0, b"Other")), ("00000000000000ff", BANK), ("none", BANK)] {
        assert_eq!(status(&query(&mut client, id, source).await?), 0x0C, "{id}");
    }
    served.operator.start_again(&served.world, "[receipt]\nstates = { undelivered = 1 }").await?;
    assert!(receipt(&mut client).await?.contains("stat:UNDELIV"));
    let answer = query(&mut client, &id, BANK).await?;
    let resp = told(&answer);
    assert_eq!((resp.message_state, resp.final_date.len()), (message_state::UNDELIVERABLE, 16));
    assert!(resp.final_date.ends_with(b"00+"), "UTC");
    served.world.passed();
    Ok(())
}

/// A message that waits for its time is SCHEDULED to a client of SMPP 5.0, and on its way to one that knows no such state.
#[tokio::test]
async fn q_i4_a_client_is_told_states_of_its_version() -> Result<()> {
    let (served, mut client) = waiting("q_i4_version").await?;
    let later = b"000001000000000R";
    let sm = sambac_testkit::scenario::smpp::Sm { schedule_delivery_time: later, ..message(NUMBER, b"later") };
    let id = message_id(&client.ask(&Pdu::SubmitSm(sm)).await?)?;
    assert_eq!(told(&query(&mut client, &id, BANK).await?).message_state, message_state::ENROUTE);
    let mut newer = served.client(interface_version::V5_0).await?;
    assert_eq!(told(&query(&mut newer, &id, BANK).await?).message_state, message_state::SCHEDULED);
    served.world.passed();
    Ok(())
}

/// What waits with us is withdrawn, its charge is given back and a receipt tells; what was sent stays.
#[tokio::test]
async fn q_i5_a_client_withdraws_what_waits() -> Result<()> {
    let (mut served, mut client) = waiting("q_i5_cancel").await?;
    let (by_id, by_number) = (submitted(&mut client, b"one").await?, submitted(&mut client, b"two").await?);
    assert_eq!(cancel(&mut client, "00000000000000ff", "").await?, 0x0C);
    assert_eq!(cancel(&mut client, &by_id, "447700900999").await?, 0x0C, "it goes to another number");
    assert_eq!(cancel(&mut client, &by_id, "").await?, 0);
    assert!(receipt(&mut client).await?.contains(&format!("id:{by_id}")));
    assert_eq!(cancel(&mut client, &by_id, "").await?, 0x11, "it is withdrawn already");
    assert_eq!(cancel(&mut client, "", NUMBER).await?, 0);
    assert!(receipt(&mut client).await?.contains(&format!("id:{by_number}")));
    assert_eq!(cancel(&mut client, "", NUMBER).await?, 0x11, "nothing waits there");
    let answer = query(&mut client, &by_id, BANK).await?;
    assert_eq!(told(&answer).message_state, message_state::DELETED);

    served.operator.start_again(&served.world, "[receipt]\ngiven = 0.0").await?;
    let sent = submitted(&mut client, b"three").await?;
    assert_eq!(served.operator.until_submits(1).await?.texts(), ["three"]);
    assert_eq!(cancel(&mut client, &sent, "").await?, 0x11, "it is at the operator");
    let mut database = served.world.database().await?;
    database.audit().await?;
    assert_eq!(database.charges().await?, Charges { held: 1, voided: 2, ..Charges::default() });
    assert_eq!(database.number("SELECT COUNT(*) FROM cdr_sms").await?, 2);
    served.world.passed();
    Ok(())
}

/// What waits with us gets another text, within what was paid for; what was sent stays.
#[tokio::test]
async fn q_i5_a_client_replaces_what_waits() -> Result<()> {
    let (mut served, mut client) = waiting("q_i5_replace").await?;
    let id = submitted(&mut client, b"old").await?;
    let long = submitted(&mut client, &[b'l'; 200]).await?;
    assert_eq!(replace(&mut client, &id, &[b'n'; 161]).await?, 0x13, "two segments, and one is paid for");
    assert_eq!(replace(&mut client, &id, b"new").await?, 0);
    assert_eq!(replace(&mut client, &long, b"short").await?, 0, "one of two segments is needed no more");
    served.operator.start_again(&served.world, "").await?;
    let journal = served.operator.until_submits(2).await?;
    let mut texts = journal.texts();
    texts.sort();
    assert_eq!(texts, ["new", "short"]);
    let journal = served.operator.until("receipt_ack", 2).await?;
    assert_eq!(journal.submits().count(), 2);
    assert_eq!(replace(&mut client, &id, b"late").await?, 0x13, "it is at its end");
    let mut database = served.world.database().await?;
    database.audit().await?;
    assert_eq!(database.charges().await?, Charges { captured: 2, voided: 1, ..Charges::default() });
    assert_eq!(database.number("SELECT COUNT(*) FROM messages WHERE state = 6").await?, 2, "both are delivered");
    served.world.passed();
    Ok(())
}

/// Nothing is replaced by nothing, by two texts at once, or by another time than the message was given for; without a text the
/// validity is replaced.
#[tokio::test]
async fn q_i5_what_cannot_replace_is_refused() -> Result<()> {
    use sambac_testkit::scenario::smpp::{Tag, TlvBuf};
    let (served, mut client) = waiting("q_i5_refused").await?;
    let id = submitted(&mut client, b"old").await?;
    let mut payload = TlvBuf::new();
    payload.push(Tag::MESSAGE_PAYLOAD, b"another");
    let mut payloads = payload.clone();
    payloads.push(Tag::MESSAGE_PAYLOAD, b"a third");
    let empty = ReplaceSm { message_id: id.as_bytes(), source: BANK, ..ReplaceSm::default() };
    let cases = [
        (empty, 0x01),
        (ReplaceSm { short_message: b"new", tlvs: payload.as_tlvs(), ..empty }, 0xC1),
        (ReplaceSm { tlvs: payloads.as_tlvs(), ..empty }, 0xC1),
        (ReplaceSm { short_message: b"new", schedule_delivery_time: b"000001000000000R", ..empty }, 0x61),
        (ReplaceSm { short_message: b"new", sm_default_msg_id: 3, ..empty }, 0x13),
        (ReplaceSm { short_message: b"new", validity_period: b"200101000000000+", ..empty }, 0x62),
        (ReplaceSm { validity_period: b"000000010000000R", ..empty }, 0),
    ];
    for (sm, expected) in cases {
        assert_eq!(status(&client.ask(&Pdu::ReplaceSm(sm)).await?), expected, "{sm:?}");
    }
    let mut database = served.world.database().await?;
    let hour = "SELECT COUNT(*) FROM messages WHERE expires_at - accepted_at BETWEEN 3600000000 AND 3660000000";
    assert_eq!(database.number(hour).await?, 1);
    served.world.passed();
    Ok(())
}

/// A message that waits for its time is given no validity that ends before: it would expire unsent. One that ends after is taken.
#[tokio::test]
async fn q_i5_a_validity_outlasts_the_schedule() -> Result<()> {
    let (served, mut client) = waiting("q_i5_validity").await?;
    let hour = b"000000010000000R";
    let sm = sambac_testkit::scenario::smpp::Sm { schedule_delivery_time: hour, ..message(NUMBER, b"in an hour") };
    let id = message_id(&client.ask(&Pdu::SubmitSm(sm)).await?)?;
    let empty = ReplaceSm { message_id: id.as_bytes(), source: BANK, ..ReplaceSm::default() };
    let cases = [
        (ReplaceSm { validity_period: b"000000003000000R", ..empty }, 0x62),
        (ReplaceSm { validity_period: b"000000003000000R", short_message: b"new", ..empty }, 0x62),
        (ReplaceSm { validity_period: b"200101000000000+", short_message: b"new", ..empty }, 0x62),
        (ReplaceSm { validity_period: b"soon", short_message: b"new", ..empty }, 0x62),
        (ReplaceSm { short_message: b"new", ..empty }, 0),
        (ReplaceSm { validity_period: b"000000020000000R", ..empty }, 0),
    ];
    for (sm, expected) in cases {
        assert_eq!(status(&client.ask(&Pdu::ReplaceSm(sm)).await?), expected, "{sm:?}");
    }
    let mut database = served.world.database().await?;
    let two_hours = "SELECT COUNT(*) FROM messages WHERE expires_at - accepted_at BETWEEN 7200000000 AND 7260000000";
    assert_eq!(database.number(two_hours).await?, 1, "counted from now");
    served.world.passed();
    Ok(())
}

/// Cell broadcast is not offered, and says so for each of its commands; the session stays.
#[tokio::test]
async fn q_i3_broadcast_is_not_offered() -> Result<()> {
    use sambac_testkit::scenario::smpp::{BroadcastSm, CancelBroadcastSm, QueryBroadcastSm};
    let served = Served::start("q_i3_client", "", "{}").await?;
    let mut client = served.client(interface_version::V5_0).await?;
    let asked = [
        Pdu::BroadcastSm(BroadcastSm::default()),
        Pdu::QueryBroadcastSm(QueryBroadcastSm::default()),
        Pdu::CancelBroadcastSm(CancelBroadcastSm::default()),
    ];
    for pdu in asked {
        let answer = client.ask(&pdu).await?;
        assert_eq!(status(&answer), 0x03);
        assert_ne!(answer.header().command_id, sambac_testkit::scenario::smpp::CommandId::GENERIC_NACK);
    }
    assert_eq!(status(&client.ask(&Pdu::SubmitSm(message(NUMBER, b"x"))).await?), 0);
    served.world.passed();
    Ok(())
}

/// It may take a turn at the operator: who floods with it is too fast, as with messages.
#[tokio::test]
async fn a_cancellation_counts_in_the_clients_throughput() -> Result<()> {
    let limits =
        "{ receipt = { message_id = \"hex\" }, limits = { throughput = \"1/h burst 3\", answer_delay_max_ms = 0 } }";
    let served = Served::start("cancel_pace", "", limits).await?;
    let mut client = served.client(interface_version::V3_4).await?;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(cancel(&mut client, "00000000000000ff", NUMBER).await?);
    }
    assert_eq!(statuses, [0x0C, 0x0C, 0x0C, 0x58], "no such message; too fast");
    served.world.passed();
    Ok(())
}
