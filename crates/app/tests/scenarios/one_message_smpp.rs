//! One message in over SMPP, in every form that clients use; its receipt finds the client wherever it is bound.

use std::collections::HashSet;

use anyhow::Result;
use sambac_testkit::scenario::smpp::{BindKind, Sm, Tag, TlvBuf, esm_class};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Charges, Esme, Journal, Receipt, Site, message};

use crate::load::Load;
use crate::{Healthy, world};

const TO: &str = "447700900123";

/// The receipt of a delivered message, wherever it says so.
fn delivered(id: &str) -> Receipt {
    Receipt {
        id: id.to_owned(),
        stat: "DELIVRD".to_owned(),
        tlv_id: id.to_owned(),
        tlv_state: 2,
        esm_class: esm_class::TYPE_RECEIPT,
        source: TO.to_owned(),
        destination: "Bank".to_owned(),
    }
}

/// Sends these and returns the journal once all receipts came, each for its message.
async fn sent(name: &str, messages: &[Sm<'_>]) -> Result<Journal> {
    let Healthy { world, mut operator, secrets, platform } = Healthy::start(name).await?;
    let esme = platform.esme(&secrets).await?;
    let mut ids = Vec::new();
    for sm in messages {
        ids.push(esme.accepted(*sm).await?);
    }
    let receipts = esme.receipts(messages.len()).await?;
    for id in &ids {
        assert_eq!(receipts.iter().filter(|receipt| **receipt == delivered(id)).count(), 1, "{id} in {receipts:#?}");
    }
    esme.unbind().await;
    let mut database = world.database().await?;
    until_true("an empty outbox", async || Ok(database.number("SELECT COUNT(*) FROM outbox").await? == 0)).await?;
    database.audit().await?;
    assert_eq!(database.messages().await?, [("delivered", i64::try_from(messages.len())?)].into());
    let journal = operator.finish().await?;
    world.passed();
    Ok(journal)
}

#[tokio::test]
async fn gsm_7_bit() -> Result<()> {
    let journal = sent("smpp_gsm7", &[message(TO, b"Your code is 123456")]).await?;
    assert_eq!(journal.texts(), ["Your code is 123456"]);
    assert_eq!(journal.submits().map(|line| line.data_coding).collect::<Vec<_>>(), [0]);
    Ok(())
}

#[tokio::test]
async fn ucs_2() -> Result<()> {
    let text = "Ваш код 123456 🙂";
    let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let journal = sent("smpp_ucs2", &[Sm { data_coding: 8, ..message(TO, &octets) }]).await?;
    assert_eq!(journal.texts(), [text]);
    Ok(())
}

#[tokio::test]
async fn segments_that_the_client_made_by_udh() -> Result<()> {
    let part = |no: u8, text: &str| [&[5, 0, 3, 0xA7, 2, no], text.as_bytes()].concat();
    let parts = [part(1, "first "), part(2, "second")];
    let messages = parts.each_ref().map(|octets| Sm { esm_class: esm_class::UDHI, ..message(TO, octets) });
    let journal = sent("smpp_udh", &messages).await?;
    assert_eq!(journal.texts(), ["first ", "second"]);
    let headers: Vec<_> = journal.submits().map(|line| line.udh.as_str()).collect();
    assert_eq!(headers, ["050003a70201", "050003a70202"], "the client's own headers stay");
    Ok(())
}

#[tokio::test]
async fn a_long_text_by_message_payload() -> Result<()> {
    let text = "message_payload ".repeat(25);
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, text.as_bytes());
    let journal = sent("smpp_payload", &[Sm { tlvs: tlvs.as_tlvs(), ..message(TO, b"") }]).await?;
    assert_eq!((journal.texts().concat(), journal.submits().count()), (text, 3));
    Ok(())
}

#[tokio::test]
async fn segments_that_the_client_made_by_sar() -> Result<()> {
    let parts = [(1, "first "), (2, "second")].map(|(no, text)| {
        let mut tlvs = TlvBuf::new();
        tlvs.push_u16(Tag::SAR_MSG_REF_NUM, 0x01A7)
            .push_u8(Tag::SAR_TOTAL_SEGMENTS, 2)
            .push_u8(Tag::SAR_SEGMENT_SEQNUM, no);
        (tlvs, text)
    });
    let messages = parts.each_ref().map(|(tlvs, text)| Sm { tlvs: tlvs.as_tlvs(), ..message(TO, text.as_bytes()) });
    let journal = sent("smpp_sar", &messages).await?;
    assert_eq!(journal.texts(), ["first ", "second"]);
    Ok(())
}

#[tokio::test]
async fn regression_a2_08_two_hundred_to_the_same_number_all_get_their_receipt() -> Result<()> {
    let texts: Vec<_> = (0..200).map(|no| format!("message {no}").into_bytes()).collect();
    let messages: Vec<_> = texts.iter().map(|text| message(TO, text)).collect();
    let journal = sent("smpp_same_pair", &messages).await?;
    let distinct: HashSet<_> = journal.texts().into_iter().collect();
    assert_eq!((distinct.len(), journal.submits().count()), (200, 200));
    Ok(())
}

#[tokio::test]
async fn a_receipt_goes_to_the_receiver_and_never_to_a_transmitter() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("smpp_tx_rx").await?;
    let transmitter = platform.esme_as(&secrets, "esme", BindKind::Transmitter).await?;
    let receiver = platform.esme_as(&secrets, "esme", BindKind::Receiver).await?;
    let id = transmitter.accepted(message(TO, b"hello")).await?;
    assert_eq!(receiver.receipts(1).await?, [delivered(&id)]);
    assert_eq!(receiver.submit(message(TO, b"not here")).await?.status, 4, "a receiver may not submit");
    assert!(transmitter.look(|heard| heard.receipts.is_empty()));
    world.passed();
    Ok(())
}

#[tokio::test]
async fn receipts_are_kept_while_the_client_is_away() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("smpp_away").await?;
    let transmitter = platform.esme_as(&secrets, "esme", BindKind::Transmitter).await?;
    let ids = three(&transmitter).await?;
    transmitter.unbind().await;
    let mut database = world.database().await?;
    let waiting = "SELECT COUNT(*) FROM outbox WHERE kind = 2";
    until_true("three receipts wait", async || Ok(database.number(waiting).await? == 3)).await?;
    assert_eq!(database.messages().await?, [("delivered", 3)].into(), "settled without the client");

    // They survive a restart, too.
    platform.kill_9().await?;
    let platform = world.platform(&[]).await?;
    let receiver = platform.esme_as(&secrets, "esme", BindKind::Receiver).await?;
    let receipts = receiver.receipts(3).await?;
    for id in ids {
        assert!(receipts.contains(&delivered(&id)), "{id} in {receipts:#?}");
    }
    until_true("no receipt waits", async || Ok(database.number(waiting).await? == 0)).await?;
    assert_eq!(receiver.look(|heard| heard.receipts.len()), 3, "each of them once");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn regression_a2_09_a_client_that_drops_out_in_the_middle_gets_every_receipt_after_it_is_back() -> Result<()> {
    let world = world("smpp_dropped")?;
    let operator = world.simulator("alpha", "magic = false\n[receipt]\ndelay_ms = [0, 500]").await?;
    let site = Site::with_one_account("100").connector("alpha", &operator, "window_max = 50");
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let esme = platform.esme(&secrets).await?;
    let sent = Load::default().send(&esme, 500).await?;
    esme.receipts(50).await?;
    esme.session().close();
    esme.closed().await?;
    let first: Vec<_> = esme.heard().receipts.into_iter().map(|receipt| receipt.id).collect();

    let esme = platform.esme(&secrets).await?;
    until_true("a receipt for each", async || {
        let second: HashSet<_> = esme.heard().receipts.into_iter().map(|receipt| receipt.id).collect();
        Ok(sent.iter().all(|message| second.contains(&message.message_id) || first.contains(&message.message_id)))
    })
    .await?;
    let mut database = world.database().await?;
    until_true("an empty outbox", async || Ok(database.number("SELECT COUNT(*) FROM outbox").await? == 0)).await?;
    database.audit().await?;
    world.passed();
    Ok(())
}

#[tokio::test]
async fn regression_a2_07_five_segments_whose_receipts_come_in_any_order_are_one_message() -> Result<()> {
    let world = world("smpp_shuffled")?;
    let operator = world.simulator("alpha", "magic = false\n[receipt]\ndelay_ms = [0, 300]").await?;
    let site = Site::with_one_account("100").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let esme = platform.esme(&secrets).await?;
    let text = "0123456789".repeat(70);
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, text.as_bytes());
    for _ in 0..10 {
        esme.accepted(Sm { tlvs: tlvs.as_tlvs(), ..message(TO, b"") }).await?;
    }
    esme.receipts(10).await?;
    let mut database = world.database().await?;
    database.audit().await?;
    assert_eq!(database.messages().await?, [("delivered", 10)].into());
    assert_eq!(database.segments().await?, [("delivered", 50)].into());
    assert_eq!(database.charges().await?, Charges { captured: 50, ..Charges::default() });
    assert_eq!(database.number("SELECT COUNT(*) FROM orphan_receipts").await?, 0);
    world.passed();
    Ok(())
}

async fn three(esme: &Esme) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(esme.accepted(message(TO, text.as_bytes())).await?);
    }
    Ok(ids)
}

/// A message of as many segments as there can be is taken, sent and delivered, and the platform goes on.
#[tokio::test]
async fn the_longest_message_there_is() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("smpp_255").await?;
    world.apply(&Site::new().table("account", MORE_FUNDS)).await?;
    let rest = platform.rest(&secrets)?;
    until_true("the payment counts", async || Ok(rest.balance().await?.0 == "110.00")).await?;
    let text = "0123456789abcdefg".repeat(153 * 255 / 17);
    let id = rest.send_text("+447700900123", &text).await?;
    assert_eq!(rest.final_state(&id).await?, "delivered");
    let sms = rest.get(&format!("/v1/sms/{id}")).await?.body;
    assert_eq!(sms["segments"].as_array().map(Vec::len), Some(255));
    rest.send_text("+447700900123", "and another").await?;
    world.passed();
    Ok(())
}

const MORE_FUNDS: &str = "name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\npayment = [{ amount = \"100\", reference = \"second\" }]";
