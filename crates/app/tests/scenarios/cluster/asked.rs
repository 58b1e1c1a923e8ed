//! What is asked of an operator by a node that has its binds, and what such a node tells beside what became of segments.

use anyhow::{Result, ensure};
use sambac_testkit::postgres::TestDatabase;
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{ConnectorNode, Platform, Rest, Secrets, Simulator, Site, World};
use serde_json::{Value, json};

use super::carried::variables;
use super::standby::database;
use crate::admin_shell::Shell;
use crate::world;

/// A node with the ledger, one with the binds of one operator, and a person with a shell.
pub(super) struct Asked {
    world: World,
    pub(super) operator: Simulator,
    pub(super) works: Platform,
    binds: ConnectorNode,
    pub(super) shell: Shell,
    pub(super) rest: Rest,
    secrets: Secrets,
    pub(super) rabbit: Rabbit,
    pub(super) database: TestDatabase,
}

impl Asked {
    pub(super) async fn start(name: &str, operator: &str, settings: &str) -> Result<Self> {
        let (database, rabbit) = (database().await?, Rabbit::start().await?);
        let world = world(name)?.on(database.url());
        let operator = world.simulator("alpha", operator).await?;
        let bind = "bind = { reconnect_min_ms = 100, reconnect_max_ms = 200, credentials_retry_s = 1 }";
        let site = Site::with_one_account("10")
            .connector("alpha", &operator, &format!("settings = {{ {bind}, {settings} }}"))
            .route("all", &["alpha"], "")
            .mo_route("bank", "codes", "{ smpp = \"esme\" }", "match = { destinations = [\"12345\"] }")
            .table("admin_key", "name = \"operations\"\nscopes = [\"operations\", \"config:read\"]");
        let secrets = world.apply(&site).await?;
        let works = world.platform(&variables(&rabbit.url(), "", "1", "worker")).await?;
        let binds = world.connector_node(&variables(&rabbit.url(), "", "2", "connector")).await?;
        let shell = Shell::new(works.http(), secrets.admin_key("operations")?);
        let rest = works.rest(&secrets)?;
        Ok(Self { world, operator, works, binds, shell, rest, secrets, rabbit, database })
    }

    pub(super) async fn until_open(&self, kind: &str, is_open: bool) -> Result<Value> {
        let mut found = Value::Null;
        until_true(&format!("{kind} is open: {is_open}"), async || {
            let all = self.shell.ask(&["alerts"]).await?;
            let alert = all["data"].as_array().into_iter().flatten().find(|alert| alert["kind"] == kind);
            found = alert.cloned().unwrap_or_default();
            Ok(found.is_object() && found.get("cleared_at").is_none() == is_open)
        })
        .await?;
        Ok(found)
    }

    pub(super) fn passed(self) {
        drop(self.binds);
        self.world.passed();
    }
}

/// No receipt comes: the operator is asked, and its last word ends the message.
#[tokio::test]
async fn an_overdue_receipt_is_asked_for_by_the_node_with_the_binds() -> Result<()> {
    let operator = "[receipt]\ngiven = 0.0\n[manage]\nquery = \"delivered\"\nquery_enroute_first = 1";
    let asked = Asked::start("asked_query", operator, "receipt = { query_after_s = 1 }").await?;
    asked.works.until_bound().await?;
    let id = asked.rest.send_text("+447700900123", "asked for").await?;
    ensure!(asked.rest.final_state(&id).await? == "delivered");
    let journal = asked.operator.until("query", 2).await?;
    let given = journal.of("answer").map(|line| line.message_id.clone()).next().unwrap_or_default();
    ensure!(journal.of("query").all(|line| line.message_id == given && line.source == "Bank"), "{journal:?}");
    asked.passed();
    Ok(())
}

/// An operator that knows no `query_sm` is asked once, and a person is told.
#[tokio::test]
async fn an_operator_that_offers_no_query_is_asked_once_by_the_node_with_the_binds() -> Result<()> {
    let asked = Asked::start("asked_none", "[receipt]\ndelay_ms = 3500", "receipt = { query_after_s = 1 }").await?;
    asked.works.until_bound().await?;
    let ids =
        [asked.rest.send_text("+447700900123", "first").await?, asked.rest.send_text("+447700900124", "second").await?];
    asked.until_open("connector_query", true).await?;
    for id in ids {
        ensure!(asked.rest.final_state(&id).await? == "delivered");
    }
    let questions = asked.operator.journal()?.of("query").count();
    ensure!((1..=2).contains(&questions), "{questions} questions, and both may have been on their way");
    asked.passed();
    Ok(())
}

/// A client's cancellation reaches the operator: what it takes back ends, what it keeps goes on.
#[tokio::test]
async fn what_is_with_an_operator_is_taken_back_by_the_node_with_the_binds() -> Result<()> {
    let offered = "submit = { cancel = true }, session = { response_timeout_ms = 5000 }";
    for (name, manage, taken) in [("asked_back", "cancel = true", true), ("asked_kept", "cancel_status = 0x11", false)]
    {
        let operator = format!("[receipt]\ndelay_ms = 4000\n[manage]\n{manage}");
        let asked = Asked::start(name, &operator, offered).await?;
        asked.works.until_bound().await?;
        let id = asked.rest.send_text("+447700900123", "taken back").await?;
        asked.rest.until_event(&id, "answered").await?;
        let canceled = asked.rest.post(&format!("/v1/sms/{id}/cancel"), &json!({}), &[]).await?;
        ensure!((canceled.status == 200) == taken, "{}", canceled.text);
        let state = asked.rest.final_state(&id).await?;
        ensure!(state == if taken { "canceled" } else { "delivered" }, "{state}");
        asked.operator.until("cancel", 1).await?;
        asked.passed();
    }
    Ok(())
}

/// A person has a connector bind again, wherever its binds are.
#[tokio::test]
async fn a_connector_binds_again_at_the_node_that_has_it() -> Result<()> {
    let asked = Asked::start("asked_rebind", "", "").await?;
    asked.works.until_bound().await?;
    asked.shell.text(&["connector", "unbind", "alpha"]).await?;
    let journal = asked.operator.until("bind", 2).await?;
    ensure!(journal.of("unbind").count() == 1, "in good order: {journal:?}");
    asked.works.until_bound().await?;
    let id = asked.rest.send_text("+447700900123", "after it").await?;
    ensure!(asked.rest.final_state(&id).await? == "delivered");
    asked.passed();
    Ok(())
}

/// A handset's message that no route takes is kept, and its operator is told as the profile says; one that has a route is taken.
#[tokio::test]
async fn a_handsets_message_without_a_route_is_answered_as_the_profile_says() -> Result<()> {
    let mo = |to: &str| format!("[[mo]]\nfrom = \"447700900321\"\nto = \"{to}\"\ntext = \"YES\"\nafter_ms = 100");
    let operator = format!("{}\n{}", mo("99999"), mo("12345"));
    let asked = Asked::start("asked_mo", &operator, "mo = { no_route_status = 0x66 }").await?;
    let esme = asked.works.esme(&asked.secrets).await?;
    ensure!(esme.handsets(1).await?.remove(0).octets == b"YES");
    until_true("both are answered for good", async || {
        let journal = asked.operator.journal()?;
        // What could not be carried in the first moment comes again.
        let mut told: Vec<_> = journal.of("mo_ack").map(|line| line.status).filter(|status| *status != 0x64).collect();
        told.sort_unstable();
        Ok(told == [0, 0x66])
    })
    .await?;
    let unrouted = "SELECT COUNT(*) FROM mo_messages WHERE state = 0 AND account_id IS NULL";
    until_true("it is kept", async || Ok(asked.database.number(unrouted).await? == 1)).await?;
    asked.passed();
    Ok(())
}

/// What waits for a subscriber goes when its operator says that it can be reached.
#[tokio::test]
async fn what_waits_for_a_subscriber_goes_at_its_alert() -> Result<()> {
    let operator = "[answer]\ntemporary_first = 1\n[alert]\nafter_refusal_ms = 1500";
    let asked = Asked::start("asked_alert", operator, "errors = { retry_delay_ms = 600000 }").await?;
    asked.works.until_bound().await?;
    let id = asked.rest.send_text("+447700900123", "again").await?;
    ensure!(asked.rest.final_state(&id).await? == "delivered", "long before it is tried again by itself");
    asked.operator.until("alert", 1).await?;
    asked.passed();
    Ok(())
}

/// What is wrong with a bind is told where the ledger is, and is over when it is.
#[tokio::test]
async fn alerts_about_binds_are_kept_where_the_ledger_is() -> Result<()> {
    let mut asked = Asked::start("asked_alerts", "[bind]\nsystem_id = \"other\"", "").await?;
    let alert = asked.until_open("connector_credentials", true).await?;
    ensure!(alert["subject"] == "alpha", "{alert}");
    asked.operator.start_again(&asked.world, "").await?;
    asked.until_open("connector_credentials", false).await?;
    asked.works.until_bound().await?;
    asked.passed();
    Ok(())
}
