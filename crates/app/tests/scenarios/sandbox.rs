//! The sandbox: every outcome and every error is played for who has a test key, over REST and SMPP; nothing is billed, and no
//! operator hears of it.

use anyhow::{Result, ensure};
use sambac_domain::{ErrorCode, sandbox};
use sambac_testkit::scenario::smpp::BindKind;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Platform, Reply, Rest, Secrets, Simulator, Sink, Site, World, message};
use serde_json::{Value, json};

use crate::world;

const CONNECTOR: &str = "name = \"sandbox\"\noperator = \"sandbox\"\nhost = \"sandbox\"\nport = 1\n\
    system_id = \"sandbox\"\npassword = \"sandbox\"\nsettings = { session = { response_timeout_ms = 1000 } }";

/// The same site with a sandbox.
pub(crate) fn with_sandbox(site: Site) -> Site {
    site.table("operator", "name = \"sandbox\"").table("connector", CONNECTOR)
}

struct Played {
    world: World,
    operator: Simulator,
    sink: Sink,
    secrets: Secrets,
    platform: Platform,
    rest: Rest,
}

impl Played {
    /// A bank that may send one message a day, with a live key and a test key, an operator, and the sandbox.
    async fn start(name: &str) -> Result<Self> {
        let world = world(name)?;
        let (operator, sink) = (world.simulator("alpha", "").await?, Sink::start(0).await?);
        let scopes = "scopes = [\"sms:send\", \"sms:read\", \"balance:read\", \"otp:send\", \"otp:check\", \"events:read\", \
            \"webhooks:write\"]";
        let test_key = format!("name = \"test\"\naccount = \"bank\"\nenvironment = \"test\"\n{scopes}");
        let site = with_sandbox(Site::with_one_account("10"))
            .connector("alpha", &operator, "")
            .route("all", &["alpha"], "")
            .table("api_key", &test_key)
            .webhook("bank", &sink.url())
            .smpp_account("bank", "tester", "settings = { limits = { test_only = true } }");
        let secrets = world.apply(&site).await?;
        let platform = world.platform(&[]).await?;
        platform.until_bound().await?;
        let rest = platform.rest(&secrets)?.with_key(secrets.api_key("test")?);
        Ok(Self { world, operator, sink, secrets, platform, rest })
    }

    async fn send(&self, to: &str) -> Result<Reply> {
        self.rest.send(&json!({ "to": to, "from": "Bank", "text": "hello" })).await
    }

    /// How a message to this number ends: its state, its error and the operator's.
    async fn ends(&self, to: &str) -> Result<(String, Value, Value)> {
        let reply = self.send(to).await?;
        ensure!(reply.status == 202 && reply.body["price"]["amount"] == "0.00", "{to}: {}", reply.text);
        let ended = self.rest.ended(reply.body["message_id"].as_str().unwrap_or_default()).await?;
        let segment = &ended["segments"][0];
        let state = ended["state"].as_str().unwrap_or_default().to_owned();
        Ok((state, ended["error"].clone(), segment["operator_error"].clone()))
    }

    /// Nothing was billed, counted or told to the operator; and everything adds up.
    async fn end(mut self) -> Result<()> {
        ensure!(self.rest.balance().await?.0 == "10.00", "{:?}", self.rest.balance().await?);
        let mut database = self.world.database().await?;
        ensure!(database.number("SELECT COUNT(*) FROM spending").await? == 0, "it counts in no limit");
        ensure!(
            database
                .number("SELECT COALESCE(SUM(amount_micros), 0) FROM ledger_postings WHERE kind <> 'credit'")
                .await?
                == 0
        );
        let live = self.platform.rest(&self.secrets)?;
        let id = live.send_text("+447700900123", "for real").await?;
        ensure!(live.final_state(&id).await? == "delivered");
        database.audit().await?;
        self.world.prove_ledger().await?;
        let reconciled = self.world.run(&["reconcile"], &[]).await?;
        ensure!(reconciled.status.success(), "{}", String::from_utf8_lossy(&reconciled.stdout));
        let journal = self.operator.finish().await?;
        ensure!(journal.texts() == ["for real"], "{:?}", journal.texts());
        self.world.passed();
        Ok(())
    }
}

#[tokio::test]
async fn every_outcome_is_played() -> Result<()> {
    let played = Played::start("sandbox_outcomes").await?;
    for (to, state, error, operator_error) in [
        ("+99955000001", "delivered", Value::Null, Value::Null),
        ("+99955010001", "delivered", Value::Null, Value::Null),
        ("+99955020017", "undelivered", json!("undeliverable"), json!("017")),
        ("+99955030003", "expired", json!("expired"), json!("003")),
        ("+99955040099", "rejected", json!("operator_rejected"), json!("099")),
        ("+99955080011", "rejected", json!("invalid_destination"), Value::Null),
    ] {
        let (found_state, found_error, found_operator_error) = played.ends(to).await?;
        ensure!((found_state.as_str(), &found_error) == (state, &error), "{to}: {found_state} {found_error}");
        ensure!(operator_error.is_null() || found_operator_error == operator_error, "{to}: {found_operator_error}");
    }
    until_true("all were told by webhook", async || Ok(played.sink.deliveries().len() >= 6)).await?;
    let unanswered = played.rest.send_text("+99955090000", "hello").await?;
    until_true("no answer came", async || Ok(played.rest.sms(&unanswered).await?["state"] == "submit_unknown")).await?;
    played.end().await
}

/// A webhook, the list of events and the list of messages of a test key tell what was played, and nothing of what is real.
#[tokio::test]
async fn a_test_key_is_told_of_tests_only() -> Result<()> {
    let played = Played::start("sandbox_told").await?;
    let (sink, live) = (Sink::start(0).await?, played.platform.rest(&played.secrets)?);
    let made = played.rest.post("/v1/webhooks", &json!({ "url": sink.url() }), &[]).await?;
    ensure!(made.status == 201 && made.body["environment"] == "test", "{}", made.text);
    let real = live.send_text("+447700900123", "real").await?;
    ensure!(live.final_state(&real).await? == "delivered");
    let test = played.rest.send_text("+99955000001", "played").await?;
    ensure!(played.rest.final_state(&test).await? == "delivered");
    // The account's own webhook is told of both.
    until_true("both were told", async || Ok(played.sink.deliveries().len() == 2)).await?;
    until_true("the test was told", async || Ok(!sink.deliveries().is_empty())).await?;
    let told = |text: &str| text.contains(&test) && !text.contains(&real) && !text.contains("447700900123");
    for path in ["/v1/events", "/v1/sms"] {
        let list = played.rest.get(path).await?;
        ensure!(list.body["data"].as_array().map(Vec::len) == Some(1) && told(&list.text), "{path}: {}", list.text);
    }
    let deliveries = sink.deliveries();
    let body = String::from_utf8_lossy(deliveries[0].body()).into_owned();
    ensure!(deliveries.len() == 1 && told(&body), "{body}");
    played.world.passed();
    Ok(())
}

#[tokio::test]
async fn every_error_is_played() -> Result<()> {
    let played = Played::start("sandbox_errors").await?;
    for error in ErrorCode::ALL {
        let reply = played.send(&format!("+9995590{:06}", sandbox::error_number(*error))).await?;
        let wanted = (error.http_status(), json!(error.code()));
        ensure!((reply.status, &reply.body["code"]) == (wanted.0, &wanted.1), "{wanted:?}: {}", reply.text);
    }
    let live = played.platform.rest(&played.secrets)?;
    for (rest, to, what) in [
        (&live, "+99955000001", "are for test keys"),
        (&played.rest, "+447700900123", "reaches test numbers only"),
        (&played.rest, "+99955990000", "nothing is played"),
    ] {
        let reply = rest.send(&json!({ "to": to, "from": "Bank", "text": "hello" })).await?;
        ensure!(reply.status == 422 && reply.body["code"] == "invalid_destination", "{}", reply.text);
        ensure!(reply.text.contains(what), "{}", reply.text);
    }
    let quote =
        played.rest.send(&json!({ "to": "+99955000001", "from": "Bank", "text": "hello", "dry_run": true })).await?;
    ensure!(quote.status == 200, "{}", quote.text);
    played.end().await
}

#[tokio::test]
async fn an_esme_for_tests_plays_as_well() -> Result<()> {
    let played = Played::start("sandbox_smpp").await?;
    let esme = played.platform.esme_as(&played.secrets, "tester", BindKind::Transceiver).await?;
    let (good, bad) =
        (esme.accepted(message("99955000001", b"1")).await?, esme.accepted(message("99955020017", b"2")).await?);
    let receipts = esme.receipts(2).await?;
    let stat = |id: &str| receipts.iter().find(|receipt| receipt.id == id).map(|receipt| receipt.stat.clone());
    ensure!((stat(&good).as_deref(), stat(&bad).as_deref()) == (Some("DELIVRD"), Some("UNDELIV")), "{receipts:?}");
    let number = format!("9995590{:06}", sandbox::error_number(ErrorCode::InsufficientFunds));
    for (to, wanted) in
        [(number.as_str(), ErrorCode::InsufficientFunds), ("447700900123", ErrorCode::InvalidDestination)]
    {
        let answer = esme.submit(message(to, b"3")).await?;
        ensure!(answer.status == wanted.command_status(), "{to}: {answer:?}");
    }
    let live = played.platform.esme(&played.secrets).await?;
    let answer = live.submit(message("99955000001", b"4")).await?;
    ensure!(answer.status == ErrorCode::InvalidDestination.command_status(), "{answer:?}");
    live.unbind().await;
    esme.unbind().await;
    played.end().await
}

/// A code is sent and checked without a handset.
#[tokio::test]
async fn a_code_is_verified_without_a_handset() -> Result<()> {
    let played = Played::start("sandbox_otp").await?;
    let started = played.rest.post("/v1/otp", &json!({ "to": "+99955000001", "from": "Bank" }), &[]).await?;
    ensure!(started.status == 201, "{}", started.text);
    let (id, code) = (started.body["id"].as_str().unwrap_or_default(), &started.body["sandbox_code"]);
    let checked = played.rest.post(&format!("/v1/otp/{id}/check"), &json!({ "code": code }), &[]).await?;
    ensure!(checked.status == 200 && checked.body["verified"] == true, "{}", checked.text);
    let other = played.rest.post("/v1/otp", &json!({ "to": "+999123456789", "from": "Bank" }), &[]).await?;
    ensure!(other.status != 201 || other.body["sandbox_code"].is_null(), "{}", other.text);
    played.world.passed();
    Ok(())
}
