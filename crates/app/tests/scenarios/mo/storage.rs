//! Nothing is acknowledged that is not stored, and what is stored outlives the process.

use anyhow::Result;
use sambac_testkit::scenario::Database;

use super::{Inbound, mo};

#[tokio::test]
async fn mo_kept_over_a_kill_9_until_the_client_takes_it() -> Result<()> {
    // Acknowledged, then killed before the client was there: it gets the message from the next process.
    let mut inbound = Inbound::start("mo_restart", &mo("text = \"hello\""), "", |site, _| {
        site.mo_route("bank", "all", "{ smpp = \"esme\" }", "")
    })
    .await?;
    assert_eq!(inbound.acknowledged(1).await?, [(1, 0)]);
    inbound.platform.kill_9().await?;
    inbound.platform = inbound.world.platform(&[]).await?;
    let esme = inbound.platform.esme(&inbound.secrets).await?;
    assert_eq!(esme.handsets(1).await?[0].octets, b"hello");
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_parts_survive_a_kill_9() -> Result<()> {
    // The first part came to one process, the second to the next.
    let text = "0123456789".repeat(20);
    let table = |order: u8| mo(&format!("text = \"{text}\"\norder = [{order}]"));
    let mut inbound = Inbound::to_webhook("mo_parts_restart", &table(2), "").await?;
    assert_eq!(inbound.acknowledged(1).await?, [(2, 0)]);
    inbound.platform.kill_9().await?;
    inbound.operator.start_again(&inbound.world, &table(1)).await?;
    inbound.platform = inbound.world.platform(&[]).await?;
    assert_eq!(inbound.texts(1).await?, [text]);
    inbound.world.passed();
    Ok(())
}

#[tokio::test]
async fn mo_that_cannot_be_stored_is_refused_and_taken_when_it_comes_again() -> Result<()> {
    // A database that refuses the row: the operator gets 0x64, keeps the message and brings it again.
    let inbound = Inbound::to_webhook("mo_store_down", &mo("text = \"hello\"\nafter_ms = 1500"), "").await?;
    let path = inbound.world.data_folder().join("sambac.db");
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON mo_messages BEGIN SELECT RAISE(ABORT, 'full'); END";
    Database::spoil(&path, refuse).await?;
    assert_eq!(inbound.acknowledged(1).await?[0], (1, 0x64));
    Database::spoil(&path, "DROP TRIGGER full").await?;
    assert_eq!(inbound.texts(1).await?, ["hello"]);
    let statuses: Vec<_> = inbound.acknowledged(2).await?.into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses.last(), Some(&0), "{statuses:?}");
    inbound.until_count("SELECT COUNT(*) FROM mo_messages", 1).await?;
    inbound.world.passed();
    Ok(())
}
