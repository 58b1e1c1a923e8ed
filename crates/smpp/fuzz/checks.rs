//! What must hold for any octets whatever: the bodies of the fuzz targets, and of the ordinary test over their corpora.

use bytes::{BufMut, BytesMut};
use sambac_smpp::{CommandId, CommandStatus, Frame, Framer, Pdu, encode};

/// A stream of any octets is cut into frames that together are the stream, and every frame is read or refused.
pub(crate) fn decode(stream: &[u8]) {
    let framer = Framer::default();
    let mut rest = BytesMut::from(stream);
    let mut taken = 0;
    while let Ok(Some(frame)) = framer.next(&mut rest) {
        assert_eq!(&stream[taken..taken + frame.bytes().len()], &frame.bytes()[..]);
        taken += frame.bytes().len();
        read(&frame);
    }
    assert_eq!(&stream[taken..], &rest[..]);
}

fn read(frame: &Frame) {
    let strict = frame.pdu();
    let lenient = frame.pdu_with_broken_tlvs();
    match (strict, lenient) {
        (Ok(strict), lenient) => assert_eq!(Ok(strict), lenient),
        (Err(error), lenient) => {
            assert_eq!(error.header, frame.header());
            assert!(!error.status().is_ok());
            assert!(lenient.is_err() || error.status() == CommandStatus::RINVTLVSTREAM);
        }
    }
    if let Ok(pdu) = lenient {
        look_at(&pdu);
    }
}

/// Goes through what is read lazily.
fn look_at(pdu: &Pdu<'_>) {
    let tlvs = match pdu {
        Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm) => sm.tlvs,
        Pdu::DataSm(sm) => sm.tlvs,
        Pdu::SubmitSmResp(resp) | Pdu::DeliverSmResp(resp) | Pdu::DataSmResp(resp) => resp.tlvs,
        Pdu::SubmitMulti(multi) => {
            assert_eq!(multi.destinations.iter().count(), multi.destinations.len());
            multi.tlvs
        }
        Pdu::SubmitMultiResp(resp) => {
            assert_eq!(resp.unsuccessful.iter().count(), resp.unsuccessful.len());
            resp.tlvs
        }
        _ => return,
    };
    for (tag, value) in tlvs {
        assert!(tlvs.get(tag).is_some() && value.len() <= tlvs.as_octets().len());
        assert!(tlvs.cstr(tag).is_some_and(|text| !text.contains(&0)));
        assert!(tlvs.u8(tag).is_none_or(|value| tlvs.u32(tag) == Some(u32::from(value))));
    }
}

/// A body that is read and can be written is read again the same. The first octet chooses the command, the second
/// whether it is an error.
pub(crate) fn round_trip(octets: &[u8]) {
    let [command, status, body @ ..] = octets else { return };
    let command = CommandId::NAMED[usize::from(*command) % CommandId::NAMED.len()];
    let status = if status & 1 == 0 { CommandStatus::ROK } else { CommandStatus::RSYSERR };
    let mut stream = BytesMut::new();
    stream.put_u32(16 + body.len() as u32);
    stream.put_slice(&[command.0, status.0, 7].map(u32::to_be_bytes).concat());
    stream.put_slice(body);
    let Ok(Some(frame)) = Framer::default().next(&mut stream) else { return };
    let Ok(pdu) = frame.pdu() else { return };
    assert_eq!(pdu.command_id(), command);
    let is_within_limits = pdu.check_limits().is_ok();
    match encode(&pdu, 7, status, &mut stream) {
        Ok(()) => {
            let again = Framer::default().next(&mut stream).unwrap().unwrap();
            assert!(stream.is_empty());
            assert_eq!(again.pdu(), Ok(pdu));
            assert_eq!(again.header().command_status, status);
        }
        Err(_) => assert!(stream.is_empty() && !is_within_limits),
    }
}
