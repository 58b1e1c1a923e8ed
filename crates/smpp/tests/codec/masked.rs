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
    let with_body = |id: CommandId, body: &[u8]| {
        let length = (HEADER_OCTETS + body.len()) as u32;
        let header =
            Header { command_length: length, command_id: id, command_status: CommandStatus(8), sequence_number: 7 };
        [&header.to_octets()[..], body].concat()
    };
    for id in [CommandId(0x0201), CommandId::SUBMIT_SM, CommandId::GENERIC_NACK, CommandId::ENQUIRE_LINK] {
        let masked = masked(&with_body(id, b"code 1234"));
        assert_eq!(&masked[HEADER_OCTETS..], b"*********", "{id}");
    }
    let whole = octets(&Pdu::SubmitSm(Sm::default()));
    let cut = with_body(CommandId::SUBMIT_SM, &[&whole[HEADER_OCTETS..], b"\x14\x00\x00\x09code"].concat());
    assert!(masked(&cut).ends_with(b"********"));
}
