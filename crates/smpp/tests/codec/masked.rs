//! A masked PDU decodes like the one it was made of, and shows no text, no password and no whole number.

use crate::every_pdu::{Octets, parts};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use sambac_smpp::*;

fn octets(pdu: &Pdu<'_>) -> BytesMut {
    let mut out = BytesMut::new();
    encode(pdu, 7, CommandStatus::ROK, &mut out).unwrap();
    out
}

fn masked(pdu: &[u8]) -> Vec<u8> {
    let mut out = b"before".to_vec();
    mask_into(pdu, &mut out);
    assert_eq!(&out[..6], b"before");
    out.split_off(6)
}

/// The masked `short_message` and `message_payload` of a message.
fn texts(pdu: &Pdu<'_>) -> (Vec<u8>, Vec<u8>) {
    let frame = Frame::new(Bytes::from(masked(&octets(pdu)))).unwrap();
    match frame.pdu().unwrap() {
        Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm) => {
            (sm.short_message.to_vec(), sm.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default().to_vec())
        }
        Pdu::DataSm(sm) => (Vec::new(), sm.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default().to_vec()),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_pdu_keeps_its_shape(case in parts(Octets::Any)) {
        for pdu in case.pdus() {
            let plain = octets(&pdu);
            let frame = Frame::new(Bytes::from(masked(&plain))).unwrap();
            prop_assert_eq!(&frame.bytes()[..HEADER_OCTETS], &plain[..HEADER_OCTETS]);
            let again = frame.pdu().unwrap();
            prop_assert_eq!(again.command_id(), pdu.command_id());
            prop_assert_eq!(octets(&again).len(), plain.len());
        }
    }

    #[test]
    fn octets_of_any_kind_are_masked_and_nothing_panics(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
        prop_assert_eq!(masked(&octets).len(), octets.len());
    }
}

#[test]
fn a_message_shows_its_header_only() {
    for (esm_class, message, shown) in [
        (0, &b"code 1234"[..], &b"*********"[..]),
        (esm_class::UDHI, b"\x05\0\x03\x01\x02\x01code", b"\x05\0\x03\x01\x02\x01****"),
        (esm_class::UDHI, b"code", b"****"),
        (esm_class::UDHI, b"", b""),
        // What a client submits is a message, even if it looks like a receipt.
        (0, b"id:1 stat:DELIVRD text:", b"***********************"),
    ] {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tag::MESSAGE_PAYLOAD, message);
        let sm = Sm { esm_class, short_message: message, tlvs: tlvs.as_tlvs(), ..Sm::default() };
        assert_eq!(texts(&Pdu::SubmitSm(sm)), (shown.to_vec(), shown.to_vec()), "{}", message.escape_ascii());
    }
}

#[test]
fn a_receipt_shows_all_but_the_text_that_it_quotes() {
    let receipt = b"id:a1 sub:001 dlvrd:001 stat:DELIVRD err:000 Text:code 1234";
    let shown = b"id:a1 sub:001 dlvrd:001 stat:DELIVRD err:000 Text:*********".to_vec();
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, receipt).push_cstr(Tag::RECEIPTED_MESSAGE_ID, b"a1");
    let sm = Sm { esm_class: 4, short_message: receipt, tlvs: tlvs.as_tlvs(), ..Sm::default() };
    assert_eq!(texts(&Pdu::DeliverSm(sm)), (shown.clone(), shown.clone()));
    let data_sm = DataSm { esm_class: 4, tlvs: tlvs.as_tlvs(), ..DataSm::default() };
    assert_eq!(texts(&Pdu::DataSm(data_sm)), (Vec::new(), shown));
    let answer = Sm { short_message: b"yes, I did", ..Sm::default() };
    assert_eq!(texts(&Pdu::DeliverSm(answer)).0, b"**********");
}

#[test]
fn passwords_and_the_ends_of_numbers_are_hidden_and_names_are_not() {
    let contains = |pdu: &Pdu<'_>, words: &[u8]| masked(&octets(pdu)).windows(words.len()).any(|part| part == words);
    let bind = Bind { system_id: b"bank", password: b"s3cret", ..Bind::default() };
    for pdu in [Pdu::BindTransceiver(bind), Pdu::BindReceiver(bind), Pdu::BindTransmitter(bind)] {
        assert!(!contains(&pdu, b"s3cret") && contains(&pdu, b"bank\0******\0"), "{pdu:?}");
    }
    let outbind = Pdu::Outbind(Outbind { system_id: b"smsc", password: b"s3cret" });
    assert!(!contains(&outbind, b"s3cret") && contains(&outbind, b"smsc"));
    for (address, shown) in
        [(&b"+447700900123"[..], &b"+44770090****"[..]), (b"447700900123", b"44770090****"), (b"60606", b"60606")]
    {
        let source = Address::new(5, 0, b"BANK");
        let sm = Sm { source, destination: Address::new(1, 1, address), ..Sm::default() };
        assert!(contains(&Pdu::SubmitSm(sm), b"BANK\0"));
        assert!(contains(&Pdu::SubmitSm(sm), &[b"\x01\x01", shown, b"\0"].concat()));
    }
}

#[test]
fn what_cannot_be_read_is_hidden_whole() {
    for id in [CommandId(0x0201), CommandId::SUBMIT_SM, CommandId::GENERIC_NACK, CommandId::ENQUIRE_LINK] {
        let masked = masked(&with_body(id, 8, b"code 1234"));
        assert_eq!(&masked[HEADER_OCTETS..], b"*********", "{id}");
    }
    let whole = octets(&Pdu::SubmitSm(Sm::default()));
    let cut = with_body(CommandId::SUBMIT_SM, 0, &[&whole[HEADER_OCTETS..], b"\x14\x00\x00\x09code"].concat());
    assert!(masked(&cut).ends_with(b"********"));
}

/// Words that must never be seen, as they may stand in any field; none looks like what belongs into one.
const CANARIES: [&[u8]; 4] =
    [b"Your code is 482 913", b"pa55 word of mine!", b"0k, call 482913 now", b"\x04our code: 482 913"];

fn with_body(id: CommandId, status: u32, body: &[u8]) -> Vec<u8> {
    let length = (HEADER_OCTETS + body.len()) as u32;
    let header =
        Header { command_length: length, command_id: id, command_status: CommandStatus(status), sequence_number: 7 };
    [&header.to_octets()[..], body].concat()
}

/// Whether so many octets in a row are seen of what is hidden.
fn shows(masked: &[u8], hidden: &[u8], count: usize) -> bool {
    hidden.windows(count).any(|part| masked.windows(count).any(|shown| shown == part))
}

/// Every PDU that a specification names, with the canary in each of its strings, its message and its parameters.
fn bodies(canary: &[u8], class: u8, tlv: &[u8]) -> Vec<(CommandId, Vec<u8>)> {
    let string = [canary, b"\0"].concat();
    let address = [&[1, 1][..], &string].concat();
    let text = [&[canary.len() as u8][..], canary].concat();
    let sm = [&string[..], &address, &address, &[class, 0, 0], &string, &string, &[1, 0, 0, 0], &text, tlv].concat();
    let bind = [&string[..], &string, &string, &[0x34], &address].concat();
    let listed = [&[2, 1][..], &address, &[2], &string].concat();
    let multi = [&string[..], &address, &listed, &[class, 0, 0], &string, &string, &[1, 0, 0, 0], &text, tlv].concat();
    let unsuccessful = [&string[..], &[1], &address, &[0, 0, 0, 8], tlv].concat();
    let data = [&string[..], &address, &address, &[class, 0, 0], tlv].concat();
    let answer = [&string[..], tlv].concat();
    let replace = [&string[..], &address, &string, &string, &[0, 0], &text, tlv].concat();
    let broadcast = [&string[..], &address, &string, &[0], &string, &string, &[0, 0, 0], tlv].concat();
    let manage = [&string[..], &string, &address, &address, tlv].concat();
    let query = [&string[..], &address, tlv].concat();
    let alert = [&address[..], &address, tlv].concat();
    let told = [&string[..], &string, &[2, 0]].concat();
    let mut all = vec![
        (CommandId::OUTBIND, [&string[..], &string].concat()),
        (CommandId::SUBMIT_SM, sm.clone()),
        (CommandId::DELIVER_SM, sm),
        (CommandId::DATA_SM, data),
        (CommandId::SUBMIT_MULTI, multi),
        (CommandId::SUBMIT_MULTI_RESP, unsuccessful),
        (CommandId::REPLACE_SM, replace),
        (CommandId::BROADCAST_SM, broadcast),
        (CommandId::CANCEL_SM, manage.clone()),
        (CommandId::CANCEL_BROADCAST_SM, manage),
        (CommandId::QUERY_SM, query.clone()),
        (CommandId::QUERY_BROADCAST_SM, query),
        (CommandId::QUERY_SM_RESP, told),
        (CommandId::ALERT_NOTIFICATION, alert),
    ];
    let binds = [CommandId::BIND_TRANSMITTER, CommandId::BIND_RECEIVER, CommandId::BIND_TRANSCEIVER];
    all.extend(binds.map(|id| (id, bind.clone())));
    let bodiless = [CommandId::UNBIND, CommandId::ENQUIRE_LINK, CommandId::GENERIC_NACK, CommandId(0x0001_0203)];
    all.extend(bodiless.map(|id| (id, answer.clone())));
    let answers = [
        CommandId::SUBMIT_SM_RESP,
        CommandId::DELIVER_SM_RESP,
        CommandId::DATA_SM_RESP,
        CommandId::BIND_TRANSCEIVER_RESP,
        CommandId::BIND_RECEIVER_RESP,
        CommandId::BIND_TRANSMITTER_RESP,
        CommandId::BROADCAST_SM_RESP,
        CommandId::QUERY_BROADCAST_SM_RESP,
        CommandId::CANCEL_SM_RESP,
        CommandId::REPLACE_SM_RESP,
    ];
    all.extend(answers.map(|id| (id, answer.clone())));
    all
}

/// In whatever field a text, a code or a password stands, under whatever tag, in a PDU that has more behind it.
#[test]
fn no_field_of_any_pdu_shows_what_does_not_belong_there() {
    let tags = [0x0424, 0x001E, 0x001D, 0x0381, 0x0303, 0x0202, 0x0423, 0x0017, 0x0204, 0x060B, 0x1400, 0x3FFF, 0x7777];
    let classes = [0, esm_class::UDHI, esm_class::TYPE_RECEIPT, esm_class::TYPE_RECEIPT | esm_class::UDHI, 0x20];
    for (canary, class) in CANARIES.into_iter().flat_map(|canary| classes.map(|class| (canary, class))) {
        for tag in tags {
            let mut tlvs = TlvBuf::new();
            tlvs.push(Tag(tag), canary).push_u8(Tag::MESSAGE_STATE, 2);
            for (id, body) in bodies(canary, class, tlvs.as_tlvs().as_octets()) {
                for (status, more) in [(0, &b""[..]), (8, b""), (0, canary)] {
                    let masked = masked(&with_body(id, status, &[&body[..], more].concat()));
                    assert!(!shows(&masked, canary, 3), "{id} {class:#x} {tag:#x} {status} {}", more.len());
                }
            }
        }
    }
}

/// Octets of a PDU are lost, changed or put between, or its end is missing: what was text may stand anywhere then. What is
/// left of it is no longer than a word and its padding, which may be an id.
#[test]
fn a_broken_pdu_shows_no_text() {
    let canary = CANARIES[0];
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, canary);
    for (id, body) in bodies(canary, 0, tlvs.as_tlvs().as_octets()) {
        for at in 0..body.len() {
            let (before, after) = body.split_at(at);
            for octets in [
                &[before, &after[1..]].concat(),
                &[before, b"\0", after].concat(),
                &[before, b"\0", &after[1..]].concat(),
                before,
            ] {
                let masked = masked(&with_body(id, 0, octets));
                assert!(!shows(&masked, canary, 6), "{id} at {at} of {}: {}", body.len(), masked.escape_ascii());
            }
        }
    }
}

/// Out of step, or another protocol: what stands where a header would be is text as well.
#[test]
fn garbage_in_the_place_of_a_header_is_hidden() {
    let garbage = b"\0\0\0\x20Your code is 482 913, bye.";
    let masked = masked(&garbage[..]);
    assert_eq!(masked, [&garbage[..4], &vec![b'*'; garbage.len() - 4]].concat());
}

/// What follows a bind's last field, and a bind whose strings have lost their NULs.
#[test]
fn a_bind_shows_no_password_wherever_it_stands() {
    for (body, what) in [
        (&b"bank\0s3cretpw\0\0\x34\0\0\0"[..], "in its place"),
        (b"bank\0\0\0\x34\0\0\0s3cretpw\0", "behind the last field"),
        (b"banks3cretpw\0\0\x34\0\0\0", "behind a system_id without its NUL"),
        (b"banks3cretpw\0\0\x34\x01\x01^4477\0", "the same with a range"),
        (b"bank\0s3cretpw\x34\0\0\0", "without its own NUL"),
        (b"bank\0s3cretpw", "at the end"),
    ] {
        let masked = masked(&with_body(CommandId::BIND_TRANSCEIVER, 0, body));
        assert!(!shows(&masked, b"s3cretpw", 2), "{what}: {}", masked.escape_ascii());
    }
}
