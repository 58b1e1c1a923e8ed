//! kill -9 under load, ten times at random moments: what was acknowledged is not lost, and nothing is paid for twice.
//!
//! The moments come from a seed, `SAMBAC_TEST_SEED` or 1, which a failure names.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use sambac_testkit::scenario::wait::{until, until_true};
use sambac_testkit::scenario::{Journal, PRICE_MICROS, Secrets, Site, World};

use crate::load::{Acknowledged, Load, arrivals, stored};
use crate::world;

const KILLS: usize = 10;
/// Segments that the connector may have unanswered.
const WINDOW: usize = 50;
/// Receipts are still on their way when the platform dies.
const OPERATOR: &str = "magic = false\n[answer]\ndelay_ms = [0, 20]\n[receipt]\ndelay_ms = [0, 300]";
const DELIVERED: i64 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_paid_twice() -> Result<()> {
    let seed = std::env::var("SAMBAC_TEST_SEED").ok().map_or(Ok(1), |seed| seed.parse())?;
    run(seed).await.with_context(|| format!("SAMBAC_TEST_SEED={seed}"))
}

async fn run(seed: u64) -> Result<()> {
    let mut chance = SmallRng::seed_from_u64(seed);
    let world = world("kill_9")?;
    let mut operator = world.simulator("alpha", OPERATOR).await?;
    let connector = format!("window_max = {WINDOW}\nsettings = {{ reconnect_max_ms = 200 }}");
    let site = Site::with_one_account("10000").connector("alpha", &operator, &connector);
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let (load, mut acknowledged) = (Load::default(), Vec::new());
    for _ in 0..KILLS {
        let moment = Duration::from_millis(chance.random_range(100..900));
        acknowledged.extend(until_killed(&world, &secrets, &load, moment).await?);
        // While it is down: every commit is whole.
        world.database().await?.audit().await?;
    }
    let platform = world.platform(&[]).await?;
    let mut database = world.database().await?;
    until("every message ends", Duration::from_secs(60), async || {
        Ok((database.open_messages().await? == 0).then_some(()))
    })
    .await?;
    until_true("every intent is settled", async || {
        Ok(database.number("SELECT COUNT(*) FROM submit_intents").await? == 0)
    })
    .await?;
    ensure!(platform.terminate(Duration::from_secs(10)).await?.success());
    check(&world, &operator.finish().await?, &load, &acknowledged).await?;
    world.passed();
    Ok(())
}

/// Starts the platform, loads it, and kills it so long after its first answer.
async fn until_killed(world: &World, secrets: &Secrets, load: &Load, moment: Duration) -> Result<Vec<Acknowledged>> {
    let platform = world.platform(&[]).await?;
    let esme = platform.esme(secrets).await?;
    let killed = async {
        until_true("a first answer", async || Ok(esme.look(|heard| !heard.answers.is_empty()))).await?;
        tokio::time::sleep(moment).await;
        platform.kill_9().await
    };
    let (acknowledged, killed) = tokio::join!(load.send(&esme, usize::MAX), killed);
    killed?;
    acknowledged
}

async fn check(world: &World, journal: &Journal, load: &Load, acknowledged: &[Acknowledged]) -> Result<()> {
    let mut database = world.database().await?;
    database.audit().await?;
    let (stored, arrivals) = (stored(&mut database).await?, arrivals(journal));
    ensure!(acknowledged.len() >= 20 * KILLS, "only {} messages were acknowledged", acknowledged.len());

    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|message| {
            let row = stored.get(&message.destination);
            let is_whole =
                row.is_some_and(|(id, state, _)| id.to_string() == message.message_id && *state == DELIVERED);
            !is_whole || !arrivals.contains_key(&message.destination)
        })
        .collect();
    ensure!(lost.is_empty(), "{} acknowledged and lost: {:?}", lost.len(), &lost[..lost.len().min(5)]);

    // What was stored and not acknowledged is delivered all the same: the client may send it again, as one does.
    let undelivered = stored.values().filter(|(_, state, _)| *state != DELIVERED).count();
    ensure!(undelivered == 0, "{undelivered} messages were not delivered");
    let unknown = arrivals.keys().filter(|destination| !stored.contains_key(destination)).count();
    ensure!(unknown == 0, "{unknown} messages went to the operator without being stored");

    let again: usize = arrivals.values().map(|times| times - 1).sum();
    ensure!(again <= WINDOW * KILLS, "{again} duplicates are more than {WINDOW} x {KILLS}");
    let unmarked = arrivals.iter().filter(|(destination, times)| **times > 1 && !stored[*destination].2).count();
    ensure!(unmarked == 0, "{unmarked} duplicates are not marked");

    let (delivered, captured) = (i64::try_from(stored.len())?, database.charges().await?.captured);
    ensure!(captured == delivered, "{captured} captured of {delivered}");
    ensure!(database.balance("revenue").await? == delivered * PRICE_MICROS, "revenue is not price x delivered");
    let summary = format!(
        "kill_9: {} sent, {} acknowledged, {delivered} stored and delivered, lost 0, {again} duplicates, all marked\n",
        load.sent(),
        acknowledged.len()
    );
    // For whoever looks; the checks above are what counts.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), summary.as_bytes());
    Ok(())
}
