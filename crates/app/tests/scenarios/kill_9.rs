//! kill -9 under load, again and again at random moments: what was acknowledged is not lost, and nothing is paid for twice.
//!
//! The moments come from a seed, `SAMBAC_TEST_SEED` or 1, which a failure names. `SAMBAC_TEST_KILLS` sets another number.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use sambac_testkit::scenario::smpp::BindKind;
use sambac_testkit::scenario::wait::{until, until_true};
use sambac_testkit::scenario::{Database, Journal, PRICE_MICROS, Platform, Secrets, Simulator, Site, World};

use crate::load::{Acknowledged, Load, arrivals, stored};
use crate::world;

/// Segments that the connector may have unanswered.
const WINDOW: usize = 50;
/// Receipts are still on their way when the platform dies.
const OPERATOR: &str = "magic = false\n[answer]\ndelay_ms = [0, 20]\n[receipt]\ndelay_ms = [0, 300]";
const SUBMIT_UNKNOWN: i64 = 5;
const DELIVERED: i64 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_paid_twice() -> Result<()> {
    let (seed, kills) = (variable("SAMBAC_TEST_SEED", 1)?, variable("SAMBAC_TEST_KILLS", 10)?);
    let case = Case { name: "kill_9", class: "transactional", seed, kills };
    notifications(&case).await.with_context(|| format!("SAMBAC_TEST_SEED={seed}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_one_time_password_is_never_sent_twice() -> Result<()> {
    let seed = variable("SAMBAC_TEST_SEED", 2)?;
    let case = Case { name: "kill_9_otp", class: "otp", seed, kills: 4 };
    passwords(&case).await.with_context(|| format!("SAMBAC_TEST_SEED={seed}"))
}

/// What is sent, and how often the platform is killed.
struct Case {
    name: &'static str,
    class: &'static str,
    seed: u64,
    kills: u64,
}

/// After the last kill and restart.
struct Survived {
    world: World,
    operator: Simulator,
    platform: Platform,
    acknowledged: Vec<Acknowledged>,
}

fn variable(name: &str, default: u64) -> Result<u64> {
    std::env::var(name).ok().map_or(Ok(default), |text| text.parse().with_context(|| name.to_owned()))
}

async fn survive(case: &Case) -> Result<Survived> {
    let mut chance = SmallRng::seed_from_u64(case.seed);
    let world = world(case.name)?;
    let operator = world.simulator("alpha", OPERATOR).await?;
    let connector =
        format!("window_max = {WINDOW}\nsettings = {{ bind = {{ reconnect_min_ms = 100, reconnect_max_ms = 200 }} }}");
    let site = Site::with_one_account("10000")
        .smpp_account("bank", "load", &format!("window_max = 100\nclass = \"{}\"", case.class))
        .connector("alpha", &operator, &connector);
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let (load, mut acknowledged) = (Load::default(), Vec::new());
    for _ in 0..case.kills {
        let moment = Duration::from_millis(chance.random_range(100..900));
        acknowledged.extend(until_killed(&world, &secrets, &load, moment).await?);
        // While it is down: every commit is whole.
        world.database().await?.audit().await?;
        world.prove_ledger().await?;
    }
    ensure!(acknowledged.len() as u64 >= 20 * case.kills, "only {} messages were acknowledged", acknowledged.len());
    let platform = world.platform(&[]).await?;
    Ok(Survived { world, operator, platform, acknowledged })
}

async fn notifications(case: &Case) -> Result<()> {
    let Survived { world, mut operator, platform, acknowledged } = survive(case).await?;
    let mut database = world.database().await?;
    until("every message ends", Duration::from_secs(60), async || {
        Ok((database.open_messages().await? == 0).then_some(()))
    })
    .await?;
    ensure!(platform.terminate(Duration::from_secs(10)).await?.success());
    check(case, &mut database, &operator.finish().await?, &acknowledged).await?;
    world.passed();
    Ok(())
}

/// What was about to be sent when the platform died stays in doubt: it may have arrived once, and is not sent again.
async fn passwords(case: &Case) -> Result<()> {
    let Survived { world, mut operator, platform, acknowledged } = survive(case).await?;
    let mut database = world.database().await?;
    let on_its_way = format!("SELECT COUNT(*) FROM segments WHERE state NOT IN ({SUBMIT_UNKNOWN}, {DELIVERED})");
    until("every password is delivered or in doubt", Duration::from_secs(60), async || {
        Ok((database.number(&on_its_way).await? == 0).then_some(()))
    })
    .await?;
    ensure!(platform.terminate(Duration::from_secs(10)).await?.success());
    database.audit().await?;
    let (stored, arrivals) = (stored(&mut database).await?, arrivals(&operator.finish().await?));
    let twice = arrivals.values().filter(|times| **times > 1).count();
    ensure!(twice == 0, "{twice} passwords were sent twice");
    for message in &acknowledged {
        let (id, state, _) = stored.get(&message.destination).with_context(|| format!("{message:?} is lost"))?;
        ensure!(id.to_string() == message.message_id, "{message:?} is another one");
        ensure!(*state != DELIVERED || arrivals.contains_key(&message.destination), "{message:?} never arrived");
    }
    let charges = database.charges().await?;
    let doubts = database.number("SELECT COUNT(*) FROM segments WHERE possible_duplicate").await?;
    // One window on the link, and one announced behind it.
    let doubts_max = i64::try_from(2 * WINDOW)? * i64::try_from(case.kills)?;
    // Some of them are resolved by receipts that are recognised by their number.
    ensure!(charges.held <= doubts && charges.voided == 0 && doubts <= doubts_max, "{charges:?}, {doubts} in doubt");
    world.passed();
    Ok(())
}

/// Starts the platform, loads it, and kills it so long after its first answer.
async fn until_killed(world: &World, secrets: &Secrets, load: &Load, moment: Duration) -> Result<Vec<Acknowledged>> {
    let platform = world.platform(&[]).await?;
    let esme = platform.esme_as(secrets, "load", BindKind::Transceiver).await?;
    let killed = async {
        until_true("a first answer", async || Ok(esme.look(|heard| !heard.answers.is_empty()))).await?;
        tokio::time::sleep(moment).await;
        platform.kill_9().await
    };
    let (acknowledged, killed) = tokio::join!(load.send(&esme, usize::MAX), killed);
    killed?;
    acknowledged
}

async fn check(case: &Case, database: &mut Database, journal: &Journal, acknowledged: &[Acknowledged]) -> Result<()> {
    database.audit().await?;
    let (stored, arrivals) = (stored(database).await?, arrivals(journal));
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

    let (again, again_max) = (arrivals.values().map(|times| times - 1).sum::<usize>(), WINDOW as u64 * case.kills);
    ensure!(again as u64 <= again_max, "{again} duplicates are more than window x kills: {again_max}");
    let unmarked = arrivals.iter().filter(|(destination, times)| **times > 1 && !stored[*destination].2).count();
    ensure!(unmarked == 0, "{unmarked} duplicates are not marked");

    let (delivered, captured) = (i64::try_from(stored.len())?, database.charges().await?.captured);
    ensure!(captured == delivered, "{captured} captured of {delivered}");
    ensure!(database.balance("revenue").await? == delivered * PRICE_MICROS, "revenue is not price x delivered");
    let intents = database.number("SELECT COUNT(*) FROM submit_intents").await?;
    ensure!(intents == 0, "{intents} intents were never settled");
    let (kills, acknowledged) = (case.kills, acknowledged.len());
    let counts = format!(
        "{kills} kills: {acknowledged} acknowledged, {delivered} delivered, 0 lost, {again} duplicates, all marked\n"
    );
    // For whoever looks; the checks above are what counts.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), counts.as_bytes());
    Ok(())
}
