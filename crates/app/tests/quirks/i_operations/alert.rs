//! `alert_notification`: an operator tells that a subscriber can be reached again.

use anyhow::Result;
use sambac_testkit::scenario::smpp::{Pdu, interface_version};

use crate::served::{Served, message, message_id};

/// What was refused for the time being goes at once, long before it would have been tried again.
#[tokio::test]
async fn q_i7_what_waits_for_a_subscriber_goes_at_its_alert() -> Result<()> {
    let operator = "[answer]\ntemporary_first = 1\n[alert]\nafter_refusal_ms = 100";
    let patient = "settings = { errors = { retry_delay_ms = 600000 } }";
    let served = Served::with("q_i7", operator, "{}", patient).await?;
    let mut client = served.client(interface_version::V3_4).await?;
    message_id(&client.ask(&Pdu::SubmitSm(message("447700900123", b"again"))).await?)?;
    let journal = served.operator.until_submits(2).await?;
    assert_eq!(journal.texts(), ["again", "again"]);
    let at = |event: &str| journal.of(event).map(|line| line.at_us).collect::<Vec<_>>();
    assert_eq!(at("alert").len(), 1);
    let waited_ms = (at("submit")[1] - at("submit")[0]) / 1_000;
    assert!(waited_ms < 4_000, "{waited_ms} ms: sooner than it would have been tried by itself");
    served.world.passed();
    Ok(())
}
