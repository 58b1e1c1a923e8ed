//! What receipts look like (smsc-quirks, section C), and the fields that they share with all PDUs (G4, G11, H4, H5).

use anyhow::Result;
use sambac_testkit::scenario::message;
use sambac_testkit::scenario::smpp::Sm;
use sambac_testkit::scenario::wait::until_true;

use crate::inbound::texts;
use crate::variant::{Played, Variant, number, plain, play, set};

const fn ends(operator: &'static str, settings: &'static str, ends: &'static str) -> Variant {
    Variant { operator, settings, ends }
}

/// Any type bits of a receipt count, or the parameter without any.
#[tokio::test]
async fn q_c1_type_bits_of_every_kind() -> Result<()> {
    let variants = [
        plain("shape = { esm_class = 0x04 }"),
        plain("shape = { esm_class = 0x20 }"),
        plain("shape = { esm_class = 0x08 }"),
        plain("shape = { esm_class = 0x00 }"),
        set("shape = { esm_class = 0x00, tlv_id = false }", "{ receipt = { detect = 'bits_tlv_or_text' } }"),
    ];
    play("q_c1", &variants).await?.passed().await
}

/// A text that reads like a receipt is none, unless the profile says so and its id is known.
#[tokio::test]
async fn q_c2_a_text_that_reads_like_a_receipt() -> Result<()> {
    let forged =
        "shape = { esm_class = 0, tlv_id = false, tlv_state = false, stat = 'DELIVRD' }\nreceipt = { resend_max = 0 }";
    let unknown = "shape = { esm_class = 0, tlv_id = false, tlv_state = false }\nid = { receipt_fixed = '999888777' }\n\
        receipt = { resend_max = 0 }";
    let by_text = "{ receipt = { detect = 'bits_tlv_or_text' } }";
    let variants = [plain(forged), set(unknown, by_text), set(forged, by_text)];
    let mut played = Played::start("q_c2", &variants, "{}").await?;
    for at in 0..3 {
        played.esme.accepted(message(&number(at), b"hello")).await?;
    }
    played.until_states(&["routed", "routed", "delivered"]).await?;
    let operator = &played.operator;
    until_true("all three were answered", async || Ok(operator.journal()?.of("receipt_ack").count() >= 3)).await?;
    assert_eq!(played.orphans().await?, 0, "a handset's message is no receipt");
    played.passed().await
}

/// Anybody can write a receipt's words: without the type bits or the parameter it is a message, and nothing is settled by it.
#[tokio::test]
async fn q_c2_a_text_that_reads_like_a_receipt_is_a_handsets_message() -> Result<()> {
    let written =
        "id:1767225600000001 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:";
    let told = texts("q_c2", &[&format!("text = \"{written}\"")], "").await?;
    assert_eq!(told, [written]);
    Ok(())
}

/// Fields may be missing, in another order, in any case, and there may be more.
#[tokio::test]
async fn q_c3_fields_missing_and_in_any_order() -> Result<()> {
    let variants = [
        plain("shape = { text = 'stat:{stat} id:{id}', tlv_id = false, tlv_state = false }"),
        plain("shape = { text = 'ID:{id} DONE DATE:{done} STAT:{stat}', tlv_id = false, tlv_state = false }"),
        plain("shape = { text = 'id={id}&network=1&stat={stat}', tlv_id = false, tlv_state = false }"),
        plain(
            "shape = { text = 'id:{id} stat:{stat} text:err:9 id:5 stat:UNDELIV', tlv_id = false, tlv_state = false }",
        ),
    ];
    play("q_c3", &variants).await?.passed().await
}

/// Words of any length, the operator's own by the profile; an unknown one ends nothing and is told.
#[tokio::test]
async fn q_c4_words_of_any_length() -> Result<()> {
    let variants = [
        ends("shape = { stat = 'FAILED', tlv_state = false }", "{}", "undelivered"),
        ends("shape = { stat = 'NOROUTE', tlv_state = false }", "{}", "rejected"),
        set("shape = { stat = 'ARRIVED', tlv_state = false }", "{ receipt = { words = { arrived = 'delivered' } } }"),
        ends("shape = { stat = 'BANANA', tlv_state = false }", "{}", "routed"),
    ];
    let mut played = Played::start("q_c4", &variants, "{}").await?;
    for at in 0..variants.len() {
        played.esme.accepted(message(&number(at), b"hello")).await?;
    }
    played.until_states(&variants.map(|variant| variant.ends)).await?;
    played.until_events("receipt_intermediate", 1).await?;
    let log = std::fs::read_to_string(played.world.path("platform.log"))?;
    assert!(log.contains("BANANA"), "a person is told of the word");
    played.passed().await
}

/// Dates of every length are read; their zone is given, or learned from when receipts come.
#[tokio::test]
async fn q_c5_dates_in_any_form_and_zone() -> Result<()> {
    let variants = [
        plain("shape = { date = '%y%m%d%H%M%S' }"),
        plain("shape = { date = '%Y%m%d%H%M%S' }"),
        plain("shape = { date = '%Y-%m-%dT%H:%M:%SZ' }"),
        set(
            "shape = { date = '%y%m%d%H%M%S', utc_offset_minutes = 330 }",
            "{ receipt = { utc_offset_minutes = 330 } }",
        ),
        plain("shape = { date = '%y%m%d%H%M%S', utc_offset_minutes = -240 }"),
        plain("shape = { date = '0000000000' }"),
    ];
    let mut played = play("q_c5", &variants).await?;
    // The zone of the fifth is learned from its first receipts.
    for _ in 0..6 {
        played.esme.accepted(message(&number(4), b"again")).await?;
    }
    played.until_states(&["delivered"; 12]).await?;
    let off = "SELECT COUNT(*) FROM segments WHERE ABS(final_at - done_at) > 3000000";
    assert_eq!(played.database.number(off).await?, 0, "dates in UTC");
    let rows: Vec<(Option<i64>,)> = played.database.rows("SELECT done_at FROM segments ORDER BY id").await?;
    let known: Vec<_> = rows.iter().map(|(done_at,)| done_at.is_some()).collect();
    assert_eq!(known[..4], [true; 4]);
    assert!(!known[5], "zeros are no date");
    assert!(known[11], "the zone was learned");
    let in_cdr =
        "SELECT COUNT(*) FROM cdr_sms JOIN segments ON segments.id = cdr_sms.id AND cdr_sms.done_at = segments.done_at";
    assert_eq!(played.database.number(in_cdr).await?, i64::try_from(known.iter().filter(|known| **known).count())?);
    played.passed().await
}

/// Error codes of any form reach the CDR and the client; by the profile they mean a code of ours.
#[tokio::test]
async fn q_c6_error_codes_of_any_form() -> Result<()> {
    let failed = "receipt = { states = { undelivered = 1 } }";
    let variants = [
        ends("receipt = { states = { undelivered = 1 } }\nshape = { err = '1A' }", "{}", "undelivered"),
        ends(
            "receipt = { states = { undelivered = 1 } }\nshape = { err = '005' }",
            "{ receipt = { error_codes = { 5 = 'invalid_destination' } } }",
            "undelivered",
        ),
        ends(
            "receipt = { states = { undelivered = 1 } }\nshape = { err = '000', network_error = 27 }",
            "{}",
            "undelivered",
        ),
        ends(failed, "{}", "undelivered"),
    ];
    let mut played = play("q_c6", &variants).await?;
    let sql = "SELECT operator_error, error FROM cdr_sms ORDER BY id";
    let cdrs: Vec<(String, String)> = played.database.rows(sql).await?;
    let cdrs: Vec<_> = cdrs.iter().map(|(operator, own)| (operator.as_str(), own.as_str())).collect();
    let unreachable = "undeliverable";
    assert_eq!(cdrs, [("1A", unreachable), ("005", "invalid_destination"), ("027", unreachable), ("027", unreachable)]);
    played.esme.receipts(4).await?;
    let mut told: Vec<_> = played.esme.heard().raw.into_iter().map(|raw| (raw.text, raw.network_error)).collect();
    told.sort();
    assert!(told.iter().any(|(text, code)| text.contains(" err:01A ") && code.is_empty()), "{told:?}");
    assert!(told.iter().any(|(text, code)| text.contains(" err:005 ") && *code == [3, 0, 5]), "{told:?}");
    played.passed().await
}

/// `err:` has three characters, as the standard has it, or as many as the client's profile allows: a code is never cut to another
/// one. The whole code is in the CDR, and as a number in network_error_code.
#[tokio::test]
async fn q_c6_a_code_that_is_too_long_is_not_cut() -> Result<()> {
    let variants = [
        ends("receipt = { states = { undelivered = 1 } }\nshape = { err = '1234' }", "{}", "undelivered"),
        ends("receipt = { states = { undelivered = 1 } }\nshape = { err = 'CALLBARRED' }", "{}", "undelivered"),
        ends("receipt = { states = { undelivered = 1 } }\nshape = { err = '7' }", "{}", "undelivered"),
    ];
    for (settings, told) in [
        ("{}", ["001", "001", "007"]),
        ("{ receipt = { error_chars_max = 4 } }", ["1234", "001", "007"]),
        ("{ receipt = { error_chars_max = 10 } }", ["1234", "CALLBARRED", "007"]),
    ] {
        let mut played = Played::start("q_c6_long", &variants, settings).await?;
        for at in 0..variants.len() {
            played.esme.accepted(message(&number(at), b"hello")).await?;
        }
        played.esme.receipts(variants.len()).await?;
        let raw = played.esme.heard().raw;
        for (told, number) in told.into_iter().zip([&[3, 4, 210][..], &[], &[3, 0, 7]]) {
            let said = format!(" err:{told} ");
            let is_told = raw.iter().any(|raw| raw.text.contains(&said) && raw.network_error == number);
            anyhow::ensure!(is_told, "{settings} {told}: {raw:?}");
        }
        let cdrs: Vec<(String,)> =
            played.database.rows("SELECT operator_error FROM cdr_sms ORDER BY operator_error").await?;
        assert_eq!(cdrs, ["1234", "7", "CALLBARRED"].map(|code| (code.to_owned(),)), "whole in the CDRs");
        played.passed().await?;
    }
    Ok(())
}

/// Parameters alone are a receipt.
#[tokio::test]
async fn q_c7_parameters_only() -> Result<()> {
    play("q_c7", &[plain("shape = { text = '' }"), plain("receipt = { format = 'tlv' }")]).await?.passed().await
}

/// Without message_state the text tells, or the error does.
#[tokio::test]
async fn q_c8_an_id_without_a_state() -> Result<()> {
    let variants = [
        plain("shape = { tlv_state = false }"),
        ends("shape = { text = 'err:5', tlv_state = false }", "{}", "undelivered"),
        plain("shape = { text = 'dlvrd:001 err:000', tlv_state = false }"),
    ];
    play("q_c8", &variants).await?.passed().await
}

/// Numbers of message_state outside the usual ones, and those that an operator uses in its own way.
#[tokio::test]
async fn q_c9_numbers_of_states() -> Result<()> {
    let variants = [
        ends("shape = { state = 9, text = '' }", "{}", "undelivered"),
        set("shape = { state = 34, text = '' }", "{ receipt = { numbers = { 34 = 'delivered' } } }"),
        ends("shape = { state = 0, text = '' }", "{}", "routed"),
    ];
    let mut played = Played::start("q_c9", &variants, "{}").await?;
    for at in 0..variants.len() {
        played.esme.accepted(message(&number(at), b"hello")).await?;
    }
    played.until_states(&variants.map(|variant| variant.ends)).await?;
    played.until_events("receipt_intermediate", 1).await?;
    played.passed().await
}

/// When text and parameter disagree the parameter counts, or by profile the text.
#[tokio::test]
async fn q_c10_text_and_parameter_disagree() -> Result<()> {
    let differ = "shape = { stat = 'UNDELIV', state = 2 }";
    let variants = [ends(differ, "{}", "delivered"), ends(differ, "{ receipt = { prefer = 'text' } }", "undelivered")];
    play("q_c10", &variants).await?.passed().await
}

/// The text may be in message_payload, and in UTF-16 of either order.
#[tokio::test]
async fn q_c11_text_in_payload_and_utf_16() -> Result<()> {
    let variants = [
        plain("shape = { payload = true, tlv_id = false, tlv_state = false }"),
        plain("shape = { utf16 = 'big', tlv_id = false, tlv_state = false }"),
        plain("shape = { utf16 = 'little', payload = true, tlv_id = false, tlv_state = false }"),
    ];
    play("q_c11", &variants).await?.passed().await
}

/// Receipts by data_sm are taken, and answered as such; clients may have theirs by data_sm, too.
#[tokio::test]
async fn q_c12_receipts_by_data_sm() -> Result<()> {
    let client = "{ receipt = { pdu = 'data_sm' } }";
    let mut played = Played::start("q_c12", &[plain("shape = { data_sm = true }")], client).await?;
    let id = played.esme.accepted(message(&number(0), b"hello")).await?;
    played.until_states(&["delivered"]).await?;
    let operator = &played.operator;
    until_true("an acknowledgement", async || Ok(operator.journal()?.of("receipt_ack").count() == 1)).await?;
    let receipts = played.esme.receipts(1).await?;
    assert_eq!((receipts[0].id.as_str(), receipts[0].stat.as_str()), (id.as_str(), "DELIVRD"));
    assert!(played.esme.look(|heard| heard.raw[0].by_data_sm));
    played.passed().await
}

/// Addresses that are not swapped, missing, national or short do not keep a receipt from its message.
#[tokio::test]
async fn q_c13_addresses_of_any_kind() -> Result<()> {
    let variants = [
        plain("shape = { unswapped = true }"),
        plain("shape = { number = '' }"),
        plain("shape = { number = '07700900102', sender = '' }"),
        plain("shape = { number = '+447700900103' }"),
        plain("shape = { number = '72255' }"),
    ];
    // The national and the international number are those of the third and the fourth.
    play("q_c13", &variants).await?.passed().await
}

/// Raw octets, NULs and whatever else stands in the text are passed over.
#[tokio::test]
async fn q_c14_raw_octets_in_the_text() -> Result<()> {
    let variants = [
        plain("shape = { tail = '00ff1b00800a0d', tlv_id = false, tlv_state = false }"),
        plain(
            "shape = { tail = '000000000000000000000000000000000000000000000000000000000000000000000000000000000000', tlv_id = false, tlv_state = false }",
        ),
    ];
    play("q_c14", &variants).await?.passed().await
}

/// "Delivered to the operator" is on its way, not the end.
#[tokio::test]
async fn q_c15_delivered_to_the_operator_only() -> Result<()> {
    let variants = [ends("shape = { stat = 'DELIVERED_TO_OPERATOR', tlv_state = false }", "{}", "routed")];
    let mut played = play("q_c15", &variants).await?;
    played.until_events("receipt_intermediate", 1).await?;
    played.passed().await
}

/// An operator whose receipts all say "delivered" at once is pointed at.
#[tokio::test]
async fn q_c16_receipts_too_good_to_be_true() -> Result<()> {
    let mut played = Played::start("q_c16", &[plain("")], "{}").await?;
    for no in 0..210 {
        let to = number(0);
        played.esme.send(message(&to, format!("message {no}").as_bytes())).await?;
    }
    played.esme.receipts(210).await?;
    let text = played.platform.metrics().await?;
    assert!(text.contains("sambac_connector_receipts_suspicious{name=\"c0\"} 1"), "{text}");
    played.until_states(&["delivered"; 210]).await?;
    played.passed().await
}

/// A message whose receipt never comes ends when its validity and the grace have passed, and the client is told.
#[tokio::test]
async fn q_c17_no_receipt_ever() -> Result<()> {
    let played = Played::start("q_c17", &[plain("receipt = { given = 0.0 }")], "{}").await?;
    let Played { world, operator, secrets, platform, esme, database } = played;
    esme.unbind().await;
    platform.terminate(std::time::Duration::from_secs(10)).await?;
    let platform = world.platform(&[("SAMBAC_LIMITS_RECEIPT_GRACE_S", "0")]).await?;
    let esme = platform.esme(&secrets).await?;
    let mut played = Played { world, operator, secrets, platform, esme, database };
    let to = number(0);
    let short = Sm { validity_period: b"000000000002000R", ..message(&to, b"hello") };
    played.esme.accepted(short).await?;
    played.until_states(&["expired"]).await?;
    assert_eq!(played.esme.receipts(1).await?[0].stat, "EXPIRED");
    played.passed().await
}

/// Addresses padded with NULs, and over-long ones, are cut at the first.
#[tokio::test]
async fn q_g4_addresses_padded_with_nuls() -> Result<()> {
    play("q_g4", &[plain("shape = { number = '447700900100' }\nid = { receipt_tail = \"\\u0000 \" }")])
        .await?
        .passed()
        .await
}

/// A NUL at the end of the text, within its length, is none of it.
#[tokio::test]
async fn q_g11_a_nul_at_the_end_of_the_text() -> Result<()> {
    let no_tlvs = "shape = { text = 'id:{id} stat:{stat}', tail = '00', tlv_id = false, tlv_state = false }";
    play("q_g11", &[plain(no_tlvs)]).await?.passed().await
}

/// message_state of two and of four octets.
#[tokio::test]
async fn q_h4_integers_of_other_lengths() -> Result<()> {
    let variants = [plain("shape = { text = '', state_octets = 2 }"), plain("shape = { text = '', state_octets = 4 }")];
    play("q_h4", &variants).await?.passed().await
}
