//! What operators and clients really send. Each unusual PDU is followed by a good one, which must be read.

use bytes::{BufMut, BytesMut};
use sambac_smpp::*;

/// What is to become of an unusual PDU.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// Read, and within the limits of the specification.
    Kept,
    /// Read, but `check_limits` names the field with this status.
    BeyondLimits(CommandStatus),
    /// Not read; to be answered with this status.
    Refused(CommandStatus),
}

fn raw(id: CommandId, status: CommandStatus, body: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    out.put_u32(16 + body.len() as u32);
    out.put_u32(id.0);
    out.put_u32(status.0);
    out.put_u32(77);
    out.put_slice(body);
    out
}

fn ok(id: CommandId, body: &[u8]) -> BytesMut {
    raw(id, CommandStatus::ROK, body)
}

fn written(pdu: &Pdu<'_>) -> BytesMut {
    let mut out = BytesMut::new();
    encode(pdu, 77, CommandStatus::ROK, &mut out).unwrap();
    out
}

/// A body of submit_sm whose fields may be anything.
struct Body {
    service_type: &'static [u8],
    source: &'static [u8],
    validity: &'static [u8],
    sm_length: u8,
    tail: &'static [u8],
}

const GOOD: Body = Body { service_type: b"", source: b"BANK", validity: b"", sm_length: 2, tail: b"hi" };

impl Body {
    fn submit_sm(&self) -> BytesMut {
        let mut body = BytesMut::new();
        body.put_slice(&[self.service_type, b"\0\x05\x00", self.source, b"\0\x01\x01447700900123\0"].concat());
        body.put_slice(&[b"\0\0\0\0", self.validity, b"\0\x01\0\0\0"].concat());
        body.put_u8(self.sm_length);
        body.put_slice(self.tail);
        ok(CommandId::SUBMIT_SM, &body)
    }
}

fn judge(stream: &mut BytesMut) -> Outcome {
    let framer = Framer::default();
    stream.extend_from_slice(&written(&Pdu::EnquireLink));
    let frame = framer.next(stream).unwrap().unwrap();
    assert_eq!(frame.header().sequence_number, 77, "the header is always kept");
    let outcome = match frame.pdu().map(|pdu| pdu.check_limits()) {
        Ok(Ok(())) => Outcome::Kept,
        Ok(Err(error)) => Outcome::BeyondLimits(error.status()),
        Err(error) => {
            assert_eq!(error.header, frame.header());
            Outcome::Refused(error.status())
        }
    };
    let next = framer.next(stream).unwrap().expect("the stream is lost");
    assert_eq!(next.pdu(), Ok(Pdu::EnquireLink), "the stream is shifted");
    assert!(stream.is_empty());
    outcome
}

#[test]
fn nothing_unusual_loses_the_stream() {
    use CommandStatus as S;
    use Outcome::{BeyondLimits, Kept, Refused};
    let submit = |body: Body| body.submit_sm();
    let tail = |tail| submit(Body { tail, ..GOOD });
    let resp = |body: &[u8]| ok(CommandId::SUBMIT_SM_RESP, body);
    let long_password = Bind { password: b"12345678901234567890", ..Bind::default() };
    let cases = [
        ("good", submit(GOOD), Kept),
        ("unknown command", ok(CommandId(0x0001_0000), b"anything"), Kept),
        ("unknown status", raw(CommandId::SUBMIT_SM_RESP, CommandStatus(0x4FF), b""), Kept),
        ("status 34, decimal", raw(CommandId::SUBMIT_SM_RESP, CommandStatus(34), b""), Kept),
        ("vendor TLV", tail(b"hi\x14\x00\x00\x03abc"), Kept),
        ("unknown TLV", tail(b"hi\x00\x99\x00\x01a"), Kept),
        ("known TLV of wrong size", tail(b"hi\x02\x0c\x00\x01\x07"), Kept),
        ("known TLV of length 0", tail(b"hi\x02\x0c\x00\x00"), Kept),
        ("C-string TLV without NUL", tail(b"hi\x00\x1e\x00\x02ab"), Kept),
        ("TLV overruns the PDU", tail(b"hi\x04\x24\x00\x09abc"), Refused(S::RINVTLVSTREAM)),
        ("two trailing octets", tail(b"hi\x00\x00"), Refused(S::RINVTLVSTREAM)),
        ("source of 30", submit(Body { source: &[b'A'; 30], ..GOOD }), BeyondLimits(S::RINVSRCADR)),
        ("Latin-1 in sender", submit(Body { source: b"B\xC4NK", ..GOOD }), Kept),
        ("service_type of 9", submit(Body { service_type: b"CAMPAIGN1", ..GOOD }), BeyondLimits(S::RINVSERTYP)),
        ("validity of 12", submit(Body { validity: b"261123000000", ..GOOD }), Kept),
        ("sm_length overruns", submit(Body { sm_length: 200, ..GOOD }), Refused(S::RINVMSGLEN)),
        ("body ends early", ok(CommandId::SUBMIT_SM, b"\0\0\0BANK\0\x01\x01"), Refused(S::RINVDSTADR)),
        ("body missing", ok(CommandId::SUBMIT_SM, b""), Refused(S::RINVSERTYP)),
        ("source without NUL", ok(CommandId::SUBMIT_SM, b"\0\0\0BANK"), Refused(S::RINVSRCADR)),
        ("fixed field missing", ok(CommandId::SUBMIT_SM, b"\0\0"), Refused(S::RINVCMDLEN)),
        ("password of 20", written(&Pdu::BindTransceiver(long_password)), BeyondLimits(S::RINVPASWD)),
        ("message_id of 100", resp(&[&[b'7'; 100][..], b"\0"].concat()), BeyondLimits(S::RINVMSGID)),
        ("message_id without NUL", resp(b"abc"), Kept),
        ("response with a body of junk TLVs", resp(b"abc\0\x01\x02\x03"), BeyondLimits(S::RINVTLVSTREAM)),
        ("good response without body", resp(b""), Kept),
        ("error response without body", raw(CommandId::SUBMIT_SM_RESP, S::RTHROTTLED, b""), Kept),
        ("error response with body", raw(CommandId::SUBMIT_SM_RESP, S::RTHROTTLED, b"\0"), Kept),
        ("error response with half a body", raw(CommandId::QUERY_SM_RESP, S::RQUERYFAIL, b"x"), Kept),
        ("bind error without body", raw(CommandId::BIND_TRANSCEIVER_RESP, S::RINVPASWD, b""), Kept),
        ("half a query_sm_resp", ok(CommandId::QUERY_SM_RESP, b"id"), Refused(S::RINVMSGID)),
        ("enquire_link with extra octets", ok(CommandId::ENQUIRE_LINK, b"\0\0"), Kept),
        ("unbind with extra octets", ok(CommandId::UNBIND, b"\xFF\xFF\xFF\xFF"), Kept),
        ("query_sm with extra octets", ok(CommandId::QUERY_SM, b"id\0\x01\x01447700900123\0extra"), Kept),
        ("UDH length lies", submit(Body { sm_length: 3, tail: b"\xFFhi", ..GOOD }), Kept),
        ("dest_flag 3", ok(CommandId::SUBMIT_MULTI, b"\0\0\0\0\x01\x03x\0"), Refused(S::RINVDESTFLAG)),
        ("255 destinations, none there", ok(CommandId::SUBMIT_MULTI, b"\0\0\0\0\xFF"), Refused(S::RINVCMDLEN)),
    ];
    for (name, mut stream, outcome) in cases {
        assert_eq!(judge(&mut stream), outcome, "{name}");
    }
}

#[test]
fn latin_1_and_lying_udh_are_kept_octet_by_octet() {
    let mut stream = Body { source: b"B\xC4NK", sm_length: 3, tail: b"\xFFhi", ..GOOD }.submit_sm();
    let frame = Framer::default().next(&mut stream).unwrap().unwrap();
    let Ok(Pdu::SubmitSm(sm)) = frame.pdu() else { panic!("not read") };
    assert_eq!((sm.source.addr, sm.short_message), (&b"B\xC4NK"[..], &b"\xFFhi"[..]));
}

#[test]
fn a_response_without_nul_does_not_borrow_from_the_next_pdu() {
    let mut stream = ok(CommandId::SUBMIT_SM_RESP, b"abc");
    stream.extend_from_slice(&written(&Pdu::EnquireLink));
    let frame = Framer::default().next(&mut stream).unwrap().unwrap();
    assert_eq!(frame.pdu(), Ok(Pdu::SubmitSmResp(SmResp::new(b"abc"))));
}

#[test]
fn broken_tlvs_can_be_kept_as_far_as_they_go() {
    let mut stream = Body { tail: b"hi\x00\x1e\x00\x03id1\x04\x24\x00\x09abc", ..GOOD }.submit_sm();
    let frame = Framer::default().next(&mut stream).unwrap().unwrap();
    let Ok(Pdu::SubmitSm(sm)) = frame.pdu_with_broken_tlvs() else { panic!("not read") };
    assert!(!sm.tlvs.is_whole());
    assert_eq!(sm.tlvs.cstr(Tag::RECEIPTED_MESSAGE_ID), Some(&b"id1"[..]));
    assert_eq!(sm.tlvs.get(Tag::MESSAGE_PAYLOAD), Some(&b"abc"[..]));
}

#[test]
fn a_senseless_length_is_fatal_and_says_which() {
    for length in [0, 12, 15, 64 * 1024 + 1, u32::MAX] {
        let mut stream = ok(CommandId::ENQUIRE_LINK, b"");
        stream[0..4].copy_from_slice(&length.to_be_bytes());
        let error = Framer::default().next(&mut stream).unwrap_err();
        assert_eq!(error, FrameError { command_length: length, sequence: 77 });
        stream.truncate(4);
        let error = Framer::default().next(&mut stream).unwrap_err();
        assert_eq!(error, FrameError { command_length: length, sequence: 0 });
    }
}

#[test]
fn what_is_no_smpp_at_all_is_fatal() {
    let probes: [&[u8]; 4] =
        [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"AMQP\0\0\x09\x01", b"SSH-2.0-x"];
    for probe in probes {
        assert!(Framer::default().next(&mut BytesMut::from(probe)).is_err());
    }
}

#[test]
fn the_largest_pdu_is_taken_and_one_more_octet_is_not() {
    let framer = Framer::new(20);
    assert!(framer.next(&mut ok(CommandId::ENQUIRE_LINK, b"1234")).unwrap().is_some());
    assert!(framer.next(&mut ok(CommandId::ENQUIRE_LINK, b"12345")).is_err());
}

#[test]
fn a_frame_is_made_of_exactly_one_pdu() {
    let bytes = written(&Pdu::EnquireLink).freeze();
    assert!(Frame::new(bytes.clone()).is_some());
    assert!(Frame::new(bytes.slice(0..15)).is_none());
    assert!(Frame::new([&bytes[..], b"x"].concat().into()).is_none());
}
