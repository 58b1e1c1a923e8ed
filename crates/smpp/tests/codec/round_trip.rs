//! What is written is read again the same, for every PDU, and what breaks a limit is not written at all.

use crate::every_pdu::{Octets, parts};
use bytes::BytesMut;
use proptest::prelude::*;
use sambac_smpp::*;

fn only_frame(stream: &mut BytesMut) -> Frame {
    let frame = Framer::default().next(stream).unwrap().unwrap();
    assert!(stream.is_empty());
    frame
}

#[test]
fn the_cases_cover_every_named_command() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let tree = parts(Octets::Any).new_tree(&mut TestRunner::deterministic()).unwrap();
    let case = tree.current();
    let mut covered: Vec<_> = case.pdus().iter().map(Pdu::command_id).collect();
    covered.sort_unstable();
    let mut named = CommandId::NAMED.to_vec();
    named.sort_unstable();
    assert_eq!(covered, named);
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn every_pdu_survives_the_wire(case in parts(Octets::Any), sequence: u32, status: u32) {
        let mut stream = BytesMut::new();
        for pdu in case.pdus() {
            for status in [CommandStatus::ROK, CommandStatus(status)] {
                encode(&pdu, sequence, status, &mut stream).unwrap();
                let frame = only_frame(&mut stream);
                let header = frame.header();
                prop_assert_eq!(header.command_id, pdu.command_id());
                prop_assert_eq!((header.sequence_number, header.command_status), (sequence, status));
                prop_assert_eq!(frame.pdu(), Ok(pdu));
                prop_assert_eq!(frame.pdu_with_broken_tlvs(), Ok(pdu));
                prop_assert_eq!(pdu.check_limits(), Ok(()));
                encode(&frame.pdu().unwrap(), sequence, status, &mut stream).unwrap();
                let again = only_frame(&mut stream);
                prop_assert_eq!(again.bytes(), frame.bytes());
            }
        }
    }

    #[test]
    fn any_split_of_a_stream_gives_the_same_frames(case in parts(Octets::Any), step in 1..100usize) {
        let mut whole = BytesMut::new();
        let pdus = case.pdus();
        for (sequence, pdu) in (1..).zip(&pdus) {
            encode(pdu, sequence, CommandStatus::ROK, &mut whole).unwrap();
        }
        let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
        for piece in whole.chunks(step) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = Framer::default().next(&mut buffer).unwrap() {
                frames.push(frame);
            }
        }
        prop_assert!(buffer.is_empty());
        let read: Vec<_> = frames.iter().map(|frame| frame.pdu().unwrap()).collect();
        prop_assert_eq!(read, pdus);
    }

    #[test]
    fn a_cut_body_is_an_error_or_a_pdu_but_never_more(case in parts(Octets::Any), cut in 0..400usize) {
        let mut stream = BytesMut::new();
        for pdu in case.pdus() {
            encode(&pdu, 9, CommandStatus::ROK, &mut stream).unwrap();
            let length = (16 + cut).min(stream.len());
            stream.truncate(length);
            stream[0..4].copy_from_slice(&(length as u32).to_be_bytes());
            match only_frame(&mut stream).pdu() {
                Ok(read) => prop_assert_eq!(read.command_id(), pdu.command_id()),
                Err(error) => {
                    prop_assert_eq!(error.header.sequence_number, 9);
                    prop_assert!(!error.status().is_ok());
                }
            }
        }
    }

    #[test]
    fn unknown_commands_are_kept_whole(id in 0x200..0x7FFF_FFFFu32, body in proptest::collection::vec(any::<u8>(), 0..50)) {
        let pdu = Pdu::Unknown { command_id: CommandId(id), body: &body };
        let mut stream = BytesMut::new();
        encode(&pdu, 1, CommandStatus::ROK, &mut stream).unwrap();
        let frame = only_frame(&mut stream);
        prop_assert_eq!(frame.pdu(), Ok(pdu));
    }
}

fn refusal(pdu: &Pdu<'_>) -> EncodeError {
    let mut out = BytesMut::from(&b"before"[..]);
    let error = encode(pdu, 1, CommandStatus::ROK, &mut out).unwrap_err();
    assert_eq!(&out[..], b"before", "nothing of a refused PDU may stay");
    assert_eq!(pdu.check_limits(), Err(error));
    error
}

#[test]
fn over_long_fields_are_refused_with_their_status() {
    let sm = Sm::default();
    let long = [b'1'; 300];
    let address = Address::new(1, 1, &long[..21]);
    let cases = [
        (Sm { service_type: &long[..6], ..sm }, CommandStatus::RINVSERTYP),
        (Sm { source: address, ..sm }, CommandStatus::RINVSRCADR),
        (Sm { destination: address, ..sm }, CommandStatus::RINVDSTADR),
        (Sm { schedule_delivery_time: &long[..17], ..sm }, CommandStatus::RINVSCHED),
        (Sm { validity_period: &long[..17], ..sm }, CommandStatus::RINVEXPIRY),
        (Sm { short_message: &long[..256], ..sm }, CommandStatus::RINVMSGLEN),
        (Sm { tlvs: Tlvs::from_octets(&[0, 5, 0, 2, 0]), ..sm }, CommandStatus::RINVTLVSTREAM),
    ];
    for (sm, status) in cases {
        assert_eq!(refusal(&Pdu::SubmitSm(sm)).status(), status);
    }
    let error = refusal(&Pdu::SubmitSmResp(SmResp::new(&long[..65])));
    assert_eq!(error.status(), CommandStatus::RINVMSGID);
}

#[test]
fn embedded_nuls_are_refused() {
    let sm = Sm { source: Address::new(5, 0, b"BA\0NK"), ..Sm::default() };
    let error = refusal(&Pdu::SubmitSm(sm));
    assert!(matches!(error, EncodeError::EmbeddedNul { field } if field.name == "source_addr"));
}

#[test]
fn long_passwords_are_written_but_are_beyond_the_specification() {
    let bind = Pdu::BindTransceiver(Bind { password: &[b'x'; 64], ..Bind::default() });
    let mut out = BytesMut::new();
    assert_eq!(encode(&bind, 1, CommandStatus::ROK, &mut out), Ok(()));
    assert_eq!(bind.check_limits().unwrap_err().status(), CommandStatus::RINVPASWD);
    let bind = Pdu::BindTransceiver(Bind { password: &[b'x'; 65], ..Bind::default() });
    assert_eq!(refusal(&bind).status(), CommandStatus::RINVPASWD);
}

#[test]
fn errors_are_written_without_a_body_where_the_specification_wants_it() {
    let octets = |id| {
        let mut out = BytesMut::new();
        encode(&Pdu::empty(id), 1, CommandStatus::RTHROTTLED, &mut out).unwrap();
        out.len()
    };
    assert_eq!(octets(CommandId::SUBMIT_SM_RESP), 16);
    assert_eq!(octets(CommandId::BIND_TRANSCEIVER_RESP), 16);
    assert_eq!(octets(CommandId::QUERY_SM_RESP), 16);
    assert_eq!(octets(CommandId::DELIVER_SM_RESP), 17);
    assert_eq!(octets(CommandId::DATA_SM_RESP), 17);
}

#[test]
fn a_list_holds_255_destinations_and_no_more() {
    let mut list = DestinationBuf::new();
    for _ in 0..255 {
        list.push(Destination::List(b"staff")).unwrap();
    }
    assert_eq!(list.push(Destination::List(b"staff")).unwrap_err().status(), CommandStatus::RINVNUMDESTS);
    assert_eq!(list.as_list().iter().count(), 255);
}

#[test]
fn debug_output_holds_no_secret() {
    let bind = Bind { system_id: b"bank", password: b"secret", ..Bind::default() };
    let outbind = Outbind { system_id: b"bank", password: b"secret" };
    let sm = Sm { destination: Address::new(1, 1, b"447700900123"), short_message: b"code 4711", ..Sm::default() };
    let mut out = BytesMut::new();
    encode(&Pdu::SubmitSm(sm), 1, CommandStatus::ROK, &mut out).unwrap();
    let frame = only_frame(&mut out);
    let shown = format!("{bind:?} {outbind:?} {sm:?} {frame:?} {:?}", frame.pdu());
    for secret in ["secret", "4711", "447700900123", "115, 101"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("bank"));
}
