//! Receipts that a client has lost are told again: of the range that is asked for, and of nobody else.

use anyhow::Result;
use sambac_engine::clock::Clock;
use sambac_testkit::scenario::message;
use sambac_testkit::scenario::smpp::{BindKind, Sm};
use sambac_testkit::scenario::wait::until_true;
use serde_json::json;

use super::Operated;
use crate::admin_shell::REFUSED;

/// A moment of this machine's clock, which is the platform's.
fn now() -> String {
    Clock::system().now().rfc3339()
}

#[tokio::test]
async fn a_client_that_binds_again_gets_the_receipts_of_the_range_and_only_its_own() -> Result<()> {
    // Of three receipts the second is told again; neither a neighbour of the same account nor another account is told anything.
    let operated = Operated::start("replay", "", |site| {
        site.smpp_account("bank", "second", "").account("shop", "10").smpp_account("shop", "shop", "")
    })
    .await?;
    let shell = &operated.shell;
    let bind =
        async |system_id: &str| operated.platform.esme_as(&operated.secrets, system_id, BindKind::Transceiver).await;
    let (esme, second, shop) = (bind("esme").await?, bind("second").await?, bind("shop").await?);
    let first = esme.accepted(message("447700900123", b"first")).await?;
    esme.receipts(1).await?;
    let from = now();
    let wanted = esme.accepted(message("447700900123", b"wanted")).await?;
    esme.accepted(Sm { registered_delivery: 0, ..message("447700900123", b"unasked") }).await?;
    second.accepted(message("447700900124", b"a neighbour's")).await?;
    shop.accepted(message("447700900125", b"another account's")).await?;
    esme.receipts(2).await?;
    second.receipts(1).await?;
    shop.receipts(1).await?;
    let mut database = operated.world.database().await?;
    until_true("all ended", async || Ok(database.open_messages().await? == 0)).await?;
    let until = now();
    let last = esme.accepted(message("447700900123", b"last")).await?;
    assert_eq!(
        esme.receipts(3).await?.iter().map(|one| one.id.clone()).collect::<Vec<_>>(),
        [first, wanted.clone(), last]
    );
    esme.unbind().await;

    let replay = ["smpp-account", "replay-receipts", "esme", "--from", &from, "--until", &until];
    assert_eq!(shell.ask(&replay).await?, json!({ "replayed": 1 }));
    let esme = bind("esme").await?;
    let told = esme.receipts(1).await?;
    assert_eq!((told[0].id.as_str(), told[0].stat.as_str()), (wanted.as_str(), "DELIVRD"));
    // While it is bound it is told at once; whatever else had been told would have come before this one.
    assert_eq!(shell.ask(&replay).await?, json!({ "replayed": 1 }));
    esme.receipts(2).await?;
    let sentinel = esme.accepted(message("447700900123", b"sentinel")).await?;
    let heard: Vec<_> = esme.receipts(3).await?.into_iter().map(|one| one.id).collect();
    assert_eq!(heard, [wanted.clone(), wanted, sentinel]);
    assert_eq!((second.heard().receipts.len(), shop.heard().receipts.len()), (1, 1), "nobody else is told");

    let backwards = ["smpp-account", "replay-receipts", "esme", "--from", &until, "--until", &from];
    shell.refused(&backwards, REFUSED, "invalid_request").await?;
    shell
        .refused(&["smpp-account", "replay-receipts", "esme", "--from", "yesterday"], REFUSED, "invalid_request")
        .await?;
    shell.refused(&["smpp-account", "replay-receipts", "none", "--from", &from], REFUSED, "not_found").await?;
    operated.passed().await
}
