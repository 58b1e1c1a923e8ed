//! An operator that does everything wrong at times, under load: what it should, every message still does.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use sambac_testkit::scenario::Site;
use sambac_testkit::scenario::wait::PATIENCE;

use crate::load::{Load, all_delivered, arrivals, stored};
use crate::world;

const COUNT: usize = 3_000;
const WINDOW: usize = 20;

/// Links that are closed, answers that never come, throttling, temporary errors, receipts that come twice, in any order,
/// and before their answer.
const OPERATOR: &str = "seed = 7\nmagic = false\n[answer]\ndelay_ms = [0, 5]\nclose_every = 500\ndrop_answer = 0.005\n\
    throttle = 0.01\ntemporary = 0.005\n[receipt]\ndelay_ms = [0, 200]\nbefore_answer = 0.05\nduplicate = 0.05";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_are_delivered_and_paid_once() -> Result<()> {
    let world = world("unreliable_operator")?;
    let mut operator = world.simulator("alpha", OPERATOR).await?;
    let settings = "settings = { session = { response_timeout_ms = 1000 }, bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 }, \
        flow = { throttle_pause_min_ms = 20 } }";
    let connector = format!("window_max = {WINDOW}\n{settings}");
    let site = Site::with_one_account("10000").connector("alpha", &operator, &connector);
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let platform = world.platform(&[]).await?;
    let esme = platform.esme(&secrets).await?;
    let sent = Load::default().send(&esme, COUNT).await?;
    assert_eq!(sent.len(), COUNT);
    let mut database = world.database().await?;
    all_delivered(&mut database, COUNT, Duration::from_secs(90)).await?;
    esme.receipts(COUNT).await?;

    let journal = operator.finish().await?;
    let (stored, arrivals) = (stored(&mut database).await?, arrivals(&journal));
    // A message arrives as often as it was sent; only those that were neither refused nor sent once must be marked.
    let refused = journal.of("answer").filter(|line| line.status != 0).count();
    let again: usize = arrivals.values().map(|times| times - 1).sum();
    ensure!(refused > 20 && again > refused, "too little went wrong: {refused} refused, {again} sent again");
    for (kind, at_least) in [("submit_unknown", 10), ("receipt_repeated", 10), ("retry", 1)] {
        let seen = database.number(&format!("SELECT COUNT(*) FROM message_events WHERE kind = '{kind}'")).await?;
        ensure!(seen >= at_least, "{kind}: only {seen}");
    }
    let taken = taken_twice(&journal);
    let unmarked: Vec<_> = taken.iter().filter(|number| !stored[*number].2).collect();
    ensure!(
        !taken.is_empty() && unmarked.is_empty(),
        "{} of {} duplicates are not marked",
        unmarked.len(),
        taken.len()
    );
    assert_eq!(esme.look(|heard| heard.receipts.len()), COUNT, "one receipt for each message");
    world.passed();
    Ok(())
}

/// The numbers whose message the operator took more than once, answered or not: all arrivals that were not refused.
fn taken_twice(journal: &sambac_testkit::scenario::Journal) -> Vec<u64> {
    let answers = journal.of("answer").map(|line| ((line.session, line.sequence), line.status));
    let statuses: std::collections::HashMap<_, _> = answers.collect();
    let mut times = std::collections::HashMap::<u64, usize>::new();
    for line in journal.submits() {
        if statuses.get(&(line.session, line.sequence)).is_none_or(|status| *status == 0) {
            *times.entry(line.destination.parse().unwrap_or_default()).or_default() += 1;
        }
    }
    times.into_iter().filter(|(_, times)| *times > 1).map(|(number, _)| number).collect()
}

/// An answer that comes after a reconnect must not be taken for another message's: no number is used twice by one bind.
#[tokio::test]
async fn a_bind_that_comes_again_goes_on_with_its_sequence_numbers() -> Result<()> {
    const COUNT: usize = 20;
    let world = world("sequence_numbers")?;
    let wrong = "magic = false\n[answer]\nclose_every = 6\n[receipt]\nresend_max = 1000\n[wire]\nlate_every = 5";
    let mut operator = world.simulator("alpha", wrong).await?;
    let settings = "window_max = 2\nsettings = { session = { response_timeout_ms = 1000 }, \
        bind = { reconnect_min_ms = 20, reconnect_max_ms = 50 } }";
    let site = Site::with_one_account("10000").connector("alpha", &operator, settings);
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let platform = world.platform(&[]).await?;
    let esme = platform.esme(&secrets).await?;
    assert_eq!(Load::default().send(&esme, COUNT).await?.len(), COUNT);
    all_delivered(&mut world.database().await?, COUNT, PATIENCE).await?;
    let journal = operator.finish().await?;
    let sessions: HashSet<_> = journal.submits().map(|line| line.session).collect();
    let numbers: HashSet<_> = journal.submits().map(|line| line.sequence).collect();
    ensure!(sessions.len() > 2 && journal.of("answer_late").count() > 0, "too little went wrong");
    assert_eq!(numbers.len(), journal.submits().count(), "each number once");
    world.passed();
    Ok(())
}
