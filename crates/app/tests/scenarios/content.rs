//! An account's rules about its texts, over every way in: what is hidden reaches the operator hidden, what is forbidden reaches nobody.

use anyhow::Result;
use sambac_smpp::Sm;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Site, message};
use serde_json::json;

use crate::world;

const RULES: &str = "content = { card_numbers = \"mask\", ibans = \"block\", link_hosts = [\"*.bank.com\"] }";
const CARD: &str = "Card 4111 1111 1111 1111 was used";
const HIDDEN: &str = "Card **** **** **** 1111 was used";

#[tokio::test]
async fn a_card_number_is_hidden_and_what_is_forbidden_is_refused_and_not_kept() -> Result<()> {
    let world = world("content")?;
    let mut operator = world.simulator("alpha", "").await?;
    let account = format!(
        "name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\n{RULES}\npayment = [{{ amount = \"10\", reference = \"first\" }}]"
    );
    let site = Site::new()
        .table("tariff", "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\" }]")
        .table("account", &account)
        .api_key("bank", "main")
        .smpp_account("bank", "esme", "")
        .connector("alpha", &operator, "")
        .route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let (rest, esme) = (platform.rest(&secrets)?, platform.esme(&secrets).await?);

    rest.send_text("+447700900123", CARD).await?;
    esme.accepted(message("447700900123", CARD.as_bytes())).await?;
    rest.send_text("+447700900123", "See https://www.bank.com/x").await?;
    for (text, what) in [
        ("Pay to DE89 3704 0044 0532 0130 00", "a bank account number (IBAN), from character 7 on"),
        ("Log in at https://bank.com.evil.com", "a link to a site that is not on the list, from character 18 on"),
    ] {
        let reply = rest.send(&json!({ "to": "+447700900123", "from": "Bank", "text": text })).await?;
        assert_eq!((reply.status, reply.body["code"].as_str()), (422, Some("content_forbidden")), "{}", reply.text);
        assert_eq!(reply.body["errors"][0]["pointer"], "/text");
        assert!(
            reply.text.contains(what) && !reply.text.contains("3704") && !reply.text.contains("evil"),
            "{}",
            reply.text
        );
        assert_eq!(esme.submit(message("447700900123", text.as_bytes())).await?.status, 0x45);
    }
    // Octets that nobody can read could say anything.
    let binary = Sm { data_coding: 4, ..message("447700900123", b"\x01\x02") };
    assert_eq!(esme.submit(binary).await?.status, 0x45);
    // What is cut in two is seen with the half that comes last, whichever way each came, and whether octets or parameters tie them.
    let half = |no: u8, text: &[u8]| [&[5, 0, 3, 77, 2, no], text].concat();
    let (first, second) = (half(1, b"Card 4111 1111 "), half(2, b"1111 1111 is yours"));
    let mut answers = Vec::new();
    for part in [&second, &first] {
        answers.push(esme.submit(Sm { esm_class: 0x40, ..message("447700900124", part) }).await?.status);
    }
    assert_eq!(answers, [0, 0x45]);
    let octets = json!({ "to": "+447700900124", "from": "Bank", "udh": "0500034d0201", "data": hex(b"Card 4111 1111 "), "data_coding": 0 });
    let by_rest = rest.send(&octets).await?;
    assert_eq!((by_rest.status, by_rest.body["code"].as_str()), (422, Some("content_forbidden")), "{}", by_rest.text);
    let mut database = world.database().await?;
    assert_eq!(database.number("SELECT COUNT(*) FROM messages").await?, 4, "one half was taken");
    until_true("an empty outbox", async || Ok(database.number("SELECT COUNT(*) FROM outbox").await? == 0)).await?;
    database.audit().await?;
    let mut texts = operator.finish().await?.texts();
    texts.sort();
    assert_eq!(texts, ["1111 1111 is yours", HIDDEN, HIDDEN, "See https://www.bank.com/x"]);
    world.passed();
    Ok(())
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
