//! What our own side answers: to operators when it cannot take a receipt, to clients by their profile.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use anyhow::Result;
use sambac_testkit::scenario::smpp::{Address, DataSm, Pdu, QuerySm, Sm, interface_version};
use sambac_testkit::scenario::{Site, World};

use crate::served::{Served, message, status};

/// A client that was built for Jasmin is refused as Jasmin refuses, another one by the catalogue.
#[tokio::test]
async fn q_d11_each_client_is_refused_in_its_own_words() -> Result<()> {
    let expensive = "[receipt]\ngiven = 0.0";
    for (settings, expected) in [
        (r#"{ preset = "jasmin" }"#, [0x0B, 0x0A, 0x08, 0x08, 0x08]),
        (r#"{ errors = { statuses = { insufficient_funds = 0x401 } } }"#, [0x0B, 0x0A, 0x01, 0x0C, 0x401]),
    ] {
        let served = Served::start("q_d11", expensive, settings).await?;
        let mut client = served.client(interface_version::V3_4).await?;
        let mut answers = Vec::new();
        let wrong_sender = Pdu::SubmitSm(Sm { source: Address::new(5, 0, b"@@"), ..message("447700900123", b"x") });
        let too_long = [b'x'; 160];
        for pdu in [Pdu::SubmitSm(message("12", b"x")), wrong_sender] {
            answers.push(status(&client.ask(&pdu).await?));
        }
        let empty = DataSm {
            source: Address::new(5, 0, b"Bank"),
            destination: Address::new(1, 1, b"447700900123"),
            ..DataSm::default()
        };
        answers.push(status(&client.ask(&Pdu::DataSm(empty)).await?));
        answers.push(status(&client.ask(&Pdu::QuerySm(QuerySm { message_id: b"1", ..QuerySm::default() })).await?));
        // 200 segments are paid for, no more.
        for _ in 0..200 {
            assert_eq!(status(&client.ask(&Pdu::SubmitSm(message("447700900123", &too_long))).await?), 0);
        }
        answers.push(status(&client.ask(&Pdu::SubmitSm(message("447700900123", b"x"))).await?));
        assert_eq!(answers, expected, "{settings}");
        served.world.passed();
    }
    Ok(())
}

/// More than the client's window is throttled at once; what it may leave open is taken.
#[tokio::test]
async fn q_d11_beyond_its_window_a_client_is_throttled() -> Result<()> {
    let served = Served::start("q_d11_window", "", "{ limits = { window_in_max = 1 } }").await?;
    let mut client = served.client(interface_version::V3_4).await?;
    let mut burst = Vec::new();
    for _ in 0..50 {
        burst.extend(client.encoded(&Pdu::SubmitSm(message("447700900123", b"x")))?);
    }
    client.send(&burst).await?;
    let mut answers = Vec::new();
    while answers.len() < 50 {
        let answer = client.next().await?.expect("an answer to each");
        answers.push(status(&answer));
    }
    assert!(answers.contains(&0) && answers.contains(&0x58), "{answers:x?}");
    assert!(answers.iter().all(|status| [0, 0x58].contains(status)), "{answers:x?}");
    served.world.passed();
    Ok(())
}

/// While our database is away, an operator's receipt is refused as temporary and never acknowledged; it comes again, and
/// counts, when the database is back.
#[tokio::test]
async fn q_d10_a_receipt_that_cannot_be_stored() -> Result<()> {
    let database = sambac_testkit::postgres::database(migrate).await?;
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "q_d10")?.on(database.url());
    let operator = world.simulator("alpha", "[receipt]\ndelay_ms = 1000\nresend_max = 1000").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let esme = platform.esme(&secrets).await?;
    esme.accepted(sambac_testkit::scenario::message("447700900123", b"x")).await?;
    operator.until("answer", 1).await?;
    database.shut().await?;
    let refused = operator.until("receipt_ack", 1).await?;
    let statuses: Vec<_> = refused.of("receipt_ack").map(|line| line.status).collect();
    assert!(statuses.iter().all(|status| *status == 0x64), "{statuses:x?}");
    database.open().await?;
    assert_eq!(esme.receipts(1).await?[0].stat, "DELIVRD");
    let journal = operator.until("receipt_ack", statuses.len() + 1).await?;
    assert_eq!(journal.of("receipt_ack").filter(|line| line.status == 0).count(), 1, "once it is stored");
    world.passed();
    Ok(())
}

/// The schema, made by the program itself.
async fn migrate(url: String) {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "q_d10_schema").expect("a folder").on(&url);
    let output = world.run(&["migrate"], &[]).await.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    world.passed();
}
