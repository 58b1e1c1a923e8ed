//! Operators that refuse, fail, keep silent or contradict themselves: every message ends as it should, and is paid for only
//! when it was delivered.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Charges, Site, events, message};
use serde_json::{Value, json};

use crate::{Healthy, world};

/// Magic numbers of the simulator by their last three digits: the state, the error, and an event of the time line.
const ENDS: [(&str, &str, Option<&str>, &str); 17] = [
    ("000", "delivered", None, "captured"),
    ("010", "undelivered", Some("undeliverable"), "voided"),
    ("011", "expired", Some("expired"), "voided"),
    ("012", "rejected", Some("operator_rejected"), "voided"),
    ("013", "canceled", Some("canceled"), "voided"),
    ("021", "delivered", None, "captured"),
    ("022", "delivered", None, "receipt_repeated"),
    ("023", "undelivered", Some("undeliverable"), "receipt_contradicted"),
    ("024", "delivered", None, "receipt_intermediate"),
    ("025", "delivered", None, "receipt_intermediate"),
    ("030", "delivered", None, "captured"),
    ("031", "delivered", None, "retry"),
    ("032", "delivered", None, "retry"),
    ("040", "rejected", Some("invalid_destination"), "voided"),
    ("041", "failed", Some("operator_rejected"), "voided"),
    ("042", "rejected", Some("invalid_sender"), "voided"),
    ("050", "delivered", None, "captured"),
];

#[tokio::test]
async fn every_end_is_told_and_settled() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("every_end").await?;
    let rest = platform.rest(&secrets)?;
    let mut ids = Vec::new();
    for (digits, ..) in ENDS {
        ids.push(rest.send_text(&format!("+999000000{digits}"), digits).await?);
    }
    let mut counts = BTreeMap::new();
    for (id, (digits, state, error, event)) in ids.iter().zip(ENDS) {
        rest.ended(id).await.context(digits)?;
        let sms = rest.until_event(id, event).await.with_context(|| format!("{digits}: {event}"))?;
        assert_eq!((sms["state"].as_str(), sms["error"].as_str()), (Some(state), error), "{digits}: {sms:#}");
        let charge = if state == "delivered" { "captured" } else { "voided" };
        assert_eq!(sms["segments"][0]["charge"], charge, "{digits}: {sms:#}");
        *counts.entry(state).or_insert(0) += 1;
    }
    let mut database = world.database().await?;
    database.audit().await?;
    assert_eq!(database.messages().await?, counts);
    assert_eq!(database.charges().await?, Charges { captured: 9, voided: 8, held: 0 });
    assert_eq!(rest.balance().await?, ("9.55".to_owned(), "0.00".to_owned()));
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_message_without_a_final_receipt_stays_open() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("no_receipt").await?;
    let rest = platform.rest(&secrets)?;
    // No receipt; a receipt that says "unknown"; an answer without an id.
    for digits in ["020", "014", "052"] {
        let id = rest.send_text(&format!("+999000000{digits}"), digits).await?;
        let event = if digits == "014" { "receipt_intermediate" } else { "answered" };
        let sms = rest.until_event(&id, event).await.context(digits)?;
        assert_eq!((sms["state"].as_str(), sms["segments"][0]["charge"].as_str()), (Some("submitted"), Some("held")));
    }
    assert_eq!(rest.balance().await?, ("9.85".to_owned(), "0.15".to_owned()));
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_throttled_message_loses_no_attempt() -> Result<()> {
    let Healthy { world, mut operator, secrets, platform } = Healthy::start("throttled").await?;
    let rest = platform.rest(&secrets)?;
    let id = rest.send_text("+999000000030", "three times too fast").await?;
    let sms = rest.ended(&id).await?;
    assert_eq!(
        (sms["state"].as_str(), sms["segments"][0]["attempts"].as_u64()),
        (Some("delivered"), Some(1)),
        "{sms:#}"
    );
    assert_eq!(sms["segments"][0]["possible_duplicate"], false);
    assert_eq!(
        operator.finish().await?.of("answer").map(|line| line.status).collect::<Vec<_>>(),
        [0x58, 0x58, 0x58, 0]
    );
    world.passed();
    Ok(())
}

/// Alpha does what `alpha` says, beta is healthy, and every message may go over both.
async fn over_two(name: &str, alpha: &str) -> Result<()> {
    let world = world(name)?;
    let (mut alpha, mut beta) = (world.simulator("alpha", alpha).await?, world.simulator("beta", "").await?);
    let site = Site::with_one_account("10").connector("alpha", &alpha, "").connector("beta", &beta, "");
    let secrets = world.apply(&site.route("all", &["alpha", "beta"], "")).await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    let id = rest.send_text("+447700900123", "hello").await?;
    let sms = rest.ended(&id).await?;
    assert_eq!(sms["state"], "delivered", "{sms:#}");
    assert!(events(&sms).contains(&"failed_over".to_owned()), "{sms:#}");
    assert_eq!(beta.finish().await?.texts(), ["hello"]);
    assert!(alpha.finish().await?.submits().count() >= 1, "alpha comes first");
    let mut database = world.database().await?;
    database.audit().await?;
    assert_eq!(database.charges().await?, Charges { captured: 1, ..Charges::default() });
    world.passed();
    Ok(())
}

#[tokio::test]
async fn a_refusal_fails_over() -> Result<()> {
    over_two("fail_over", "[answer]\nreject = 1.0\nreject_status = 0x45").await
}

#[tokio::test]
async fn a_temporary_error_that_lasts_fails_over() -> Result<()> {
    over_two("fail_over_temporary", "[answer]\ntemporary = 1.0\ntemporary_status = 0x08").await
}

/// One connector that waits half a second for an answer, and an operator that never gives one.
async fn unanswered(name: &str, class: &str, validity_s: u32) -> Result<(Value, usize)> {
    let world = world(name)?;
    let mut operator = world.simulator("alpha", "").await?;
    let settings = "settings = { session = { response_timeout_ms = 500 } }";
    let site = Site::with_one_account("10").connector("alpha", &operator, settings).route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform =
        world.platform(&[("SAMBAC_LIMITS_ATTEMPTS_MAX", "3"), ("SAMBAC_LIMITS_RECEIPT_GRACE_S", "1")]).await?;
    platform.until_bound().await?;
    let rest = platform.rest(&secrets)?;
    let body =
        json!({ "to": "+999000000051", "from": "Bank", "text": "hello?", "class": class, "validity_s": validity_s });
    let id = rest.accepted(&body).await?;
    let doubt = rest.until_event(&id, "submit_unknown").await?;
    assert_eq!(doubt["state"], "submit_unknown", "{doubt:#}");
    let sms = rest.ended(&id).await?;
    let mut database = world.database().await?;
    database.audit().await?;
    assert_eq!(database.charges().await?, Charges { voided: 1, ..Charges::default() });
    let submits = operator.finish().await?.submits().count();
    world.passed();
    Ok((sms, submits))
}

#[tokio::test]
async fn an_otp_without_an_answer_is_never_sent_again() -> Result<()> {
    let (sms, submits) = unanswered("unanswered_otp", "otp", 3).await?;
    assert_eq!((submits, sms["state"].as_str(), sms["error"].as_str()), (1, Some("expired"), Some("receipt_timeout")));
    assert_eq!(sms["segments"][0]["attempts"], 1, "{sms:#}");
    Ok(())
}

#[tokio::test]
async fn a_notification_without_an_answer_is_sent_again_and_marked() -> Result<()> {
    let (sms, submits) = unanswered("unanswered_other", "transactional", 3).await?;
    assert_eq!((submits, sms["state"].as_str()), (3, Some("expired")), "{sms:#}");
    assert_eq!(sms["segments"][0]["possible_duplicate"], true, "{sms:#}");
    Ok(())
}

#[tokio::test]
async fn a_lost_link_leaves_doubt_that_is_resolved_by_class() -> Result<()> {
    let Healthy { world, mut operator, secrets, platform } = Healthy::start("lost_link").await?;
    let rest = platform.rest(&secrets)?;
    // The operator closes the link instead of answering the first submit.
    let id = rest.send_text("+999000000033", "again").await?;
    let sms = rest.ended(&id).await?;
    assert_eq!(
        (sms["state"].as_str(), sms["segments"][0]["possible_duplicate"].as_bool()),
        (Some("delivered"), Some(true))
    );
    let otp = json!({ "to": "+999000100033", "from": "Bank", "text": "once", "class": "otp" });
    let id = rest.accepted(&otp).await?;
    let sms = rest.until_event(&id, "submit_unknown").await?;
    assert_eq!(sms["state"], "submit_unknown", "{sms:#}");
    // Something else goes over the new link, the OTP does not.
    let other = rest.send_text("+447700900123", "other").await?;
    assert_eq!(rest.final_state(&other).await?, "delivered");
    assert_eq!(operator.finish().await?.texts(), ["again", "again", "once", "other"]);
    world.passed();
    Ok(())
}

#[tokio::test]
async fn nothing_is_sent_past_its_validity() -> Result<()> {
    let world = world("past_validity")?;
    let mut operator = world.simulator("alpha", "").await?;
    operator.stop().await?;
    let site = Site::with_one_account("10").connector(
        "alpha",
        &operator,
        "settings = { bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }",
    );
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    let late = json!({ "to": "+447700900123", "from": "Bank", "text": "late", "class": "otp", "validity_s": 1 });
    let id = rest.accepted(&late).await?;
    let esme = platform.esme(&secrets).await?;
    esme.accepted(message("447700900123", b"in time")).await?;
    until_true("its validity is over", async || {
        let sms = rest.sms(&id).await?;
        let (expires_at, now) = (sms["expires_at"].as_str().context("no expiry")?, now_rfc3339());
        Ok(*expires_at < *now)
    })
    .await?;
    operator.start_again(&world, "").await?;
    esme.receipts(1).await?;
    let sms = rest.ended(&id).await?;
    assert_eq!((sms["state"].as_str(), sms["error"].as_str()), (Some("expired"), Some("expired")), "{sms:#}");
    assert_eq!(operator.finish().await?.texts(), ["in time"]);
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}

fn now_rfc3339() -> String {
    jiff::Timestamp::now().to_string()
}
