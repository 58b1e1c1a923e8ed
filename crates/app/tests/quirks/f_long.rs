//! F. Messages of more than one segment.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use sambac_testkit::scenario::Line;
use sambac_testkit::scenario::wait::until_true;

use crate::inbound::{received, texts};
use crate::insists::{case, play};
use crate::stage::{ALONE, Stage, end, statuses};

const MORE_MESSAGES_TO_SEND: u16 = 0x0426;
const SAR_REFERENCE: u16 = 0x020C;
const PAYLOAD: u16 = 0x0424;

/// 200 letters: two segments.
fn long() -> String {
    "long ".repeat(40)
}

#[tokio::test]
async fn q_f1_in_concatenation_among_other_elements() -> Result<()> {
    // Wide and narrow references, before or after port addressing.
    let tables = [
        "text = \"one \"\nudh = \"0B0504C350C35100030A0201\"",
        "text = \"two\"\nudh = \"0B00030A02020504C350C351\"",
        "text = \"three \"\nudh = \"0608040A0B0201\"\nafter_ms = 200",
        "text = \"four\"\nudh = \"0608040A0B0202\"\nafter_ms = 200",
    ];
    let data = received("q_f1", &tables, "", 2).await?;
    let told: Vec<_> = data.iter().map(|one| one["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["one two", "three four"]);
    Ok(())
}

#[tokio::test]
async fn q_f5_in_a_header_that_cannot_be_one_and_one_without_its_flag() -> Result<()> {
    // The flag over plain text is ignored; a concatenation header without the flag is one.
    let tables = [
        "text = \"Hello\"\nesm_class = 64",
        "hex = \"05000307020168692C20\"\nafter_ms = 100",
        "hex = \"0500030702026F6B\"\nafter_ms = 100",
    ];
    let data = received("q_f5", &tables, "", 2).await?;
    assert_eq!((data[0]["text"].as_str(), data[1]["text"].as_str()), (Some("Hello"), Some("hi, ok")));
    Ok(())
}

#[tokio::test]
async fn q_f6_parts_out_of_order_twice_and_a_reference_that_is_used_again() -> Result<()> {
    // Set by number, repetitions dropped; the same reference from another handset, and to another number, is another message.
    let text = "0123456789".repeat(30);
    let part = |order: &str, more: &str| format!("text = \"{text}\"\norder = {order}\n{more}");
    let tables = [part("[2, 1, 2]", ""), part("[2, 1]", "from = \"447700900124\""), part("[2, 1]", "to = \"54321\"")];
    let told = texts("q_f6", &tables.each_ref().map(String::as_str), "").await?;
    assert_eq!(told, [text.as_str(); 3]);
    Ok(())
}

/// Parts are told by a header or by SAR, as the operator wants it, and never by both.
#[tokio::test]
async fn q_f2_parts_come_by_header_or_by_sar_and_never_both() -> Result<()> {
    let seen = play(
        "q_f2",
        vec![
            case("accept = { long = \"sar\", tlvs = [0x020C, 0x020E, 0x020F] }", "{ long = { method = \"sar\" } }")
                .with("text", long()),
            case("accept = { long = \"udh\" }", "{}").with("text", long()),
            case("accept = { long = \"sar\" }", "{}").with("text", long()).refused(0x43),
        ],
    )
    .await?;
    for seen in &seen[..2] {
        let texts: Vec<_> = seen.submits.iter().map(Line::text).collect();
        assert_eq!((seen.segments(), texts.concat()), (2, long()));
    }
    for line in &seen[0].submits {
        assert!(line.udh.is_empty() && line.esm_class == 0 && line.parameter(SAR_REFERENCE).is_some(), "{line:?}");
    }
    for line in &seen[1].submits {
        assert!(line.udh.starts_with("050003") && line.tlv_octets == 0, "{line:?}");
    }
    Ok(())
}

/// One message_payload that the SMSC cuts, up to what it takes; our own count of parts is charged.
#[tokio::test]
async fn q_f3_a_long_message_goes_as_one_payload() -> Result<()> {
    let payload = "{ long = { method = \"payload\" } }";
    let short = "{ long = { method = \"payload\", payload_octets_max = 199 } }";
    let seen = play(
        "q_f3",
        vec![
            case("accept = { long = \"payload\" }", payload).with("text", long()),
            case("", short).with("text", long()),
        ],
    )
    .await?;
    let whole = seen[0].line();
    assert_eq!(whole.parameter(PAYLOAD), Some(long().into_bytes()));
    assert_eq!(seen[0].sms["price"]["amount"], "0.10", "charged by our count");
    assert_eq!(seen[1].sms["price"], seen[0].sms["price"]);
    assert_eq!((seen[1].segments(), seen[1].submits.len()), (2, 2), "longer than it takes: in segments");
    Ok(())
}

/// What is longer than the operator's short_message goes as message_payload, a part with its header included.
#[tokio::test]
async fn q_f4_a_short_message_is_no_longer_than_the_operator_takes() -> Result<()> {
    let narrow = "accept = { short_message_octets_max = 140 }";
    let heeded = "{ long = { short_message_octets_max = 140 } }";
    let whole = "x".repeat(160);
    let seen = play(
        "q_f4",
        vec![
            case(narrow, heeded).with("text", whole.as_str()),
            case(narrow, heeded).with("text", "x".repeat(140)),
            case(narrow, heeded).with("text", long()),
            case(narrow, "{}").with("text", whole.as_str()).refused(0x01),
        ],
    )
    .await?;
    assert_eq!(seen[0].line().parameter(PAYLOAD), Some(whole.into_bytes()));
    assert_eq!(seen[1].line().parameter(PAYLOAD), None);
    let texts: Vec<_> = seen[2].submits.iter().map(Line::text).collect();
    assert_eq!((texts.len(), texts.concat()), (2, long()));
    Ok(())
}

/// All segments of a message go by one connector and, unless the profile does not care, by one bind, in order.
#[tokio::test]
async fn q_f7_segments_go_by_one_bind_in_order() -> Result<()> {
    let text = "long ".repeat(80);
    for same_bind in [true, false] {
        let settings =
            format!("settings = {{ long = {{ same_bind = {same_bind} }}, flow = {{ adaptive_window = false }} }}");
        let connector = format!("binds = 3\nwindow_max = 50\n{settings}");
        let stage = Stage::open(&format!("q_f7_{same_bind}"), "[answer]\ndelay_ms = 300", &connector).await?;
        until_true("all binds", async || Ok(stage.alpha.journal()?.of("bind").count() == 3)).await?;
        let mut ids = Vec::new();
        for _ in 0..12 {
            ids.push(stage.rest.send_text(ALONE, &text).await?);
        }
        for id in &ids {
            assert_eq!(stage.rest.final_state(id).await?, "delivered");
        }
        let (alpha, beta) = stage.close().await?;
        assert!(beta.texts().is_empty());
        let mut messages: BTreeMap<&str, Vec<(u64, &str)>> = BTreeMap::new();
        for line in alpha.submits() {
            let (reference, no) = line.udh.split_at(line.udh.len() - 2);
            messages.entry(reference).or_default().push((line.session, no));
        }
        assert_eq!(messages.len(), 12);
        let by_one = |parts: &&Vec<(u64, &str)>| parts.iter().all(|(session, _)| *session == parts[0].0);
        assert_eq!(messages.values().filter(by_one).count() == 12, same_bind, "{messages:?}");
        if same_bind {
            assert!(
                messages.values().all(|parts| parts.iter().map(|part| part.1).eq(["01", "02", "03"])),
                "{messages:?}"
            );
            let used: BTreeSet<_> = messages.values().map(|parts| parts[0].0).collect();
            assert!(used.len() > 1, "one bind did all the work");
        }
    }
    Ok(())
}

/// That more segments follow is said where the profile wants it: of all but the last.
#[tokio::test]
async fn q_f8_more_messages_to_send_is_told_where_wanted() -> Result<()> {
    let more = "{ long = { more_messages_to_send = true } }";
    let seen = play(
        "q_f8",
        vec![
            case("", more).with("text", "long ".repeat(80)),
            case("", more),
            case("accept = { no_tlvs = true }", "{}").with("text", long()),
        ],
    )
    .await?;
    let told = |at: usize| {
        let mut told: Vec<_> =
            seen[at].submits.iter().map(|line| (&line.udh, line.parameter(MORE_MESSAGES_TO_SEND))).collect();
        told.sort();
        told.into_iter().map(|(_, more)| more).collect::<Vec<_>>()
    };
    assert_eq!(told(0), [Some(vec![1]), Some(vec![1]), None]);
    assert_eq!(told(1), [None]);
    Ok(())
}

/// A part that is throttled or fails for now is sent again, and no other; a part that fails for good fails the message.
#[tokio::test]
async fn q_f9_only_the_part_that_failed_is_sent_again() -> Result<()> {
    for (name, status) in [("throttled", 0x58), ("temporary", 0x64)] {
        let scenario = format!("[[status]]\nstatus = {status}\nfirst = 1");
        let settings = "settings = { errors = { retry_delay_ms = 50 } }";
        let stage = Stage::open(&format!("q_f9_{name}"), &scenario, settings).await?;
        let sms = stage.ended(ALONE, &long()).await?;
        assert_eq!(end(&sms).0, "delivered", "{name}: {sms:#}");
        let (alpha, _) = stage.close().await?;
        assert_eq!(statuses(&alpha).iter().filter(|answer| **answer == 0).count(), 2, "{name}");
        let headers: Vec<_> = alpha.submits().map(|line| line.udh.clone()).collect();
        let failed = headers.iter().filter(|udh| **udh == headers[0]).count();
        assert_eq!((headers.len(), failed), (3, 2), "{name}: {headers:?}");
    }
    let stage = Stage::open("q_f9_permanent", "[[status]]\nstatus = 0x65\nfirst = 1", "").await?;
    let sms = stage.ended(ALONE, &long()).await?;
    assert_eq!((end(&sms).0, end(&sms).1), ("rejected", Some("operator_rejected")), "{sms:#}");
    stage.close().await?;
    Ok(())
}

/// Messages that are under way to one handset at a time have references of their own, of 16 bits where that is allowed.
#[tokio::test]
async fn q_f10_references_to_one_handset_differ() -> Result<()> {
    for (method, prefix) in [("udh8", "050003"), ("udh16", "060804")] {
        let settings = format!("settings = {{ long = {{ method = \"{method}\" }} }}");
        let stage = Stage::open(&format!("q_f10_{method}"), "", &settings).await?;
        let mut ids = Vec::new();
        for _ in 0..20 {
            ids.push(stage.rest.send_text(ALONE, &long()).await?);
        }
        for id in &ids {
            assert_eq!(stage.rest.final_state(id).await?, "delivered");
        }
        let (alpha, _) = stage.close().await?;
        let reference = |udh: &str| udh[prefix.len()..udh.len() - 4].to_owned();
        assert!(alpha.submits().all(|line| line.udh.starts_with(prefix)), "{method}");
        let references: BTreeSet<_> = alpha.submits().map(|line| reference(&line.udh)).collect();
        assert_eq!((alpha.submits().count(), references.len()), (40, 20), "{method}: {references:?}");
    }
    Ok(())
}
