//! Who gets a message: webhook, ESME, one after the other, all at once, by keyword, or nobody.

use anyhow::Result;
use sambac_testkit::scenario::smpp::BindKind;
use sambac_testkit::scenario::wait::until_true;
use serde_json::json;

use super::{Inbound, mo};

const TAKEN: &str = "SELECT COUNT(*) FROM mo_messages WHERE state = 2";

#[tokio::test]
async fn mo_to_a_webhook_and_readable_by_the_api() -> Result<()> {
    // A message is stored, acknowledged, told by a signed event, and shown to its account only.
    let inbound = Inbound::to_webhook("mo_webhook", &mo("text = \"Stop, please €\""), "").await?;
    let event = inbound.events(1).await?.remove(0);
    assert_eq!(event["type"], "message.received");
    for (key, value) in [
        ("from", json!("+447700900123")),
        ("to", json!("12345")),
        ("text", json!("Stop, please €")),
        ("keyword", json!("stop")),
        ("segments", json!(1)),
        ("complete", json!(true)),
    ] {
        assert_eq!(event["data"][key], value, "{event:#}");
    }
    assert_eq!(inbound.acknowledged(1).await?, [(1, 0)]);
    inbound.until_count(TAKEN, 1).await?;
    inbound.until_count("SELECT COUNT(*) FROM outbox", 0).await?;

    let rest = inbound.platform.rest(&inbound.secrets)?;
    let list = rest.get("/v1/sms/inbound?from=%2B447700900123&to=12345").await?.body;
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{list:#}");
    let id = event["data"]["message_id"].as_str().unwrap_or_default();
    let shown = rest.get(&format!("/v1/sms/inbound/{id}")).await?.body;
    assert_eq!((&shown["state"], &shown["text"]), (&json!("taken"), &json!("Stop, please €")), "{shown:#}");
    assert_eq!(list["data"][0], shown);
    assert_eq!(rest.get("/v1/sms/inbound/mo_0000000000001").await?.status, 404);
    let secret = "Stop, please";
    let stored = std::fs::read(inbound.world.data_folder().join("sambac.db")).unwrap_or_default();
    assert!(!stored.windows(secret.len()).any(|octets| octets == secret.as_bytes()), "the text is sealed at rest");
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_to_an_esme_in_its_alphabet_and_long_ones_in_segments() -> Result<()> {
    // A client's receiving bind gets texts in its alphabet, long ones cut as its profile says, binary ones as they came.
    let long = "0123456789".repeat(20);
    let scenario = [
        mo("text = \"café\""),
        mo("text = \"да\"\ndata_coding = 8\nafter_ms = 50"),
        mo(&format!("text = \"{long}\"\nafter_ms = 100")),
        mo("hex = \"0102FF\"\ndata_coding = 4\nafter_ms = 150"),
    ]
    .concat();
    let inbound =
        Inbound::start("mo_esme", &scenario, "", |site, _| {
            site.smpp_account("bank", "latin", "settings = { text = { alphabet = \"latin1\", long = \"sar\" } }")
                .mo_route("bank", "all", "{ smpp = \"latin\" }", "")
        })
        .await?;
    let esme = inbound.platform.esme_as(&inbound.secrets, "latin", BindKind::Receiver).await?;
    let mut heard = esme.handsets(5).await?;
    heard.sort_by_key(|one| (one.sar, one.octets.clone()));
    let shown: Vec<_> = heard.iter().map(|one| (one.data_coding, one.octets.as_slice())).collect();
    let (first, second) = long.as_bytes().split_at(134);
    let russian = [0x04, 0x34, 0x04, 0x30];
    let expected = [(4, &[1, 2, 0xFF][..]), (8, &russian), (0, b"caf\xE9"), (0, first), (0, second)];
    assert_eq!(shown, expected);
    assert!(heard.iter().all(|one| one.source == "447700900123" && one.destination == "12345" && one.esm_class == 0));
    let places: Vec<_> = heard.iter().filter_map(|one| one.sar).map(|(_, total, no)| (total, no)).collect();
    assert_eq!(places, [(2, 1), (2, 2)]);
    inbound.until_count(TAKEN, 4).await?;
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_goes_to_the_next_target_when_the_first_is_away() -> Result<()> {
    // Failover: an ESME that does not bind for longer than the bound loses its turn.
    let inbound = Inbound::start("mo_failover", &mo("text = \"hello\""), "", |site, webhook| {
        site.mo_route("bank", "all", &format!("{{ smpp = \"esme\" }}, {webhook}"), "away_max_s = 1")
    })
    .await?;
    assert_eq!(inbound.texts(1).await?, ["hello"]);
    inbound.until_count(TAKEN, 1).await?;
    // Who comes late finds nothing: the message has been taken.
    let esme = inbound.platform.esme(&inbound.secrets).await?;
    inbound.until_count("SELECT COUNT(*) FROM outbox", 0).await?;
    let mut database = inbound.database().await?;
    let states: Vec<(i64,)> = database.rows("SELECT state FROM mo_deliveries ORDER BY id").await?;
    assert_eq!(states, [(3,), (1,)], "away, then taken");
    assert_eq!(esme.heard().handsets, []);
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_fans_out_to_all_targets_and_waits_for_each() -> Result<()> {
    // Fan-out: the webhook has it at once, the ESME when it binds.
    let inbound = Inbound::start("mo_fan_out", &mo("text = \"hello\""), "", |site, webhook| {
        site.mo_route("bank", "all", &format!("{{ smpp = \"esme\" }}, {webhook}"), "strategy = \"fan_out\"")
    })
    .await?;
    assert_eq!(inbound.texts(1).await?, ["hello"]);
    let esme = inbound.platform.esme(&inbound.secrets).await?;
    assert_eq!(esme.handsets(1).await?[0].octets, b"hello");
    inbound.until_count("SELECT COUNT(*) FROM mo_deliveries WHERE state = 1", 2).await?;
    inbound.until_count("SELECT COUNT(*) FROM outbox", 0).await?;
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_keywords_are_matched_on_the_decoded_text() -> Result<()> {
    // STOP in any alphabet goes to the ESME, everything else to the webhook.
    let scenario = [
        mo("text = \"Stop!\""),
        mo("text = \"СТОП\"\ndata_coding = 8\nafter_ms = 20"),
        mo("text = \"Stopping by\"\nafter_ms = 40"),
    ]
    .concat();
    let inbound = Inbound::start("mo_keyword", &scenario, "", |site, webhook| {
        let stop = "match = { destinations = [\"12345\"], keywords = [\"STOP\", \"стоп\"] }";
        site.mo_route("bank", "stop", "{ smpp = \"esme\" }", stop).mo_route("bank", "rest", webhook, "")
    })
    .await?;
    let esme = inbound.platform.esme(&inbound.secrets).await?;
    assert_eq!(inbound.texts(1).await?, ["Stopping by"]);
    let heard = esme.handsets(2).await?;
    let mut codings: Vec<_> = heard.iter().map(|one| one.data_coding).collect();
    codings.sort_unstable();
    assert_eq!(codings, [0, 8]);
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_without_a_route_is_kept_and_answered_as_the_profile_says() -> Result<()> {
    // Nothing is lost: the message is stored as unrouted, no account sees it, and the operator gets the status that is set.
    let connector = "settings = { mo = { no_route_status = 0x66 } }";
    let inbound = Inbound::start("mo_no_route", &mo("text = \"hello\""), connector, |site, webhook| {
        site.mo_route("bank", "other", webhook, "match = { destinations = [\"99999\", \"1234\"] }")
    })
    .await?;
    assert_eq!(inbound.acknowledged(1).await?, [(1, 0x66)]);
    inbound.until_count("SELECT COUNT(*) FROM mo_messages WHERE state = 0 AND account_id IS NULL", 1).await?;
    let rest = inbound.platform.rest(&inbound.secrets)?;
    assert_eq!(rest.get("/v1/sms/inbound").await?.body["data"], json!([]));
    assert_eq!(inbound.sink.deliveries().len(), 0);
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_answers_a_message_that_was_sent() -> Result<()> {
    // The magic number 060: a message is delivered, and its reader answers.
    let inbound = Inbound::to_webhook("mo_reply", "", "").await?;
    let rest = inbound.platform.rest(&inbound.secrets)?;
    let id = rest.send_text("+999000000060", "Pay 5 EUR? Answer YES").await?;
    assert_eq!(rest.final_state(&id).await?, "delivered");
    let mut events = Vec::new();
    until_true("the answer", async || {
        events = inbound.events(1).await?;
        Ok(events.iter().any(|event| event["type"] == "message.received"))
    })
    .await?;
    let answer = events.iter().find(|event| event["type"] == "message.received").cloned().unwrap_or_default();
    assert_eq!((&answer["data"]["from"], &answer["data"]["keyword"]), (&json!("+999000000060"), &json!("yes")));
    assert_eq!(answer["data"]["to"], "Bank");
    inbound.world.passed();
    Ok(())
}
