//! What clients submit and no operator could send as it was meant is refused when it is submitted, with the command_status that
//! says why: nothing is stored, nothing is charged. What real clients do and handsets take is taken.

use anyhow::Result;
use sambac_testkit::scenario::smpp::{DataSm, HEADER_OCTETS, Pdu, Sm, Tag, TlvBuf, esm_class, interface_version};
use sambac_testkit::scenario::{Wire, append, message};

use crate::Healthy;

const NUMBER: &str = "447700900123";

/// SAR parameters.
fn sar(reference: u16, total: u8, no: u8) -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    tlvs.push_u16(Tag::SAR_MSG_REF_NUM, reference);
    tlvs.push_u8(Tag::SAR_TOTAL_SEGMENTS, total).push_u8(Tag::SAR_SEGMENT_SEQNUM, no);
    tlvs
}

fn payload(text: &[u8]) -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, text);
    tlvs
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_and_what_can_be_is_taken() -> Result<()> {
    let healthy = Healthy::start("unsendable").await?;
    let mut client = Wire::bound(healthy.platform.smpp(), &healthy.secrets, "esme", interface_version::V3_4).await?.0;
    let base = Sm { registered_delivery: 0, ..message(NUMBER, b"hello") };
    let headed = |data| Sm { esm_class: esm_class::UDHI, short_message: data, ..base };
    let (four_of_three, two_of_two, other) = (sar(7, 3, 4), sar(7, 2, 2), payload(b"another"));
    let (same, one_of_one) = (payload(b"hello"), sar(7, 1, 1));
    let mut payloads = payload(b"hello");
    payloads.push(Tag::MESSAGE_PAYLOAD, b"another");
    let mut segments = sar(7, 2, 1);
    segments.push_u8(Tag::SAR_SEGMENT_SEQNUM, 2);
    let cases = [
        ("service_type", Sm { service_type: b"CMT", ..base }, 0),
        ("UCS-2 and a half", Sm { data_coding: 8, short_message: b"\0h\0i\x04", ..base }, 0x01),
        ("UCS-2 and a NUL", Sm { data_coding: 8, short_message: b"\0h\0i\0", ..base }, 0),
        ("JIS", Sm { data_coding: 5, ..base }, 0x104),
        ("a reserved group", Sm { data_coding: 0x80, ..base }, 0x104),
        ("part 4 of 3", headed(b"\x05\0\x03\x07\x03\x04hello"), 0x43),
        ("part 4 of 3 by SAR", Sm { tlvs: four_of_three.as_tlvs(), ..base }, 0xC4),
        ("part 1 of 1 by SAR", Sm { tlvs: one_of_one.as_tlvs(), ..base }, 0),
        ("a header and another SAR", Sm { tlvs: two_of_two.as_tlvs(), ..headed(b"\x05\0\x03\x07\x02\x01hello") }, 0xC4),
        ("two parts at once", headed(b"\x0A\0\x03\x07\x02\x01\0\x03\x07\x02\x02hello"), 0x43),
        ("two references", headed(b"\x0A\0\x03\x07\x02\x01\0\x03\x08\x02\x01hello"), 0x43),
        ("two widths", headed(b"\x0B\0\x03\x07\x02\x01\x08\x04\0\x08\x02\x01hello"), 0x43),
        ("one header twice", headed(b"\x0A\0\x03\x07\x02\x01\0\x03\x07\x02\x01hello"), 0),
        ("two segments by SAR", Sm { tlvs: segments.as_tlvs(), ..base }, 0xC1),
        ("two texts", Sm { tlvs: other.as_tlvs(), ..base }, 0xC1),
        ("two payloads", Sm { short_message: b"", tlvs: payloads.as_tlvs(), ..base }, 0xC1),
        ("two payloads and a text", Sm { tlvs: payloads.as_tlvs(), ..base }, 0xC1),
        ("one text twice", Sm { tlvs: same.as_tlvs(), ..base }, 0),
        ("no text", Sm { short_message: b"", ..base }, 0x01),
        ("yesterday", Sm { schedule_delivery_time: b"200101000000000+", ..base }, 0x61),
        ("a day that there is not", Sm { schedule_delivery_time: b"990230000000000+", ..base }, 0x61),
        ("no longer valid", Sm { validity_period: b"200101000000000+", ..base }, 0x62),
    ];
    let mut taken = 0;
    for (what, sm, expected) in &cases {
        let answer = client.ask(&Pdu::SubmitSm(*sm)).await?;
        assert_eq!(answer.header().command_status.0, *expected, "{what}");
        taken += i64::from(*expected == 0);
    }
    let Sm { source, destination, .. } = base;
    let data = DataSm { source, destination, tlvs: payloads.as_tlvs(), ..DataSm::default() };
    assert_eq!(client.ask(&Pdu::DataSm(data)).await?.header().command_status.0, 0xC1, "two payloads by data_sm");
    // No encoder writes a longer one.
    let mut long = client.encoded(&Pdu::SubmitSm(base))?;
    long.splice(HEADER_OCTETS..HEADER_OCTETS, *b"CMT-OTP");
    append(&mut long, b"");
    assert_eq!(client.ask_octets(&long).await?.header().command_status.0, 0x15, "service_type of seven letters");
    let mut database = healthy.world.database().await?;
    assert_eq!(database.number("SELECT COUNT(*) FROM messages").await?, taken);
    assert_eq!(database.number("SELECT COUNT(*) FROM charges").await?, taken);
    database.audit().await?;
    healthy.world.passed();
    Ok(())
}
