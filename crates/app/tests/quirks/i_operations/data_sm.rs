//! Messages of clients by `data_sm`.

use anyhow::Result;
use sambac_testkit::scenario::smpp::{Address, DataSm, Pdu, Tag, TlvBuf, interface_version};

use crate::served::{Served, message_id, status};

/// The text is in the payload only; it arrives at the operator, and one without text is refused.
#[tokio::test]
async fn q_i8_a_message_by_data_sm() -> Result<()> {
    let served = Served::start("q_i8_client", "", "{}").await?;
    let mut client = served.client(interface_version::V3_4).await?;
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, b"by data_sm");
    let data = DataSm {
        source: Address::new(5, 0, b"Bank"),
        destination: Address::new(1, 1, b"447700900123"),
        tlvs: tlvs.as_tlvs(),
        ..DataSm::default()
    };
    let answer = client.ask(&Pdu::DataSm(data)).await?;
    assert!(matches!(answer.pdu(), Ok(Pdu::DataSmResp(_))), "{answer:?}");
    assert!(!message_id(&answer)?.is_empty());
    assert_eq!(served.operator.until_submits(1).await?.texts(), ["by data_sm"]);
    let empty = DataSm { tlvs: Default::default(), ..data };
    assert_eq!(status(&client.ask(&Pdu::DataSm(empty)).await?), 0x01, "no text");
    served.world.passed();
    Ok(())
}
