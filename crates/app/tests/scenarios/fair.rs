//! Fair shares: a flood of one account does not hold up the others, not even when it is on disk, and OTPs go first.

use anyhow::Result;
use sambac_testkit::scenario::smpp::BindKind;
use sambac_testkit::scenario::{Site, message};
use serde_json::json;

use crate::load::Load;
use crate::world;

const FLOOD: usize = 1_500;
const OTHERS: usize = 20;

/// The operator is away while more than a thousand messages of one account come in, most of them onto disk, and then a few of
/// another and a code: these leave with the first turns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_one_account_does_not_hold_up_another() -> Result<()> {
    let world = world("fair")?;
    let mut operator = world.simulator("alpha", "magic = false").await?;
    operator.stop().await?;
    let soon = "window_max = 50\nsettings = { bind = { reconnect_min_ms = 50, reconnect_max_ms = 100 } }";
    let site = Site::with_one_account("1000")
        .account("shop", "1000")
        .smpp_account("shop", "shop", "")
        .connector("alpha", &operator, soon)
        .route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[("SAMBAC_LIMITS_LANE_CAPACITY", "320")]).await?;
    let flood = platform.esme(&secrets).await?;
    Load::default().send(&flood, FLOOD).await?;
    let shop = platform.esme_as(&secrets, "shop", BindKind::Transceiver).await?;
    for no in 0..OTHERS {
        shop.accepted(message(&format!("4477009001{no:02}"), b"shop")).await?;
    }
    let rest = platform.rest(&secrets)?;
    let otp = json!({ "to": "+447700900999", "from": "Bank", "text": "code", "class": "otp" });
    rest.accepted(&otp).await?;
    operator.start_again(&world, "magic = false").await?;
    flood.receipts(FLOOD).await?;
    let journal = operator.finish().await?;
    let order: Vec<_> = journal.submits().map(|line| line.destination.as_str()).collect();
    assert_eq!(order.len(), FLOOD + OTHERS + 1, "each once");
    let place = |number: &str| order.iter().position(|to| *to == number).unwrap_or(usize::MAX);
    let last = (0..OTHERS).map(|no| place(&format!("4477009001{no:02}"))).max().unwrap_or_default();
    assert!(last < 4 * OTHERS, "the other account waited for the flood: {last}");
    assert!(place("447700900999") < 10, "the code waited: {}", place("447700900999"));
    let numbers: Vec<u64> = order.iter().filter_map(|to| to.parse().ok()).filter(|no| *no > 999_000_000_000).collect();
    assert!(numbers.is_sorted(), "each account keeps its own order");
    world.database().await?.audit().await?;
    world.passed();
    Ok(())
}
