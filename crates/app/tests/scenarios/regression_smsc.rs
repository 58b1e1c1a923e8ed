//! What broke in other gateways between them and their clients, each as a test that carries its number in the list.

use std::collections::HashMap;

use anyhow::Result;
use sambac_testkit::scenario::smpp::{CommandId, Pdu, interface_version};
use sambac_testkit::scenario::{Site, Wire, message};

use crate::world;

/// A.2 #2: a chain of two of our nodes and a slow operator. Each message arrives there once, and each receipt comes back.
#[tokio::test]
async fn regression_a2_02_a_chain_multiplies_nothing() -> Result<()> {
    let (near, far) = (world("a2_02_near")?, world("a2_02_far")?);
    let slow = "[answer]\ndelay_ms = [500, 1500]\nthrottle = 0.2\n[receipt]\ndelay_ms = 100";
    let operator = far.simulator("alpha", slow).await?;
    let one_bind = "window_max = 5";
    let site = Site::with_one_account("10").connector("alpha", &operator, one_bind).route("all", &["alpha"], "");
    let far_secrets = far.apply(&site).await?;
    let far_node = far.platform(&[]).await?;

    let (host, port, password) = (far_node.smpp().ip(), far_node.smpp().port(), far_secrets.smpp_password("esme")?);
    // An operator that is one of us, asked for its answers sooner than its own operator gives them.
    let link = format!(
        "name = \"next\"\noperator = \"next\"\nhost = \"{host}\"\nport = {port}\nsystem_id = \"esme\"\n\
         password = \"{password}\"\nsettings = {{ session = {{ response_timeout_ms = 1000 }} }}"
    );
    let site = Site::with_one_account("10").table("operator", "name = \"next\"").table("connector", &link).route(
        "all",
        &["next"],
        "",
    );
    let secrets = near.apply(&site).await?;
    let node = near.platform(&[]).await?;
    let esme = node.esme(&secrets).await?;
    let numbers: Vec<_> = (0..30).map(|n| format!("4477009001{n:02}")).collect();
    for number in &numbers {
        esme.accepted(message(number, b"once")).await?;
    }
    let receipts = esme.receipts(numbers.len()).await?;
    assert!(receipts.iter().all(|receipt| receipt.stat == "DELIVRD"), "{receipts:?}");
    let mut taken = HashMap::new();
    let journal = operator.until("receipt_ack", numbers.len()).await?;
    let accepted = journal.of("answer").filter(|line| line.status == 0).map(|line| (line.session, line.sequence));
    let accepted: std::collections::HashSet<_> = accepted.collect();
    for line in journal.submits().filter(|line| accepted.contains(&(line.session, line.sequence))) {
        *taken.entry(line.destination.clone()).or_insert(0) += 1;
    }
    assert_eq!(taken, numbers.into_iter().map(|number| (number, 1)).collect());
    assert_eq!(esme.heard().receipts.len(), 30);
    near.database().await?.audit().await?;
    far.database().await?.audit().await?;
    near.passed();
    far.passed();
    Ok(())
}

/// A.2 #9: a client goes while its receipts are on their way to it. All of them come on its next bind.
#[tokio::test]
async fn regression_a2_09_receipts_in_flight_come_on_the_next_bind() -> Result<()> {
    let world = world("a2_09")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    let (mut gone, _) = Wire::bound(platform.smpp(), &secrets, "esme", interface_version::V3_4).await?;
    for n in 0..20 {
        let number = format!("4477009002{n:02}");
        let answer = gone.ask(&Pdu::SubmitSm(message(&number, b"x"))).await?;
        assert!(answer.header().command_status.is_ok());
    }
    // The first receipt is there, and not acknowledged: it goes with its client.
    loop {
        let frame = gone.next().await?.expect("a receipt");
        if frame.header().command_id == CommandId::DELIVER_SM {
            break;
        }
    }
    drop(gone);
    let esme = platform.esme(&secrets).await?;
    let receipts = esme.receipts(20).await?;
    let numbers: std::collections::HashSet<_> = receipts.iter().map(|receipt| receipt.source.clone()).collect();
    assert_eq!(numbers.len(), 20, "{receipts:?}");
    world.passed();
    Ok(())
}
