//! Receipts of many dialects: one row for each, with what must be read from it.

use sambac_domain::ErrorCode;
use sambac_domain::profile::Profile;
use sambac_domain::receipt::{self, Receipt, ReceiptInput, ReceiptRules, ReceiptState};

use ReceiptState::{Accepted, Deleted, Delivered, Enroute, Expired, Rejected, Skipped, Undeliverable, Unknown};

fn text_receipt(text: &[u8]) -> Option<Receipt> {
    let input = ReceiptInput { esm_class: 0x04, short_message: text, ..ReceiptInput::default() };
    receipt::parse(&input)
}

/// Text, then id, state and error.
const DIALECTS: [(&str, &str, ReceiptState, Option<&str>); 38] = [
    // The form of the standard, and the same with each part missing, in other order or other case.
    (
        "id:1234567890 sub:001 dlvrd:001 submit date:2401020304 done date:2401020305 stat:DELIVRD err:000 text:Hi",
        "1234567890",
        Delivered,
        Some("000"),
    ),
    (
        "id:1234567890 sub:001 dlvrd:001 submit date:240102030405 done date:240102030506 stat:DELIVRD err:0 Text:Hi",
        "1234567890",
        Delivered,
        Some("0"),
    ),
    (
        "ID:7B1F SUB:001 DLVRD:000 SUBMIT DATE:2401020304 DONE DATE:2401020305 STAT:UNDELIV ERR:069 TEXT:",
        "7B1F",
        Undeliverable,
        Some("069"),
    ),
    ("stat:EXPIRED id:9 err:24", "9", Expired, Some("24")),
    ("id:9 stat:DELETED", "9", Deleted, None),
    ("id:9 stat:REJECTD err:1F3 text:none", "9", Rejected, Some("1F3")),
    ("id:9 sub:1 dlvrd:1 stat:ACCEPTD err:0000", "9", Accepted, Some("0000")),
    ("id:9 stat:UNKNOWN", "9", Unknown, None),
    ("id:9 stat:ENROUTE", "9", Enroute, None),
    ("id:9 stat:SKIPPED", "9", Skipped, None),
    // Words of six, eight and more letters.
    ("id:9 stat:FAILED err:12", "9", Undeliverable, Some("12")),
    ("id:9 stat:BUFFRED err:000", "9", Enroute, Some("000")),
    ("id:9 stat:BUFFERD err:000", "9", Enroute, Some("000")),
    ("id:9 stat:ACKED", "9", Accepted, None),
    ("id:9 stat:UNDELIVERED err:1", "9", Undeliverable, Some("1")),
    ("id:9 stat:BLIST err:", "9", Rejected, None),
    ("id:9 stat:STAGED", "9", Enroute, None),
    ("id:9 stat:NOROUTE", "9", Rejected, None),
    ("id:9 stat:DELIVERED_TO_OPERATOR", "9", Accepted, None),
    ("id:9 stat:0", "9", Unknown, None),
    // Other separators and names.
    ("id: 9 stat: DELIVRD err: 000", "9", Delivered, Some("000")),
    ("id=9&stat=DELIVRD", "9", Delivered, None),
    ("id=9 stat=DELIVRD err=0", "9", Delivered, Some("0")),
    ("id:9, stat:DELIVRD, err:000", "9", Delivered, Some("000")),
    ("id:9;stat:DELIVRD;err:000;text:", "9", Delivered, Some("000")),
    ("id:\"abc-9\" status:DELIVERED error:0", "abc-9", Delivered, Some("0")),
    ("message_id:9 status:delivered", "9", Delivered, None),
    (
        "id:9 sub:001 dlvrd:001 submit_date:2401020304 done_date:2401020305 stat:DELIVRD err:000",
        "9",
        Delivered,
        Some("000"),
    ),
    ("id:9\r\nstat:DELIVRD\r\nerr:000", "9", Delivered, Some("000")),
    ("id:9 vendor:x;y stat:DELIVRD mcc:001 mnc:01 err:000 price:0.01", "9", Delivered, Some("000")),
    // NULs and padding.
    ("id:0000000009\0 stat:DELIVRD err:000\0", "0000000009", Delivered, Some("000")),
    ("id:9          sub:001 dlvrd:001 stat:DELIVRD err:000", "9", Delivered, Some("000")),
    // What the user wrote is not believed.
    ("id:9 stat:UNDELIV err:001 text:id:8 stat:DELIVRD err:000", "9", Undeliverable, Some("001")),
    ("id:9 stat:UNDELIV text:your err:500", "9", Undeliverable, None),
    ("text:hi id:9 stat:DELIVRD", "9", Delivered, None),
    // No state: a failure is believed from err, a delivery from dlvrd.
    ("id:9 err:12", "9", Undeliverable, Some("12")),
    ("id:9 dlvrd:001 err:000", "9", Delivered, Some("000")),
    ("id:9", "9", Unknown, None),
];

#[test]
fn regression_a2_10_every_dialect_is_read() {
    for (text, id, state, error) in DIALECTS {
        let receipt = text_receipt(text.as_bytes()).unwrap();
        assert_eq!(receipt.smsc_message_id, id, "{text}");
        assert_eq!((receipt.state, receipt.error.as_deref()), (state, error), "{text}");
    }
}

#[test]
fn every_dialect_is_read_in_utf_16() {
    for (text, id, state, error) in DIALECTS {
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for octets in [big, little] {
            let receipt = text_receipt(&octets).unwrap();
            assert_eq!(receipt.smsc_message_id, id, "{text}");
            assert_eq!((receipt.state, receipt.error.as_deref()), (state, error), "{text}");
        }
    }
}

#[test]
fn counts_and_dates() {
    let receipt = text_receipt(
        b"id:9 sub:001 dlvrd:001 submit date:2401020304 done date:2024-01-02 03:05:06 stat:DELIVRD err:000 text:",
    )
    .unwrap();
    assert_eq!((receipt.sub, receipt.dlvrd), (Some(1), Some(1)));
    let micros = |date: Option<receipt::ReceiptDate>| date.map(receipt::ReceiptDate::micros_as_utc);
    assert_eq!(micros(receipt.submit_date), Some(1_704_164_640_000_000));
    assert_eq!(micros(receipt.done_date), Some(1_704_164_706_000_000));

    let receipt = text_receipt(b"id:9 sub:x dlvrd:99999999 submit date:0000000000 done date: stat:DELIVRD").unwrap();
    assert_eq!((receipt.sub, receipt.dlvrd), (None, None));
    assert_eq!((receipt.submit_date, receipt.done_date), (None, None));
}

#[test]
fn unknown_words_are_kept_for_the_alert() {
    let receipt = text_receipt(b"id:9 stat:BANANA").unwrap();
    assert_eq!((receipt.state, receipt.unmapped_state.as_deref()), (Unknown, Some("BANANA")));
    assert_eq!(text_receipt(b"id:9 stat:DELIVRD").unwrap().unmapped_state, None);
    let input = ReceiptInput {
        esm_class: 4,
        receipted_message_id: Some(b"9\0"),
        message_state: Some(&[77]),
        ..ReceiptInput::default()
    };
    let receipt = receipt::parse(&input).unwrap();
    assert_eq!((receipt.state, receipt.unmapped_state.as_deref()), (Unknown, Some("77")));
}

#[test]
fn type_bits_or_tlv_decide_what_a_receipt_is() {
    let text = b"id:9 stat:DELIVRD err:000";
    let parsed = |esm_class, short_message, receipted_message_id| {
        let base = ReceiptInput::default();
        receipt::parse(&ReceiptInput { esm_class, short_message, receipted_message_id, ..base }).is_some()
    };
    for esm_class in [0x04, 0x07, 0x08, 0x20, 0x24, 0x44, 0x0C] {
        assert!(parsed(esm_class, text, None), "{esm_class:#04x}");
    }
    for esm_class in [0x00, 0x03, 0x40, 0x80, 0x10, 0x18] {
        assert!(!parsed(esm_class, text, None), "{esm_class:#04x}");
    }
    assert!(parsed(0x00, b"", Some(b"9\0")));
    assert!(!parsed(0x00, b"Hello", Some(b"\0")));
    assert!(!parsed(0x08, b"Thank you", None));
    assert!(parsed(0x04, b"", None));
}

#[test]
fn tlvs_win_over_the_text() {
    let input = ReceiptInput {
        esm_class: 0x04,
        short_message: b"id:0000000123 stat:UNDELIV err:000",
        receipted_message_id: Some(b"7B\0"),
        message_state: Some(&[2]),
        network_error_code: Some(&[3, 0, 34]),
        ..ReceiptInput::default()
    };
    let receipt = receipt::parse(&input).unwrap();
    assert_eq!((receipt.smsc_message_id.as_str(), receipt.state), ("7B", Delivered));
    assert_eq!(receipt.error.as_deref(), Some("034"));

    let only_tlvs = ReceiptInput { short_message: b"", network_error_code: Some(&[3, 0]), ..input };
    let receipt = receipt::parse(&only_tlvs).unwrap();
    assert_eq!((receipt.state, receipt.error), (Delivered, None));

    // The text's own code stays when it says something.
    let input = ReceiptInput { short_message: b"err:1A", ..input };
    assert_eq!(receipt::parse(&input).unwrap().error.as_deref(), Some("1A"));
}

#[test]
fn state_missing_beside_the_tlv_id_comes_from_the_text() {
    let input =
        ReceiptInput { short_message: b"stat:EXPIRED", receipted_message_id: Some(b"abc"), ..ReceiptInput::default() };
    let receipt = receipt::parse(&input).unwrap();
    assert_eq!((receipt.smsc_message_id.as_str(), receipt.state), ("abc", Expired));
}

#[test]
fn text_in_message_payload_and_behind_a_header() {
    let payload = b"id:9 stat:DELIVRD err:000";
    let input = ReceiptInput { esm_class: 4, message_payload: Some(payload), ..ReceiptInput::default() };
    assert_eq!(receipt::parse(&input).unwrap().state, Delivered);

    let mut headered = vec![5, 0, 3, 1, 1, 1];
    headered.extend(payload);
    let input = ReceiptInput { esm_class: 0x44, short_message: &headered, ..ReceiptInput::default() };
    assert_eq!(receipt::parse(&input).unwrap().smsc_message_id, "9");
}

#[test]
fn an_intermediate_notification_without_state_is_on_its_way() {
    let input = ReceiptInput { esm_class: 0x20, short_message: b"id:9", ..ReceiptInput::default() };
    assert_eq!(receipt::parse(&input).unwrap().state, Enroute);
}

#[test]
fn long_values_are_cut() {
    let text = format!("id:{} stat:{}", "9".repeat(300), "X".repeat(300));
    let receipt = text_receipt(text.as_bytes()).unwrap();
    assert_eq!(receipt.smsc_message_id.len(), 64);
    assert_eq!(receipt.unmapped_state.map(|word| word.len()), Some(32));
}

/// A generator that is the same in every run, for mutations.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides.max(1)
    }

    fn mutate(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = text.to_vec();
        for _ in 0..=self.roll(6) {
            let at = self.roll(out.len());
            match self.roll(5) {
                0 if !out.is_empty() => out[at] = self.roll(256) as u8,
                1 if !out.is_empty() => drop(out.remove(at)),
                2 => out.insert(at, self.roll(256) as u8),
                3 => out.truncate(at),
                _ => {
                    let copy = out[at..].to_vec();
                    out.extend(copy);
                }
            }
        }
        out
    }
}

#[test]
fn twenty_thousand_mutations_never_break_the_parser() {
    let mut dice = Dice(0x5A4B_AC01);
    let mut with_id = 0;
    for round in 0..20_000 {
        let text = dice.mutate(DIALECTS[round % DIALECTS.len()].0.as_bytes());
        let tlv = dice.mutate(b"0A1B2C\0");
        let number = [dice.roll(256) as u8];
        let input = ReceiptInput {
            esm_class: dice.roll(256) as u8 | 0x04,
            data_coding: dice.roll(256) as u8,
            short_message: &text,
            message_payload: (dice.roll(2) == 0).then_some(text.as_slice()),
            receipted_message_id: (dice.roll(3) == 0).then_some(tlv.as_slice()),
            message_state: (dice.roll(3) == 0).then_some(number.as_slice()),
            network_error_code: (dice.roll(3) == 0).then_some(tlv.as_slice()),
        };
        let Some(receipt) = receipt::parse(&input) else {
            assert_ne!(input.esm_class & 0x10, 0);
            continue;
        };
        assert!(receipt.smsc_message_id.len() <= 3 * 64);
        let normal = receipt::normalise_id(&receipt.smsc_message_id);
        assert_eq!(receipt::normalise_id(&normal), normal);
        with_id += usize::from(!normal.is_empty());
    }
    assert!(with_id > 5_000, "mutations that still have an id: {with_id}");
}

#[test]
fn an_id_ends_at_its_first_nul() {
    for raw in [&b"ab\0cd"[..], b"\0ab\0", b" ab \0\0\0"] {
        let receipt = receipt::parse(&ReceiptInput {
            esm_class: 0x04,
            receipted_message_id: Some(raw),
            ..ReceiptInput::default()
        });
        assert_eq!(receipt.expect("a receipt").smsc_message_id, "ab", "{raw:?}");
    }
}

fn by(profile: &str, input: &ReceiptInput<'_>) -> Option<Receipt> {
    let profile = Profile::parse(profile).ok()?;
    receipt::parse_by(input, ReceiptRules { id: &profile.receipt_id, receipt: &profile.receipt })
}

#[test]
fn the_operators_own_words_numbers_and_codes_come_first() {
    let profile = r#"{"receipt":{"words":{"OK":"delivered","sent":"delivered"},"numbers":{"9":"rejected","34":"expired"},
        "error_codes":{"5E":"invalid_destination","7":"operator_rejected"}}}"#;
    let state = |input: &ReceiptInput<'_>| by(profile, input).unwrap().state;
    let base = ReceiptInput { esm_class: 4, ..ReceiptInput::default() };
    assert_eq!(state(&ReceiptInput { short_message: b"id:9 stat:ok", ..base }), Delivered);
    assert_eq!(state(&ReceiptInput { short_message: b"id:9 stat:SENT", ..base }), Delivered);
    assert_eq!(state(&ReceiptInput { message_state: Some(&[9]), ..base }), Rejected);
    assert_eq!(state(&ReceiptInput { message_state: Some(&[0, 34]), ..base }), Expired);
    assert_eq!(state(&ReceiptInput { message_state: Some(&[0, 0, 0, 2]), ..base }), Delivered);
    let codes = Profile::parse(profile).unwrap().receipt;
    assert_eq!(codes.error_of_code("05e"), Some(ErrorCode::InvalidDestination));
    assert_eq!(codes.error_of_code("007"), Some(ErrorCode::OperatorRejected));
    assert_eq!(codes.error_of_code("70"), None);
}

#[test]
fn the_profile_says_whether_text_or_tlv_counts() {
    let input = ReceiptInput {
        esm_class: 4,
        short_message: b"id:1234567890 stat:UNDELIV err:5",
        receipted_message_id: Some(b"12345678901234\0"),
        message_state: Some(&[2]),
        ..ReceiptInput::default()
    };
    let tlv = by("", &input).unwrap();
    assert_eq!((tlv.state, tlv.smsc_message_id.as_str()), (Delivered, "12345678901234"));
    assert_eq!(tlv.other_id.as_deref(), Some("1234567890"));
    let text = by(r#"{"receipt":{"prefer":"text"},"receipt_id":{"prefer_text":true}}"#, &input).unwrap();
    assert_eq!((text.state, text.smsc_message_id.as_str()), (Undeliverable, "1234567890"));
}

#[test]
fn what_is_a_receipt_is_for_the_profile_to_say() {
    let text = ReceiptInput { short_message: b"id:9 stat:DELIVRD", ..ReceiptInput::default() };
    let with_tlv = ReceiptInput { receipted_message_id: Some(b"9"), ..text };
    let found = |detect: &str, input: &ReceiptInput<'_>| {
        by(&format!("{{\"receipt\":{{\"detect\":\"{detect}\"}}}}"), input).map(|receipt| receipt.by_text_only)
    };
    for (detect, of_text, of_tlv) in
        [("bits", None, None), ("bits_or_tlv", None, Some(false)), ("bits_tlv_or_text", Some(true), Some(false))]
    {
        assert_eq!((found(detect, &text), found(detect, &with_tlv)), (of_text, of_tlv), "{detect}");
    }
    let chat = ReceiptInput { short_message: b"my id: 7, all fine", ..ReceiptInput::default() };
    assert_eq!(found("bits_tlv_or_text", &chat), None);
}

#[test]
fn zeros_after_the_text_do_not_make_it_utf_16() {
    let text = [b"id:9 stat:DELIVRD err:000 text:".as_slice(), &[0; 120]].concat();
    let receipt = text_receipt(&text).unwrap();
    assert_eq!((receipt.smsc_message_id.as_str(), receipt.state), ("9", Delivered));
}
