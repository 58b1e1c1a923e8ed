//! `query_sm` to the operator, for segments whose receipts are overdue.

use anyhow::Result;
use sambac_testkit::scenario::Charges;
use sambac_testkit::scenario::wait::until_true;

use crate::variant::{Played, number, set};
use sambac_testkit::scenario::message;

const ASKS: &str = "{ receipt = { query_after_s = 1 } }";

/// No receipt comes. The operator is asked by its id and the sender, and again while it says that the message is on its way;
/// its last word ends the message, and the client is told.
#[tokio::test]
async fn q_i4_an_overdue_receipt_is_asked_for() -> Result<()> {
    for (state, stat, charges) in [
        ("delivered", "DELIVRD", Charges { captured: 1, ..Charges::default() }),
        ("undelivered", "UNDELIV", Charges { voided: 1, ..Charges::default() }),
    ] {
        let operator = format!("[receipt]\ngiven = 0.0\n[manage]\nquery = \"{state}\"\nquery_enroute_first = 1\n");
        let mut played = Played::start_with("q_i4_overdue", &operator, &[set("", ASKS)]).await?;
        played.esme.accepted(message(&number(0), b"asked for")).await?;
        played.until_states(&[state]).await?;
        assert_eq!(played.esme.receipts(1).await?[0].stat, stat);
        let journal = played.operator.until("query", 2).await?;
        let id = journal.of("answer").map(|line| line.message_id.clone()).next().unwrap_or_default();
        let sender = journal.submits().map(|line| line.source.clone()).next().unwrap_or_default();
        assert!(journal.of("query").all(|line| line.message_id == id && line.source == sender), "{journal:?}");
        assert_eq!((played.events("query_answered").await?, played.database.charges().await?), (1, charges));
        let dated = "SELECT COUNT(*) FROM cdr_sms WHERE done_at IS NOT NULL";
        assert_eq!(played.database.number(dated).await?, 1);
        played.passed().await?;
    }
    Ok(())
}

/// The receipt comes after the answer: it finds the message ended, and nothing happens twice.
#[tokio::test]
async fn q_i4_a_receipt_after_the_answer_changes_nothing() -> Result<()> {
    let operator = "[receipt]\ndelay_ms = 2500\n[manage]\nquery = \"delivered\"\n";
    let mut played = Played::start_with("q_i4_late", operator, &[set("", ASKS)]).await?;
    played.esme.accepted(message(&number(0), b"told twice")).await?;
    played.until_events("query_answered", 1).await?;
    played.until_events("receipt_repeated", 1).await?;
    played.until_states(&["delivered"]).await?;
    assert_eq!(played.esme.receipts(1).await?.len(), 1);
    assert_eq!(played.database.charges().await?, Charges { captured: 1, ..Charges::default() });
    assert_eq!(played.database.number("SELECT COUNT(*) FROM cdr_sms").await?, 1);
    played.passed().await
}

/// An operator that knows no `query_sm` is asked once, a person is told, and the receipt is waited for as ever.
#[tokio::test]
async fn q_i4_an_operator_that_is_not_to_be_asked() -> Result<()> {
    let mut played = Played::start_with("q_i4_unknown", "[receipt]\ndelay_ms = 3500\n", &[set("", ASKS)]).await?;
    played.esme.accepted(message(&number(0), b"first")).await?;
    let journal = played.operator.until("query", 1).await?;
    assert!(journal.of("query").all(|line| line.status == 0x03));
    played.esme.accepted(message(&number(0), b"second")).await?;
    played.until_states(&["delivered"; 2]).await?;
    assert_eq!(played.operator.journal()?.of("query").count(), 1, "it is not asked again");
    let alerts = played.platform.metric("sambac_alerts_open{name=\"connector_query\"}").await?;
    assert_eq!(alerts, 1, "nobody was told");
    played.passed().await
}

/// A receipt that comes in time: nobody is asked. One that is refused says nothing of the message.
#[tokio::test]
async fn q_i4_who_is_told_in_time_does_not_ask() -> Result<()> {
    let operator = "[receipt]\ndelay_ms = 1800\n[manage]\nquery_status = 0x67\n";
    let never = set("", "{ receipt = { query_after_s = 600 } }");
    let mut played = Played::start_with("q_i4_in_time", operator, &[set("", ASKS), never]).await?;
    for at in 0..2 {
        played.esme.accepted(message(&number(at), b"in time")).await?;
    }
    played.until_states(&["delivered"; 2]).await?;
    let operator = &played.operator;
    until_true("one question", async || Ok(operator.journal()?.of("query").count() == 1)).await?;
    assert_eq!(played.events("query_answered").await?, 0);
    played.passed().await
}
