//! SIGTERM under load: out within ten seconds, with nothing lost, doubled or left in doubt.

use std::time::Duration;

use anyhow::{Result, ensure};
use sambac_testkit::scenario::wait::{until, until_true};
use sambac_testkit::scenario::{Rest, Site};
use serde_json::json;

use crate::load::{Load, arrivals, stored};
use crate::world;

const LIMIT: Duration = Duration::from_secs(10);
const OPERATOR: &str = "magic = false\n[answer]\ndelay_ms = [5, 20]\n[receipt]\ndelay_ms = [0, 300]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_or_in_doubt() -> Result<()> {
    let world = world("sigterm_drain")?;
    let mut operator = world.simulator("alpha", OPERATOR).await?;
    let site = Site::with_one_account("10000").connector("alpha", &operator, "window_max = 50");
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let (esme, rest, load) = (platform.esme(&secrets).await?, platform.rest(&secrets)?, Load::default());

    let stopped = async {
        until_true("load", async || Ok(esme.look(|heard| heard.answers.len() >= 4_000))).await?;
        platform.terminate(LIMIT).await
    };
    let (by_smpp, by_rest, stopped) = tokio::join!(load.send(&esme, usize::MAX), send_by_rest(&rest), stopped);
    ensure!(stopped?.success(), "it ended badly");
    let by_smpp = by_smpp?;

    let mut database = world.database().await?;
    database.audit().await?;
    assert_eq!(database.number("SELECT COUNT(*) FROM submit_intents").await?, 0, "an intent was left in doubt");
    assert_eq!(database.number("SELECT COUNT(*) FROM segments WHERE possible_duplicate").await?, 0);
    let platform = world.platform(&[]).await?;
    until("every message ends", Duration::from_secs(60), async || {
        Ok((database.open_messages().await? == 0).then_some(()))
    })
    .await?;
    ensure!(platform.terminate(LIMIT).await?.success());

    let journal = operator.finish().await?;
    assert_eq!(journal.of("bind").count(), journal.of("unbind").count(), "every bind was ended by unbind");
    let (stored, arrivals) = (stored(&mut database).await?, arrivals(&journal));
    database.audit().await?;
    for message in &by_smpp {
        let id = stored.get(&message.destination).map(|(id, ..)| id.to_string());
        ensure!(id.as_ref() == Some(&message.message_id), "{message:?} is lost");
    }
    for (number, id) in &by_rest {
        ensure!(stored.get(number).is_some_and(|row| row.0 == *id), "{number} is lost");
    }
    assert_eq!(arrivals.values().filter(|times| **times != 1).count(), 0, "something was sent twice");
    assert_eq!(arrivals.len(), stored.len());
    assert_eq!(by_smpp.len() + by_rest.len(), stored.len(), "clients were told of all that was taken");
    assert_eq!(database.charges().await?.captured, i64::try_from(stored.len())?);
    ensure!(by_smpp.len() >= 4_000 && by_rest.len() > 10, "too little load: {} and {}", by_smpp.len(), by_rest.len());
    world.passed();
    Ok(())
}

/// One message after the other, until the platform takes no more; those with a 202 are returned.
async fn send_by_rest(rest: &Rest) -> Vec<(u64, i64)> {
    let mut accepted = Vec::new();
    for number in 999_200_000_000_u64.. {
        let body = json!({ "to": format!("+{number}"), "from": "Bank", "text": "hello" });
        match rest.accepted(&body).await {
            Ok(id) => accepted.extend(sambac_testkit::scenario::raw_id(&id).map(|id| (number, id))),
            Err(_) => break,
        }
    }
    accepted
}
