//! D. Refusals and throttling.

mod server;

use anyhow::Result;
use sambac_testkit::scenario::events;

use crate::stage::{ALONE, Stage, WITH_NEXT, end, statuses};

/// A throttle rests the link: nothing is lost, no attempt is counted, and the rest grows while it lasts.
#[tokio::test]
async fn q_d1_a_throttle_rests_the_link_and_costs_no_attempt() -> Result<()> {
    let scenario = "magic = false\n[answer]\nthrottle_first = 15";
    let connector = "window_max = 5\nsettings = { flow = { throttle_pause_max_ms = 400 } }";
    let stage = Stage::open("q_d1", scenario, connector).await?;
    stage.flood(30).await?;
    let mut database = stage.world.database().await?;
    assert_eq!(database.number("SELECT MAX(attempts) FROM segments").await?, 1);
    assert_eq!(database.messages().await?, [("delivered", 30)].into());
    let (alpha, _) = stage.close().await?;
    let throttled: Vec<_> = alpha.of("answer").filter(|line| line.status == 0x58).collect();
    assert_eq!((statuses(&alpha).len(), throttled.len()), (45, 15));
    // What was in flight when the first throttle came, and then one rest after the other.
    let rests = throttled.windows(2).filter(|pair| pair[1].at_us - pair[0].at_us >= 90_000).count();
    assert!(rests >= 2, "the link never rested");
    Ok(())
}

/// Queue full, of that subscriber: the message waits longer each time and others go on.
#[tokio::test]
async fn q_d2_queue_full_delays_the_message() -> Result<()> {
    let scenario = "[[status]]\nstatus = 0x14\ndestination = \"447700900123\"\nfirst_of_each = 2";
    let stage = Stage::open("q_d2_message", scenario, "settings = { flow = { queue_full_delay_ms = 700 } }").await?;
    let id = stage.rest.send_text(ALONE, "full").await?;
    stage.rest.until_event(&id, "retry").await?;
    assert_eq!(end(&stage.ended("+447700900456", "other").await?), ("delivered", None, 1));
    assert_eq!(end(&stage.rest.ended(&id).await?), ("delivered", None, 3));
    let (alpha, _) = stage.close().await?;
    assert_eq!(alpha.texts(), ["full", "other", "full", "full"]);
    let at: Vec<_> = alpha.submits().filter(|line| line.text() == "full").map(|line| line.at_us).collect();
    assert!(at[1] - at[0] >= 700_000 && at[2] - at[1] >= 1_400_000, "{at:?}");
    Ok(())
}

/// Queue full, of the SMSC: the link rests, and no attempt is counted.
#[tokio::test]
async fn q_d2_queue_full_rests_the_link() -> Result<()> {
    let scenario = "[[status]]\nstatus = 0x14\nfirst = 3";
    let stage = Stage::open("q_d2_link", scenario, "settings = { flow = { queue_full = \"link\" } }").await?;
    assert_eq!(end(&stage.ended(ALONE, "full").await?), ("delivered", None, 1));
    let (alpha, _) = stage.close().await?;
    assert_eq!(statuses(&alpha), [0x14, 0x14, 0x14, 0]);
    let at: Vec<_> = alpha.submits().map(|line| line.at_us).collect();
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= 100_000), "{at:?}");
    Ok(())
}

const RETRY_SOON: &str = "settings = { errors = { retry_delay_ms = 50 } }";

/// "System error" means anything: tried again a little, then elsewhere.
#[tokio::test]
async fn q_d3_a_system_error_is_tried_again_and_then_elsewhere() -> Result<()> {
    let stage = Stage::open("q_d3", "[[status]]\nstatus = 0x08", RETRY_SOON).await?;
    assert_eq!(end(&stage.ended(WITH_NEXT, "elsewhere").await?), ("delivered", None, 3));
    assert_eq!(end(&stage.ended(ALONE, "nowhere").await?), ("failed", Some("operator_unavailable"), 5));
    let (alpha, beta) = stage.close().await?;
    assert_eq!((statuses(&alpha), beta.texts().len()), (vec![0x08; 7], 1));
    Ok(())
}

/// An attempt that would come after the message's deadline is not waited for.
#[tokio::test]
async fn q_d3_no_attempt_is_waited_for_that_would_come_too_late() -> Result<()> {
    let late = "settings = { errors = { retry_delay_ms = 400000 } }";
    let stage = Stage::open("q_d3_late", "[[status]]\nstatus = 0x08", late).await?;
    let otp = serde_json::json!({ "to": WITH_NEXT, "from": "Bank", "text": "code", "class": "otp" });
    let id = stage.rest.accepted(&otp).await?;
    assert_eq!(end(&stage.rest.ended(&id).await?), ("delivered", None, 2), "at once by the next connector");
    let otp = serde_json::json!({ "to": ALONE, "from": "Bank", "text": "code", "class": "otp" });
    let id = stage.rest.accepted(&otp).await?;
    assert_eq!(end(&stage.rest.ended(&id).await?), ("failed", Some("operator_unavailable"), 1));
    stage.close().await?;
    Ok(())
}

/// Application errors: temporary, permanent, reject.
#[tokio::test]
async fn q_d4_application_errors_are_temporary_or_the_end() -> Result<()> {
    let scenario = "[[status]]\nstatus = 0x64\ndestination = \"4477009001\"\nfirst_of_each = 1\n\
        [[status]]\nstatus = 0x65\ndestination = \"120255501\"\n[[status]]\nstatus = 0x66\ndestination = \"120255502\"";
    let stage = Stage::open("q_d4", scenario, RETRY_SOON).await?;
    assert_eq!(end(&stage.ended("+447700900123", "temporary").await?), ("delivered", None, 2));
    for to in ["+12025550123", "+12025550223"] {
        assert_eq!(end(&stage.ended(to, "the end").await?), ("rejected", Some("operator_rejected"), 1), "{to}");
    }
    let (_, beta) = stage.close().await?;
    assert!(beta.texts().is_empty(), "no other operator would take it");
    Ok(())
}

/// "Submit failed" is what the profile says it is.
#[tokio::test]
async fn q_d5_submit_failed_is_what_the_profile_says() -> Result<()> {
    let scenario = "[[status]]\nstatus = 0x45\nfirst_of_each = 1";
    for (name, actions, expected) in [
        ("usual", "", ("delivered", None, 2)),
        ("permanent", "\"0x45\" = { action = \"permanent\" }", ("rejected", Some("operator_rejected"), 1)),
        ("retry", "\"0x40-0x4F\" = { action = \"retry\", after_ms = 50 }", ("delivered", None, 2)),
    ] {
        let settings = format!("settings = {{ errors = {{ actions = {{ {actions} }} }} }}");
        let stage = Stage::open(&format!("q_d5_{name}"), scenario, &settings).await?;
        let sms = stage.ended(WITH_NEXT, name).await?;
        assert_eq!(end(&sms), expected, "{name}: {sms:#}");
        let (alpha, beta) = stage.close().await?;
        let seen = (alpha.texts().len(), beta.texts().len());
        let wanted = match name {
            "usual" => (1, 1),
            "permanent" => (1, 0),
            _ => (2, 0),
        };
        assert_eq!(seen, wanted, "{name}");
    }
    Ok(())
}

/// A wrong address is the end, unless the profile knows better: a sender that one operator forbids another may allow.
#[tokio::test]
async fn q_d6_an_address_error_is_the_end_unless_the_profile_says_otherwise() -> Result<()> {
    let scenario = "[[status]]\nstatus = 0x0A\nsender = \"Bank\"\n[[status]]\nstatus = 0x0B";
    let rule = "settings = { errors = { actions = { \"0x0A\" = { action = \"fail_over\" } } } }";
    let stage = Stage::open("q_d6", scenario, rule).await?;
    let sms = stage.ended(WITH_NEXT, "sender").await?;
    assert_eq!(end(&sms), ("delivered", None, 2), "{sms:#}");
    assert!(events(&sms).contains(&"failed_over".to_owned()));
    let shop = serde_json::json!({ "to": WITH_NEXT, "from": "Shop", "text": "number" });
    let id = stage.rest.accepted(&shop).await?;
    assert_eq!(end(&stage.rest.ended(&id).await?), ("rejected", Some("invalid_destination"), 1));
    let (_, beta) = stage.close().await?;
    assert_eq!(beta.texts(), ["sender"]);
    Ok(())
}

/// A validity that the operator does not take is left out, if the profile allows it; and only then.
#[tokio::test]
async fn q_d7_a_refused_validity_is_left_out() -> Result<()> {
    let scenario = "[[status]]\nstatus = 0x62\nwhen = \"validity\"";
    let stage = Stage::open("q_d7", scenario, "settings = { errors = { resend_without_times = true } }").await?;
    let sms = stage.ended(ALONE, "without").await?;
    assert_eq!(end(&sms), ("delivered", None, 2), "{sms:#}");
    let (alpha, _) = stage.close().await?;
    let had_validity: Vec<_> = alpha.submits().map(|line| !line.validity_period.is_empty()).collect();
    assert_eq!(had_validity, [true, false]);

    let stage = Stage::open("q_d7_not_allowed", scenario, "").await?;
    assert_eq!(end(&stage.ended(ALONE, "with").await?), ("failed", Some("operator_rejected"), 1));
    stage.close().await?;
    Ok(())
}

/// Optional parameters that the operator does not take are left out, if the profile allows it, and a person is told; what holds
/// a part of the message stays.
#[tokio::test]
async fn q_d8_refused_optional_parameters_are_left_out() -> Result<()> {
    let scenario = "[[status]]\nstatus = 0xC0\nwhen = \"tlvs\"";
    let tlvs = "tlvs = { out = [{ tag = \"0x1400\", name = \"entity\", kind = \"text\", value = \"1\" }] }";
    let settings = format!("settings = {{ errors = {{ resend_without_tlvs = true }}, {tlvs} }}");
    let stage = Stage::open("q_d8", scenario, &settings).await?;
    let sms = stage.ended(ALONE, "without").await?;
    assert_eq!(end(&sms), ("delivered", None, 2), "{sms:#}");
    let alerts = stage.platform.metric("sambac_alerts_open{name=\"connector_refusal\"}").await?;
    assert_eq!(alerts, 1, "nobody was told");
    let (alpha, _) = stage.close().await?;
    let had_tlvs: Vec<_> = alpha.submits().map(|line| line.tlv_octets > 0).collect();
    assert_eq!(had_tlvs, [true, false]);
    Ok(())
}

/// Filtered messages are taken and then rejected by receipt: the usual way, and not paid.
#[tokio::test]
async fn q_d9_a_filtered_message_is_taken_and_rejected_by_its_receipt() -> Result<()> {
    let stage = Stage::open("q_d9", "[receipt]\nstates = { rejected = 1 }", "").await?;
    let sms = stage.ended(WITH_NEXT, "spam?").await?;
    assert_eq!(end(&sms), ("rejected", Some("operator_rejected"), 1), "{sms:#}");
    assert_eq!(sms["segments"][0]["charge"], "voided");
    let (alpha, beta) = stage.close().await?;
    assert_eq!((statuses(&alpha), beta.texts().len()), (vec![0], 0), "no other operator is tried");
    Ok(())
}
