//! What a client wants kept no longer than it is needed: the text is wiped as soon as the operator has it, the number when the message has ended.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Database, Sink, Site};
use serde_json::json;

use crate::world;

const NUMBER: &str = "447700900123";
const TEXT: &str = "Your parcel of pumpkins";
const ERASED: &str = "+447700000000";
/// An account that wants that of all its messages.
const PRIVATE: &str = "name = \"private\"\ncurrency = \"EUR\"\ntariff = \"standard\"\nmessaging = { redact = [\"text\", \"to\"] }\n\
    payment = [{ amount = \"10\", reference = \"first\" }]";

/// Every cell of every table that has the number, as `table.column`.
async fn cells_with_it(database: &mut Database) -> Result<Vec<String>> {
    let columns = "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'";
    let mut found = Vec::new();
    for (table, column) in database.rows::<(String, String)>(columns).await? {
        let count = format!("SELECT COUNT(*) FROM {table} WHERE CAST({column} AS TEXT) LIKE '%{NUMBER}%'");
        if database.number(&count).await? > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    Ok(found)
}

#[tokio::test]
async fn text_and_number_are_kept_no_longer_than_they_are_needed() -> Result<()> {
    let world = world("redaction")?;
    let mut operator = world.simulator("alpha", "[receipt]\ndelay_ms = [1500, 1500]").await?;
    let sink = Sink::start(0).await?;
    let site = Site::with_one_account("10")
        .table("account", PRIVATE)
        .api_key("private", "private")
        .connector("alpha", &operator, "")
        .route("all", &["alpha"], "")
        .webhook("bank", &sink.url());
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?.with_key(secrets.api_key("main")?);
    let private = rest.with_key(secrets.api_key("private")?);
    let sms = |redact: serde_json::Value| json!({ "to": format!("+{NUMBER}"), "from": "Bank", "text": TEXT, "redact": redact });
    let asked = rest.accepted(&sms(json!(["text", "to"]))).await?;
    let always = private.accepted(&sms(json!([]))).await?;
    let batch =
        json!({ "from": "Bank", "text": TEXT, "redact": ["to"], "recipients": [{ "to": format!("+{NUMBER}") }] });
    let batch = rest.post("/v1/sms/batch", &batch, &[]).await?.body;
    let batch = batch["recipients"][0]["message_id"].as_str().context("no id")?.to_owned();
    let refused = rest.send(&sms(json!(["from"]))).await?;
    assert_eq!((refused.status, refused.body["code"].as_str()), (400, Some("invalid_request")), "{}", refused.text);

    // Taken by the operator, and not ended: two texts are gone, and the numbers are needed still.
    let mut database = world.database().await?;
    let submitted = "SELECT COUNT(*) FROM segments WHERE state = 4";
    until_true("all are submitted", async || Ok(database.number(submitted).await? == 3)).await?;
    assert_eq!(database.number("SELECT COUNT(*) FROM messages WHERE final_at IS NULL AND body IS NULL").await?, 2);
    assert_eq!(rest.sms(&asked).await?["to"], format!("+{NUMBER}"));
    // A restart in between changes nothing: the receipts find their messages.
    platform.kill_9().await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?.with_key(secrets.api_key("main")?);
    let private = rest.with_key(secrets.api_key("private")?);
    for (rest, id) in [(&rest, &asked), (&private, &always), (&rest, &batch)] {
        let ended = rest.ended(id).await?;
        assert_eq!((&ended["state"], &ended["to"]), (&json!("delivered"), &json!(ERASED)), "{ended:#}");
    }
    let secret = secrets.webhook_secret(&sink.url())?;
    for delivery in sink.until(2).await? {
        let event = delivery.verified(secret)?;
        assert_eq!((&event["type"], &event["data"]["to"]), (&json!("message.delivered"), &json!(ERASED)), "{event:#}");
    }
    let events = rest.get("/v1/events").await?;
    assert!(events.text.contains(ERASED) && !events.text.contains(NUMBER), "{}", events.text);
    until_true("an empty outbox", async || Ok(database.number("SELECT COUNT(*) FROM outbox").await? == 0)).await?;
    assert_eq!(cells_with_it(&mut database).await?, Vec::<String>::new());
    assert_eq!(database.number("SELECT COUNT(*) FROM cdr_sms WHERE destination = 447700000000").await?, 3);
    database.audit().await?;
    assert_eq!(operator.finish().await?.texts(), [TEXT; 3], "the operator got all of it");
    // The ledger vouches for the records as they are.
    world.prove_ledger().await?;
    drop(platform);
    let file = std::fs::read(world.data_folder().join("sambac.db"))?;
    let has = |part: &[u8]| file.windows(part.len()).any(|octets| octets == part);
    assert!(!has(TEXT.as_bytes()) && !has(NUMBER.as_bytes()), "nothing of it is readable in the file");
    world.passed();
    Ok(())
}
