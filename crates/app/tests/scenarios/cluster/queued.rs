//! What lies in the broker's queues longer than it should: a report that was put aside, a question whose asker has gone.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_bus::work::{Ask, Asked, HandsetSeen, ReceiptSeen, Report, WorkBroker, WorkQueues};
use sambac_domain::id::ConnectorId;
use sambac_domain::receipt::{ReceiptInput, parse};
use sambac_domain::{Msisdn, Sender};
use sambac_engine::clock::Clock;
use sambac_testkit::scenario::wait::until_true;

use super::asked::Asked as Nodes;
use super::broker;

const NUMBER: &str = "447700900123";
const MINUTE: Duration = Duration::from_secs(60);

async fn broker_of(nodes: &Nodes) -> Result<(WorkBroker, WorkQueues, ConnectorId)> {
    let (broker, queues) = broker(&nodes.rabbit.url()).await?;
    let connector = ConnectorId::from_raw(nodes.database.number("SELECT id FROM connectors").await?);
    Ok((broker, queues, connector))
}

/// A report that was handed out too often lies with the dead: what its operator was told that we have is stored all the same.
#[tokio::test]
async fn a_report_that_was_put_aside_is_taken_once_more() -> Result<()> {
    let nodes = Nodes::start("queued_report", "[receipt]\ngiven = 0.0", "receipt = { query_after_s = 0 }").await?;
    nodes.works.until_bound().await?;
    let id = nodes.rest.send_text(&format!("+{NUMBER}"), "put aside").await?;
    nodes.rest.until_event(&id, "answered").await?;
    let journal = nodes.operator.until("answer", 1).await?;
    let given = journal.of("answer").map(|line| line.message_id.clone()).next().context("an answer")?;
    let text = format!("id:{given} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000");
    let input = ReceiptInput { esm_class: 4, short_message: text.as_bytes(), ..ReceiptInput::default() };
    let (broker, queues, connector) = broker_of(&nodes).await?;
    let mut report = Report::new(connector, "2", 1);
    report.receipts.push(ReceiptSeen {
        receipt: parse(&input).context("a receipt")?,
        source: NUMBER.to_owned(),
        destination: "Bank".to_owned(),
        received_at: Clock::system().now(),
    });
    broker.publish(&queues.dead(), &report.to_json(), true).await?.await?;
    ensure!(nodes.rest.final_state(&id).await? == "delivered");
    nodes.until_open("work_put_aside", true).await?;
    nodes.passed();
    Ok(())
}

/// What nobody can read goes where nobody takes it, and a person is told; what comes after it is taken.
#[tokio::test]
async fn what_nobody_can_read_is_in_nobodys_way() -> Result<()> {
    let nodes = Nodes::start("queued_garbage", "[receipt]\ngiven = 1.0", "receipt = { query_after_s = 0 }").await?;
    nodes.works.until_bound().await?;
    let (broker, queues, connector) = broker_of(&nodes).await?;
    for queue in [queues.results(), queues.dead()] {
        broker.publish(&queue, b"{not a report", true).await?.await?;
    }
    let mut report = Report::new(connector, "2", 1);
    report.handsets.push(HandsetSeen {
        source: NUMBER.to_owned(),
        destination: "447700900000".to_owned(),
        text: "c2VhbGVkIHdpdGggYW5vdGhlciBrZXk=".to_owned(),
        reference: None,
        fingerprint: 1,
        has_reference: false,
        received_at: Clock::system().now(),
    });
    broker.publish(&queues.results(), &report.to_json(), true).await?.await?;
    let id = nodes.rest.send_text(&format!("+{NUMBER}"), "after it").await?;
    ensure!(nodes.rest.final_state(&id).await? == "delivered");
    until_true("what cannot be read lies apart", async || {
        let apart = broker.counts(&queues.unreadable()).await?;
        Ok(apart.is_some_and(|apart| apart.messages == 2))
    })
    .await?;
    let alerts = nodes.shell.ask(&["alerts"]).await?;
    let subjects: Vec<_> = alerts["data"].as_array().into_iter().flatten().map(|alert| &alert["subject"]).collect();
    for subject in [queues.results(), queues.unreadable(), connector.to_string()] {
        ensure!(subjects.iter().any(|found| **found == subject), "no alert of {subject}: {alerts}");
    }
    let left = broker.counts(&queues.results()).await?.context("the queue of results")?;
    ensure!(left.messages == 0, "{left:?}");
    nodes.passed();
    Ok(())
}

/// Nobody waits for the reply any more: the operator is not asked.
#[tokio::test]
async fn a_question_that_is_too_old_does_not_reach_the_operator() -> Result<()> {
    let nodes = Nodes::start("queued_question", "[manage]\ncancel = true", "submit = { cancel = true }").await?;
    nodes.works.until_bound().await?;
    let (broker, queues, connector) = broker_of(&nodes).await?;
    let (sender, destination) = (Sender::parse("Bank")?, Msisdn::from_digits(NUMBER.as_bytes())?);
    let now = Clock::system().now();
    let (before, after) = (now.saturating_sub(MINUTE), now.saturating_add(MINUTE));
    for (id, until, smsc_message_id) in [(1, before, "old"), (2, after, "new")] {
        let asked = Asked::TakeBack { smsc_message_id: smsc_message_id.to_owned(), sender, destination };
        let ask = Ask::new(connector, id, until, asked);
        broker.publish(&queues.ask(connector), &ask.to_json(), false).await?.await?;
    }
    let journal = nodes.operator.until("cancel", 1).await?;
    let asked: Vec<_> = journal.of("cancel").map(|line| line.message_id.as_str()).collect();
    ensure!(asked == ["new"], "{asked:?}");
    nodes.passed();
    Ok(())
}
