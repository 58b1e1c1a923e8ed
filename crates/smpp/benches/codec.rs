//! How long reading and writing take. Run with `cargo bench -p sambac-smpp`; every figure is for one PDU.

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sambac_smpp::{Address, CommandStatus, Frame, Framer, Pdu, Sm, Tag, TlvBuf, encode};
use std::hint::black_box;

/// PDUs in one read of a stream.
const STREAM_PDUS: usize = 100;

const TEXT: &[u8] = b"Your one-time code is 482913. It is valid for 5 minutes. Never tell it to anyone.";
const RECEIPT: &[u8] =
    b"id:0f3a81c2 sub:001 dlvrd:001 submit date:2611230600 done date:2611230601 stat:DELIVRD err:000 text:";

fn submit_sm(tlvs: &TlvBuf) -> Pdu<'_> {
    Pdu::SubmitSm(Sm {
        source: Address::new(5, 0, b"BANK"),
        destination: Address::new(1, 1, b"447700900123"),
        validity_period: b"000000000500000R",
        registered_delivery: 1,
        short_message: TEXT,
        tlvs: tlvs.as_tlvs(),
        ..Sm::default()
    })
}

fn five_tlvs() -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    tlvs.push_u16(Tag::USER_MESSAGE_REFERENCE, 4711)
        .push_u8(Tag::PRIVACY_INDICATOR, 0)
        .push_u8(Tag::PAYLOAD_TYPE, 0)
        .push_cstr(Tag(0x1400), b"1101234567890123456")
        .push_cstr(Tag(0x1401), b"1107654321098765432");
    tlvs
}

fn deliver_sm(tlvs: &TlvBuf) -> Pdu<'_> {
    Pdu::DeliverSm(Sm {
        source: Address::new(1, 1, b"447700900123"),
        destination: Address::new(5, 0, b"BANK"),
        esm_class: 4,
        short_message: RECEIPT,
        tlvs: tlvs.as_tlvs(),
        ..Sm::default()
    })
}

fn receipt_tlvs() -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    tlvs.push_cstr(Tag::RECEIPTED_MESSAGE_ID, b"0f3a81c2")
        .push_u8(Tag::MESSAGE_STATE, 2)
        .push(Tag::NETWORK_ERROR_CODE, &[3, 0, 0]);
    tlvs
}

fn octets(pdu: &Pdu<'_>) -> Bytes {
    let mut out = BytesMut::new();
    let written = encode(pdu, 1, CommandStatus::ROK, &mut out);
    assert_eq!(written, Ok(()));
    out.freeze()
}

/// Every value is looked at, TLVs included.
fn read(frame: &Frame) -> usize {
    match frame.pdu() {
        Ok(Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm)) => {
            sm.short_message.len() + sm.tlvs.iter().map(|(tag, value)| usize::from(tag.0) + value.len()).sum::<usize>()
        }
        _ => 0,
    }
}

fn bench_pdu(c: &mut Criterion, name: &str, pdu: &Pdu<'_>) {
    let bytes = octets(pdu);
    let mut group = c.benchmark_group(format!("{name}, {} octets", bytes.len()));
    group.throughput(Throughput::Elements(1));
    let Some(frame) = Frame::new(bytes.clone()) else { return };
    group.bench_function("decode", |b| b.iter(|| read(black_box(&frame))));
    let mut out = BytesMut::with_capacity(64 * 1024);
    group.bench_function("encode", |b| {
        b.iter(|| {
            out.clear();
            encode(black_box(pdu), 1, CommandStatus::ROK, &mut out)
        });
    });
    group.bench_function("encode, frame and decode", |b| {
        b.iter(|| {
            out.clear();
            let written = encode(black_box(pdu), 1, CommandStatus::ROK, &mut out);
            written.map(|()| Frame::new(bytes.clone()).map_or(0, |frame| read(&frame)))
        });
    });
    group.throughput(Throughput::Elements(STREAM_PDUS as u64));
    let stream = bytes.repeat(STREAM_PDUS);
    group.bench_function("a read of 100: cut and decode", |b| {
        b.iter_batched(
            || BytesMut::from(&stream[..]),
            |mut stream| {
                let framer = Framer::default();
                let mut total = 0;
                while let Ok(Some(frame)) = framer.next(&mut stream) {
                    total += read(&frame);
                }
                total
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn codec(c: &mut Criterion) {
    let (five, receipt) = (five_tlvs(), receipt_tlvs());
    bench_pdu(c, "submit_sm with 5 TLVs", &submit_sm(&five));
    bench_pdu(c, "deliver_sm receipt with 3 TLVs", &deliver_sm(&receipt));
}

criterion_group!(benches, codec);
criterion_main!(benches);
