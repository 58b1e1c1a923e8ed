//! Optional parameters of clients that do not keep to the book.

use anyhow::Result;
use sambac_testkit::scenario::append;
use sambac_testkit::scenario::smpp::{Pdu, Sm, Tag, TlvBuf, interface_version};

use crate::served::{CLIENT, Served, message, status};

/// A last parameter that is shorter than it says: refused for its stream, or taken where the profile says so.
#[tokio::test]
async fn q_h3_a_cut_parameter_of_a_client() -> Result<()> {
    for (settings, expected) in [("{}", 0xC0), ("{ session = { take_broken_tlvs = true } }", 0)] {
        let served = Served::start("q_h3_client", "", settings).await?;
        let mut client = served.client(interface_version::V3_4).await?;
        let mut pdu = client.encoded(&Pdu::SubmitSm(message("447700900123", b"cut")))?;
        // Tag, a length of 8, and three octets.
        append(&mut pdu, &[0x14, 0x00, 0x00, 0x08, 1, 2, 3]);
        assert_eq!(status(&client.ask_octets(&pdu).await?), expected, "{settings}");
        assert_eq!(status(&client.ask(&Pdu::SubmitSm(message("447700900123", b"after"))).await?), 0, "{CLIENT} stays");
        served.platform.until_bound().await?;
        let texts = served.operator.until_submits(if expected == 0 { 2 } else { 1 }).await?.texts();
        assert_eq!(texts.contains(&"cut".to_owned()), expected == 0, "{texts:?}");
        served.world.passed();
    }
    Ok(())
}

/// A tag that comes twice is no error, and the first counts; but which of two texts is meant nobody can say.
#[tokio::test]
async fn q_h7_a_repeated_parameter_of_a_client() -> Result<()> {
    let served = Served::start("q_h7_client", "", "{}").await?;
    let mut client = served.client(interface_version::V5_0).await?;
    let mut texts = TlvBuf::new();
    texts.push(Tag::MESSAGE_PAYLOAD, b"first").push(Tag::MESSAGE_PAYLOAD, b"second");
    let sm = Sm { tlvs: texts.as_tlvs(), ..message("447700900123", b"") };
    assert_eq!(status(&client.ask(&Pdu::SubmitSm(sm)).await?), 0xC1);
    let mut ports = TlvBuf::new();
    ports.push_u16(Tag::SOURCE_PORT, 1).push_u16(Tag::SOURCE_PORT, 2);
    let sm = Sm { tlvs: ports.as_tlvs(), ..message("447700900123", b"first") };
    assert_eq!(status(&client.ask(&Pdu::SubmitSm(sm)).await?), 0);
    assert_eq!(served.operator.until_submits(1).await?.texts(), ["first"]);
    served.world.passed();
    Ok(())
}
