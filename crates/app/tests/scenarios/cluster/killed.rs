//! Nodes that die at named points on the way of a message between them: nothing is lost, and what was sent twice says so.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::rabbit::Rabbit;

use super::carried::Carried;
use super::standby::{FIRST, OPERATOR, WINDOW};

const LIMIT: Duration = Duration::from_secs(30);
const TRIES_MAX: u64 = 5_000;
/// How long an end may take beside an operator that does not answer.
const DEAD_PEER: Duration = Duration::from_secs(25);

/// One has been handed segments and sends none of them, another has told that its are answered and has acknowledged none: the third goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_with_binds_may_die_between_the_broker_and_the_operator() -> Result<()> {
    let carried = Carried::start("killed_binds", OPERATOR, vec![Rabbit::start().await?]).await?;
    let messages = carried.send("transactional").await?;
    for (node, point) in [("2", "handed_out:2"), ("3", "report_confirmed:3")] {
        let ended = carried.mortal_node(node, point).await?.ended(LIMIT).await?;
        ensure!(!ended.success(), "{point} was not reached: {ended}");
    }
    let last = carried.connector_node("4").await?;
    let twice = carried.finish(&messages).await?;
    ensure!(twice <= 4 * WINDOW, "{twice} were sent twice");
    drop(last);
    Ok(())
}

/// One has stored that it is about to publish, another has published: whoever has the ledger next goes on, and as those with binds live, nothing is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_with_the_ledger_may_die_before_and_after_they_publish() -> Result<()> {
    let mut carried = Carried::start("killed_ledger", OPERATOR, vec![Rabbit::start().await?]).await?;
    let nodes = carried.two().await?;
    let (mut messages, mut number) = (HashMap::new(), FIRST);
    for (node, point) in [("4", "before_publish:20"), ("5", "after_publish:20")] {
        let waits = carried.mortal_standby(node, point).await?;
        if let Some(works) = carried.works.take() {
            works.kill_9().await?;
        }
        let mut works = waits.until_it_works().await?;
        let rest = works.rest(&carried.secrets)?;
        let before = messages.len();
        while works.is_running()? {
            // What it does not answer it need not have taken.
            if let Ok(id) = rest.send_text(&format!("+{number}"), "hello").await {
                messages.insert(number, id);
            }
            number += 1;
            ensure!(number < FIRST + TRIES_MAX, "{point} was not reached");
        }
        ensure!(messages.len() > before, "{point}: nothing was taken");
    }
    let waits = carried.standby("6").await?;
    carried.works = Some(waits.until_it_works().await.context("the last one")?);
    ensure!(carried.finish(&messages).await? == 0);
    drop(nodes);
    Ok(())
}

/// Its operator has just stopped to answer: a node with binds that is to end does so in its time all the same, and what that operator may have had goes by the next
/// one, marked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_binds_ends_in_time_beside_a_dead_operator() -> Result<()> {
    let carried = Carried::routed("killed_operator", OPERATOR, vec![Rabbit::start().await?], &["alpha"]).await?;
    let [one, other] = carried.two().await?;
    let messages = carried.send("transactional").await?;
    carried.operators[0].until_submits(20).await?;
    let has_alpha = one.bound().await?.iter().any(|name| name == "alpha");
    let (ends, goes_on) = if has_alpha { (one, other) } else { (other, one) };
    carried.operators[0].signal("STOP").await?;
    ensure!(ends.terminate(DEAD_PEER).await?.success());
    carried.operators[0].signal("CONT").await?;
    let twice = carried.finish(&messages).await?;
    ensure!(twice <= 2 * WINDOW, "{twice} were sent twice");
    drop(goes_on);
    Ok(())
}
