//! What broke in other gateways (regression list A.2): each row a test.

use std::time::Duration;

use anyhow::Result;
use sambac_testkit::scenario::Site;

use crate::load::{Load, all_delivered, arrivals};
use crate::world;

/// One answer in a hundred never comes: no message is lost silently, none is charged twice, and each that was sent again is
/// marked as a possible duplicate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn regression_a2_01_a_swallowed_answer_loses_nothing_and_charges_once() -> Result<()> {
    const COUNT: usize = 1_000;
    let world = world("regression_a2_01")?;
    let scenario = "seed = 11\nmagic = false\n[answer]\ndrop_answer = 0.01";
    let mut operator = world.simulator("alpha", scenario).await?;
    let connector = "window_max = 50\nsettings = { session = { response_timeout_ms = 1000 } }";
    let site = Site::with_one_account("1000").connector("alpha", &operator, connector);
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let platform = world.platform(&[]).await?;
    let esme = platform.esme(&secrets).await?;
    let sent = Load::default().send(&esme, COUNT).await?;
    assert_eq!(sent.len(), COUNT);
    let mut database = world.database().await?;
    all_delivered(&mut database, COUNT, Duration::from_secs(60)).await?;
    let charged = database.number("SELECT COUNT(DISTINCT id) FROM charges").await?;
    let doubted = database.number("SELECT COUNT(*) FROM segments WHERE possible_duplicate").await?;
    let journal = operator.finish().await?;
    let arrivals = arrivals(&journal);
    let again = arrivals.values().filter(|times| **times > 1).count();
    assert_eq!((usize::try_from(charged)?, arrivals.len()), (COUNT, COUNT), "all arrived, and each has one charge");
    let unanswered = journal.submits().count() - journal.of("answer").count();
    assert!(unanswered >= 3, "too few answers were swallowed: {unanswered}");
    assert!(usize::try_from(doubted)? >= again, "{again} arrived more than once, {doubted} are marked");
    world.passed();
    Ok(())
}
