//! Octets and PDUs of odd shapes.

use anyhow::Result;
use serde_json::json;

use super::{Case, QUICK, count, settings};

/// Everything is taken, whether it comes octet by octet or many PDUs at once.
#[tokio::test]
async fn q_a1_pdus_come_in_pieces_and_in_heaps() -> Result<()> {
    for (name, scenario) in [("a1_pieces", "[wire]\nsplit_octets = 1"), ("a1_heaps", "[wire]\ncoalesce_ms = 100")] {
        let case = Case::start(name, scenario, "").await?;
        case.deliver(5).await?;
        assert_eq!(count(&case.finish().await?, "bind"), 1, "{name}");
    }
    Ok(())
}

/// A senseless length is answered with a nack and ends the session; the next one works, and nothing is lost or sent twice.
#[tokio::test]
async fn q_a2_a_senseless_length_ends_the_session_only() -> Result<()> {
    for (name, garbage) in
        [("a2_long", "FFFFFFFF00000005000000000000002A"), ("a2_short", "0000000F00000005000000000000002A")]
    {
        let scenario = format!("[wire]\ngarbage_after = 1\ngarbage = \"{garbage}\"");
        let case = Case::start(name, &scenario, &settings(&format!("bind = {{ {QUICK} }}"))).await?;
        case.deliver(1).await?;
        let journal = case.finish().await?;
        let nack = journal.of("nack").next().expect("the platform says what is wrong");
        assert_eq!((nack.status, nack.sequence), (0x02, 0x2a), "{name}: RINVCMDLEN with the number that came");
        assert!(count(&journal, "bind") >= 2, "{name}: it binds again");
        assert_eq!(journal.submits().count(), 1, "{name}");
    }
    Ok(())
}

/// An unknown command is refused with its own number, and the session stays.
#[tokio::test]
async fn q_a3_an_unknown_command_costs_one_nack() -> Result<()> {
    let case = Case::start("a3", "[wire]\nunknown_command_every = 1", "").await?;
    case.deliver(2).await?;
    let journal = case.until_journal("both nacks", |journal| count(journal, "nack") == 2).await?;
    let nacks: Vec<_> = journal.of("nack").map(|nack| (nack.status, nack.sequence)).collect();
    assert_eq!(nacks, [(0x03, 0x7000_0101), (0x03, 0x7000_0102)], "RINVCMDID with the request's number");
    assert_eq!(count(&case.finish().await?, "bind"), 1);
    Ok(())
}

/// A status of the vendor's own is kept as a number, and passes by default.
#[tokio::test]
async fn q_a4_a_vendors_own_status_is_kept_and_passes() -> Result<()> {
    let case = Case::start("a4", "[answer]\ntemporary_first = 1\ntemporary_status = 0x410", "").await?;
    let id = case.rest.send_text("+447700900123", "hello").await?;
    let sms = case.rest.until_event(&id, "retry").await?;
    assert!(sms["final_at"].is_null() && sms.to_string().to_lowercase().contains("410"), "{sms:#}");
    case.finish().await.map(drop)
}

/// A refusal is read with a body and without one.
#[tokio::test]
async fn q_a5_refusals_come_with_and_without_a_body() -> Result<()> {
    for (name, error_body) in [("a5_bodiless", false), ("a5_body", true)] {
        let scenario = format!("[answer]\nreject = 1.0\nreject_status = 0x0B\n[wire]\nerror_body = {error_body}");
        let case = Case::start(name, &scenario, "").await?;
        let id = case.rest.send_text("+447700900123", "hello").await?;
        let sms = case.rest.ended(&id).await?;
        assert_eq!((&sms["state"], &sms["error"]), (&json!("rejected"), &json!("invalid_destination")), "{sms:#}");
        assert_eq!(count(&case.finish().await?, "bind"), 1, "{name}");
    }
    Ok(())
}

/// generic_nack refuses the submit of its number; with number 0, the only one that is open.
#[tokio::test]
async fn q_a6_a_generic_nack_refuses_the_submit_it_means() -> Result<()> {
    for nack in ["sequence", "zero"] {
        let scenario = format!("[answer]\nreject = 1.0\nreject_status = 0x0B\n[wire]\nnack = \"{nack}\"");
        let case = Case::start(&format!("a6_{nack}"), &scenario, "").await?;
        let id = case.rest.send_text("+447700900123", "hello").await?;
        let sms = case.rest.ended(&id).await?;
        assert_eq!((&sms["state"], &sms["error"]), (&json!("rejected"), &json!("invalid_destination")), "{sms:#}");
        assert_eq!(case.finish().await?.submits().count(), 1, "{nack}");
    }
    Ok(())
}

/// An answer of another kind leaves that one submit in doubt, and nothing else.
#[tokio::test]
async fn q_a7_an_answer_of_a_wrong_kind_leaves_its_submit_in_doubt() -> Result<()> {
    // data_sm_resp
    let case = Case::start("a7", "[receipt]\ngiven = 0\n[wire]\nanswer_command_id = 0x80000103", "").await?;
    let otp = json!({ "to": "+447700900123", "from": "Bank", "text": "once", "class": "otp" });
    let id = case.rest.accepted(&otp).await?;
    let sms = case.rest.until_event(&id, "submit_unknown").await?;
    assert_eq!(sms["state"], "submit_unknown", "{sms:#}");
    case.until_up(1).await?;
    let journal = case.finish().await?;
    assert_eq!((count(&journal, "bind"), journal.submits().count()), (1, 1), "the session stays, the OTP goes once");
    Ok(())
}

/// Answers find their submits in any order, over the wrap of our numbers, and when the operator counts from 0.
#[tokio::test]
async fn q_a8_answers_in_any_order_and_numbers_from_anywhere() -> Result<()> {
    let scenario = "[wire]\nshuffle = 5\nsequence_first = 0";
    let case = Case::start("a8", scenario, &settings("session = { sequence_first = 2147483640 }")).await?;
    case.deliver(20).await?;
    let journal = case.finish().await?;
    let numbers: Vec<_> = journal.submits().map(|submit| submit.sequence).collect();
    assert!(numbers.contains(&0x7FFF_FFFF) && numbers.contains(&1), "{numbers:?}");
    assert_eq!((numbers.len(), count(&journal, "receipt"), count(&journal, "bind")), (20, 20, 1));
    Ok(())
}

/// A probe before the bind is answered is answered.
#[tokio::test]
async fn q_a9_a_probe_before_the_bind_is_answered() -> Result<()> {
    let case = Case::start("a9", "[wire]\nprobe_before_bind_resp = true", "").await?;
    case.deliver(1).await?;
    assert_eq!(count(&case.finish().await?, "bind"), 1);
    Ok(())
}
