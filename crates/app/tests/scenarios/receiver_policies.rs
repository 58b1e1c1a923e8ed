//! By which of its binds a client gets its receipts: the one that submitted, or one after the other, as its profile says.

use anyhow::Result;
use sambac_testkit::scenario::smpp::{CommandId, Pdu, interface_version};
use sambac_testkit::scenario::{Site, Wire, message};

use crate::world;

#[tokio::test]
async fn a_receipt_goes_where_its_message_came_from() -> Result<()> {
    let world = world("receiver_policies")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10")
        .smpp_account("bank", "same", "settings = { session = { receiver = \"same_session\" } }")
        .smpp_account("bank", "turns", "settings = { session = { receiver = \"round_robin\" } }")
        .connector("alpha", &operator, "")
        .route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let bind = async |system_id| Wire::bound(platform.smpp(), &secrets, system_id, interface_version::V3_4).await;
    let (mut first, mut second) = (bind("same").await?.0, bind("same").await?.0);
    for wire in [&mut first, &mut second] {
        let answer = wire.ask(&Pdu::SubmitSm(message("447700900123", b"x"))).await?;
        assert!(answer.header().command_status.is_ok());
        // Its own bind brings it; the other one is not even looked at.
        wire.take_request(CommandId::DELIVER_SM).await?;
    }
    let (mut first, mut second) = (bind("turns").await?.0, bind("turns").await?.0);
    for _ in 0..4 {
        let octets = first.encoded(&Pdu::SubmitSm(message("447700900123", b"x")))?;
        first.send(&octets).await?;
    }
    for _ in 0..2 {
        first.take_request(CommandId::DELIVER_SM).await?;
        second.take_request(CommandId::DELIVER_SM).await?;
    }
    world.passed();
    Ok(())
}
