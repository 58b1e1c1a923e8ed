//! An account that sends approved texts only: over REST by template, over SMPP in the words of one, and nothing else by either.

use anyhow::{Context as _, Result, ensure};
use sambac_smpp::Sm;
use sambac_testkit::scenario::{Site, message};
use serde_json::json;

use crate::world;

const ACCOUNT: &str = "name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\nmessaging = { templates = \"required\" }\n\
    payment = [{ amount = \"10\", reference = \"first\" }]";

#[tokio::test]
async fn only_approved_texts_reach_the_operator_whatever_way_they_come() -> Result<()> {
    let world = world("templates")?;
    let mut operator = world.simulator("alpha", "").await?;
    let site = Site::new()
        .table("tariff", "name = \"standard\"\ncurrency = \"EUR\"\nrate = [{ price = \"0.05\" }]")
        .table("account", ACCOUNT)
        .api_key("bank", "main")
        .api_key("bank", "second")
        .smpp_account("bank", "esme", "")
        .connector("alpha", &operator, "")
        .route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let (rest, esme) = (platform.rest(&secrets)?.with_key(secrets.api_key("main")?), platform.esme(&secrets).await?);
    let template = json!({ "name": "parcel", "default_locale": "en", "variables": { "parcel": "digits(8)" },
        "texts": { "en": "Parcel {parcel} comes today." } });
    let made = rest.post("/v1/templates", &template, &[]).await?;
    ensure!(made.status == 201, "{}", made.text);
    let approve = format!("/v1/templates/{}/approve", made.body["id"].as_str().context("no id")?);
    let approved = rest.with_key(secrets.api_key("second")?).post(&approve, &json!({}), &[]).await?;
    ensure!(approved.status == 200, "{}", approved.text);

    let sms = json!({ "to": "+447700900123", "from": "Bank", "template": "parcel", "variables": { "parcel": "1" } });
    rest.accepted(&sms).await?;
    esme.accepted(message("447700900123", b"Parcel 2 comes today.")).await?;
    for text in [&b"Parcel 3 comes today. Pay at evil.example"[..], b"Parcel x comes today.", b"Hello"] {
        assert_eq!(esme.submit(message("447700900123", text)).await?.status, 0x45);
    }
    // The start of a long message that its client cut: nobody knows what comes after it.
    let part = Sm { esm_class: 0x40, ..message("447700900123", b"\x05\x00\x03\x01\x02\x01Parcel 4 comes today.") };
    assert_eq!(esme.submit(part).await?.status, 0x45);
    let free = rest.send(&json!({ "to": "+447700900123", "from": "Bank", "text": "Hello" })).await?;
    assert_eq!((free.status, free.body["code"].as_str()), (422, Some("template_required")));
    operator.until_submits(2).await?;
    let mut texts = operator.finish().await?.texts();
    texts.sort();
    assert_eq!(texts, ["Parcel 1 comes today.", "Parcel 2 comes today."]);
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}
