use bytes::BytesMut;
use sambac_smpp::{CommandStatus, Pdu, Sm, SmResp, encode};

use super::*;

fn pdu(pdu: &Pdu<'_>) -> Vec<u8> {
    let mut out = BytesMut::new();
    encode(pdu, 1, CommandStatus::ROK, &mut out).expect("within limits");
    out.to_vec()
}

fn deliver(text: &[u8]) -> Vec<u8> {
    pdu(&Pdu::DeliverSm(Sm { short_message: text, ..Sm::default() }))
}

/// A packet of IP without a link's head, from the SMSC.
fn packet(sequence: u32, payload: &[u8]) -> Vec<u8> {
    let total = (40 + payload.len()) as u16;
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&total.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend_from_slice(&[0x0A, 0xD7, 0x9C, 0x40]);
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0]);
    packet.extend_from_slice(payload);
    packet
}

fn pcap(packets: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = vec![0xA1, 0xB2, 0xC3, 0xD4, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 101];
    for (micros, packet) in packets {
        for word in [1_700_000_000, *micros, packet.len() as u32, packet.len() as u32] {
            file.extend_from_slice(&word.to_be_bytes());
        }
        file.extend_from_slice(packet);
    }
    file
}

fn pcapng(packets: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padded = body.len().next_multiple_of(4);
        let length = (12 + padded as u32).to_le_bytes();
        let fill = vec![0; padded - body.len()];
        [&kind.to_le_bytes()[..], &length, body, &fill, &length].concat()
    };
    let mut section = 0x1A2B_3C4D_u32.to_le_bytes().to_vec();
    section.extend_from_slice(&[1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    // Nanoseconds.
    let interface = [&[101, 0, 0, 0, 0, 0, 4, 0][..], &[9, 0, 1, 0, 9, 0, 0, 0], &[0, 0, 0, 0]].concat();
    let mut file = [block(0x0A0D_0D0A, &section), block(1, &interface)].concat();
    for (micros, packet) in packets {
        let ticks = 1_700_000_000_000_000_000_u64 + u64::from(*micros) * 1_000;
        let head = [0, (ticks >> 32) as u32, ticks as u32, packet.len() as u32, packet.len() as u32];
        let head: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
        file.extend_from_slice(&block(6, &[&head[..], packet].concat()));
    }
    file
}

fn texts(replay: &Replay) -> Vec<(u128, Vec<u8>)> {
    let text = |(after, frame): &(Duration, Frame)| match frame.pdu() {
        Ok(Pdu::DeliverSm(sm)) => (after.as_micros(), sm.short_message.to_vec()),
        other => panic!("{other:?}"),
    };
    replay.pdus.iter().map(text).collect()
}

/// Segments out of order, sent again, and cut anywhere give the PDUs, with the time at which each was whole.
#[test]
fn segments_in_any_order_give_the_pdus() {
    let answer = pdu(&Pdu::SubmitSmResp(SmResp::new(b"1")));
    let stream = [deliver(b"first"), answer, deliver(b"second"), deliver(b"third")].concat();
    let part = |from: usize, to: usize| packet(1_000 + from as u32, &stream[from..to]);
    let packets = [
        (100, part(0, 10)),
        (200, part(50, 90)),
        (300, part(10, 50)),
        (350, part(0, 30)),
        (400, part(80, stream.len())),
    ];
    for file in [pcap(&packets), pcapng(&packets)] {
        let replay = Replay::of(&file).expect("a capture");
        let times: Vec<_> = texts(&replay).iter().map(|(after, _)| *after).collect();
        let words: Vec<_> = texts(&replay).into_iter().map(|(_, text)| text).collect();
        assert_eq!(words, [b"first".to_vec(), b"second".to_vec(), b"third".to_vec()]);
        assert_eq!((times[0], times[2]), (0, 100));
    }
}

#[test]
fn what_is_no_capture_is_refused_and_what_is_cut_short_is_read_to_its_end() {
    assert!(Replay::of(b"").is_err() && Replay::of(b"GET / HTTP/1.1").is_err());
    let file = pcap(&[(0, packet(1, &deliver(b"one"))), (1, packet(1_000, &deliver(b"two")))]);
    assert_eq!(Replay::of(&file[..file.len() - 1]).expect("a capture").pdus.len(), 1);
    for length in 0..file.len() {
        // Whatever is missing, nothing panics.
        let _ = Replay::of(&file[..length]);
    }
}
