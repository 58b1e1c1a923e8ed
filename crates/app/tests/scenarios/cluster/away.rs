//! Connectors and operators that go while what is announced for them lies with the broker, or with the node that has the binds.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_domain::MessageState;
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::scenario::wait::{until, until_true};

use super::carried::Carried;
use super::standby::{OPERATOR, WINDOW};
use crate::admin_shell::Shell;

/// It always has some that it has not answered.
const SLOW: &str = "magic = false\n[answer]\ndelay_ms = [150, 300]";
/// Until an operator without a bind is away, and what waits for it has gone another way.
const AWAY: Duration = Duration::from_secs(60);

/// Nobody sends what is announced any more, and it is known what became of all of it: when the connector is enabled again everything goes, and nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connector_that_is_disabled_keeps_the_answers_to_what_it_has_announced() -> Result<()> {
    let carried = Carried::routed("away_disabled", OPERATOR, vec![Rabbit::start().await?], &["alpha"]).await?;
    let nodes = carried.two().await?;
    let shell = Shell::new(carried.works()?.http(), carried.secrets.admin_key("operations")?);
    let codes = carried.send("otp").await?;
    carried.operators[0].until_submits(20).await?;
    shell.ask(&["connector", "update", "alpha", "--set", "enabled=false"]).await?;
    carried.operators[0].until("unbind", 1).await?;
    let intents = "SELECT COUNT(*) FROM submit_intents";
    until_true("no announcement is open", async || Ok(carried.database.number(intents).await? == 0)).await?;
    let sent = carried.operators[0].journal()?.submits().count();
    ensure!(sent < codes.len() / 2, "some wait: {sent} were sent");
    shell.ask(&["connector", "update", "alpha", "--set", "enabled=true"]).await?;
    ensure!(carried.finish(&codes).await? == 0, "a code was sent twice");
    drop(nodes);
    Ok(())
}

/// Its links are lost, which is told; then the node that was told dies. The next one does not know, and is told again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_operator_left_unanswered_is_known_to_the_next_node_with_the_ledger() -> Result<()> {
    let mut carried = Carried::routed("away_told", SLOW, vec![Rabbit::start().await?], &["alpha"]).await?;
    let nodes = carried.two().await?;
    let waits = carried.standby("4").await?;
    let messages = carried.send("transactional").await?;
    carried.operators[0].until_submits(20).await?;
    carried.operators[0].stop().await?;
    let unknown = "SELECT COUNT(*) FROM message_events WHERE kind = 'submit_unknown'";
    until_true("some are in doubt", async || Ok(carried.database.number(unknown).await? > 0)).await?;
    carried.works.take().context("a node with the ledger")?.kill_9().await?;
    carried.works = Some(waits.until_it_works().await?);
    carried.operators[0].start_again(&carried.world, SLOW).await?;
    all_sent(&carried, &messages).await?;
    drop(nodes);
    carried.world.passed();
    Ok(())
}

/// What was announced for an operator that is away goes by the next connector of its route, wherever it lies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_announced_goes_another_way_when_its_operator_is_away() -> Result<()> {
    let mut carried = Carried::routed("away_over", OPERATOR, vec![Rabbit::start().await?], &["alpha", "beta"]).await?;
    let nodes = carried.two().await?;
    let messages = carried.send("transactional").await?;
    carried.operators[0].until_submits(20).await?;
    carried.operators[0].stop().await?;
    all_sent(&carried, &messages).await?;
    drop(nodes);
    carried.world.passed();
    Ok(())
}

/// Waits until an operator has answered each of them: a receipt of one that has gone since will not come. What was sent twice says so.
pub(super) async fn all_sent(carried: &Carried, messages: &HashMap<u64, String>) -> Result<()> {
    let waiting = format!(
        "SELECT COUNT(*) FROM segments WHERE state IN ({}, {})",
        MessageState::Routed.code(),
        MessageState::SubmitUnknown.code()
    );
    until("all are sent", AWAY, async || Ok((carried.database.number(&waiting).await? == 0).then_some(()))).await?;
    let arrived = async || {
        let all = carried.arrivals()?;
        Ok(messages.keys().all(|number| all.contains_key(number)))
    };
    until_true("each has arrived", arrived).await?;
    let (arrivals, rest) = (carried.arrivals()?, carried.works()?.rest(&carried.secrets)?);
    let mut twice = 0;
    for (number, id) in messages {
        match arrivals.get(number).copied().unwrap_or_default() {
            0 | 1 => {}
            times => {
                let sms = rest.sms(id).await?;
                ensure!(sms["segments"][0]["possible_duplicate"] == true, "{times} times: {sms}");
                twice += 1;
            }
        }
    }
    ensure!(twice <= 2 * WINDOW, "{twice} were sent twice");
    Ok(())
}
