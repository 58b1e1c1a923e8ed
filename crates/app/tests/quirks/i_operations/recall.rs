//! A client's `cancel_sm` for what is with the operator already.

use anyhow::Result;
use sambac_testkit::scenario::smpp::{Address, CancelSm, CommandId, Pdu, Sm, interface_version};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Charges, Wire};

use crate::served::{Served, message, message_id, status};

const NUMBER: &str = "447700900123";
const OFFERED: &str = "settings = { submit = { cancel = true }, session = { response_timeout_ms = 500 } }";

/// A message that is with the operator, and the client that has submitted it.
async fn submitted(name: &str, operator: &str, connector: &str, text: &[u8]) -> Result<(Served, Wire, String)> {
    let operator = format!("[receipt]\ndelay_ms = 60000\n{operator}");
    let served = Served::with(name, &operator, "{}", connector).await?;
    let mut client = served.client(interface_version::V3_4).await?;
    let sm = Sm { registered_delivery: 1, ..message(NUMBER, text) };
    let id = message_id(&client.ask(&Pdu::SubmitSm(sm)).await?)?;
    let mut database = served.world.database().await?;
    let open = "SELECT COUNT(*) FROM segments WHERE state <> 4";
    until_true("it is with the operator", async || Ok(database.number(open).await? == 0)).await?;
    Ok((served, client, id))
}

async fn cancel(client: &mut Wire, id: &str) -> Result<u32> {
    let source = Address::new(5, 0, b"Bank");
    let sm = CancelSm { message_id: id.as_bytes(), source, ..CancelSm::default() };
    Ok(status(&client.ask(&Pdu::CancelSm(sm)).await?))
}

/// The operator takes every segment back, by its own ids: the message ends, its charge is given back, the client is told.
#[tokio::test]
async fn q_i5_what_is_with_the_operator_is_taken_back() -> Result<()> {
    let (served, mut client, id) = submitted("q_i5_recall", "[manage]\ncancel = true", OFFERED, &[b'x'; 200]).await?;
    assert_eq!(cancel(&mut client, &id).await?, 0);
    let receipt = client.take_request(CommandId::DELIVER_SM).await?;
    let Pdu::DeliverSm(sm) = receipt.pdu()? else { anyhow::bail!("no receipt") };
    assert!(String::from_utf8_lossy(sm.message()).contains("stat:DELETED"));
    let journal = served.operator.until("cancel", 2).await?;
    let ids = |event: &str| journal.of(event).map(|line| line.message_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids("cancel"), ids("answer"));
    assert!(journal.of("cancel").all(|line| (&*line.source, &*line.destination) == ("Bank", NUMBER)));
    let mut database = served.world.database().await?;
    assert_eq!(database.messages().await?, [("canceled", 1)].into());
    assert_eq!(database.charges().await?, Charges { voided: 2, ..Charges::default() });
    database.audit().await?;
    served.world.passed();
    Ok(())
}

/// It stays where it is when the operator does not take it back, says nothing, or is not to be asked.
#[tokio::test]
async fn q_i5_what_the_operator_keeps_stays_there() -> Result<()> {
    for (name, operator, connector, asked) in [
        ("q_i5_refused", "[manage]\ncancel_status = 0x11", OFFERED, 1),
        ("q_i5_silent", "[manage]\ncancel = true\ncancel_silent = true", OFFERED, 1),
        ("q_i5_not_offered", "[manage]\ncancel = true", "", 0),
    ] {
        let (served, mut client, id) = submitted(name, operator, connector, b"stays").await?;
        assert_eq!(cancel(&mut client, &id).await?, 0x11, "{name}");
        assert_eq!(served.operator.until("cancel", asked).await?.of("cancel").count(), asked, "{name}");
        let mut database = served.world.database().await?;
        assert_eq!(database.open_messages().await?, 1, "{name}");
        assert_eq!(database.charges().await?, Charges { held: 1, ..Charges::default() }, "{name}");
        served.world.passed();
    }
    Ok(())
}
