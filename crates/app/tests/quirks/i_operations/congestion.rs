//! What a client of SMPP 5.0 is told of how busy we are.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use anyhow::Result;
use sambac_testkit::scenario::Wire;
use sambac_testkit::scenario::smpp::{Frame, Pdu, Tag, interface_version};

use crate::served::{CLIENT, Served, message};

fn congestion(answer: &Frame) -> Option<u8> {
    match answer.pdu() {
        Ok(Pdu::SubmitSmResp(resp)) => resp.tlvs.u8(Tag::CONGESTION_STATE),
        other => panic!("no answer to a submit: {other:?}"),
    }
}

/// Each client is answered with its own version, and congestion_state goes to those of SMPP 5.0 only.
#[tokio::test]
async fn q_i1_clients_of_5_0_are_told_how_busy_we_are() -> Result<()> {
    let served = Served::start("q_i1_client", "", "{ limits = { window_in_max = 4 } }").await?;
    for (version, answered) in [
        (interface_version::V3_3, None),
        (interface_version::V3_4, Some(interface_version::V3_4)),
        (interface_version::V5_0, Some(interface_version::V5_0)),
    ] {
        let (mut client, bound) = Wire::bound(served.platform.smpp(), &served.secrets, CLIENT, version).await?;
        let Ok(Pdu::BindTransceiverResp(resp)) = bound.pdu() else { panic!("no answer to a bind") };
        assert_eq!(resp.tlvs.u8(Tag::SC_INTERFACE_VERSION), answered, "0x{version:x}");
        let answer = client.ask(&Pdu::SubmitSm(message("447700900123", b"x"))).await?;
        // One of a window of four is open while it is answered: a quarter, as it was measured.
        let expected = (version == interface_version::V5_0).then_some(25);
        assert_eq!(congestion(&answer), expected, "0x{version:x}");
    }
    served.world.passed();
    Ok(())
}
