//! What waits for a connector that cannot send it ends at its deadline, whatever it waits for and however much waits.

use std::time::Duration;

use anyhow::{Result, ensure};
use sambac_testkit::scenario::smpp::Sm;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Charges, Platform, Secrets, Simulator, Site, World, message};

use crate::admin_shell::{SCOPES, Shell};
use crate::world;

/// Three seconds of validity.
const SOON: &[u8] = b"000000000003000R";
/// How late the end may be stored: about a second is promised, and this machine has other things to do as well.
const LATE_MAX: Duration = Duration::from_secs(2);

struct Alone {
    world: World,
    operator: Simulator,
    secrets: Secrets,
    platform: Platform,
}

/// One operator, bound.
async fn site(name: &str, scenario: &str, connector: &str) -> Result<Alone> {
    let world = world(name)?;
    let operator = world.simulator("alpha", scenario).await?;
    let site = Site::with_one_account("1000").connector("alpha", &operator, connector).route("all", &["alpha"], "");
    let secrets = world.apply(&site.table("admin_key", SCOPES)).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    Ok(Alone { world, operator, secrets, platform })
}

/// Waits until so many have expired; none of them late, and nothing was sent of them.
async fn expired_in_time(world: &World, count: i64) -> Result<()> {
    let mut database = world.database().await?;
    let expired = "SELECT COUNT(*) FROM messages WHERE error = 'expired'";
    until_true("they expire", async || Ok(world.database().await?.number(expired).await? == count)).await?;
    let late = "SELECT MAX(final_at - expires_at) FROM messages WHERE error = 'expired'";
    let late = Duration::from_micros(database.number(late).await?.unsigned_abs());
    ensure!(late <= LATE_MAX, "the last one ended {late:?} after its deadline");
    let early = "SELECT COUNT(*) FROM messages WHERE error = 'expired' AND final_at < expires_at";
    ensure!(database.number(early).await? == 0, "some ended before their time");
    Ok(())
}

/// The connector is stopped, and thousands wait for it, most of them on disk: all end at their deadline, their receipts come,
/// their charges are given back, and none is counted as waiting any more.
#[tokio::test]
async fn what_waits_for_a_stopped_connector_expires_in_time() -> Result<()> {
    let Alone { world, secrets, platform, .. } = site("expiry_stopped", "", "").await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    shell.ask(&["connector", "stop", "alpha"]).await?;
    shell.until_state("alpha", "stopped").await?;
    let esme = platform.esme(&secrets).await?;
    const COUNT: usize = 2_000;
    for _ in 0..COUNT {
        esme.send(Sm { validity_period: b"000000000010000R", ..message("447700900123", b"too late") }).await?;
    }
    expired_in_time(&world, i64::try_from(COUNT)?).await?;
    let receipts = esme.receipts(COUNT).await?;
    ensure!(receipts.iter().all(|receipt| receipt.stat == "EXPIRED"), "{:?}", receipts.first());
    let mut database = world.database().await?;
    database.audit().await?;
    assert_eq!(database.charges().await?, Charges { voided: i64::try_from(COUNT)?, ..Charges::default() });
    assert_eq!(shell.ask(&["connector", "state", "alpha"]).await?["queued"], 0, "what has ended waits for nothing");
    world.passed();
    Ok(())
}

/// The operator is away, and comes back when it is too late: nothing is sent.
#[tokio::test]
async fn what_waits_for_an_operator_that_is_away_expires_in_time() -> Result<()> {
    let Alone { world, mut operator, secrets, platform } = site("expiry_away", "", "").await?;
    operator.stop().await?;
    let esme = platform.esme(&secrets).await?;
    esme.accepted(Sm { validity_period: SOON, ..message("447700900123", b"too late") }).await?;
    expired_in_time(&world, 1).await?;
    operator.start_again(&world, "").await?;
    platform.until_bound().await?;
    esme.accepted(message("447700900124", b"in time")).await?;
    assert_eq!(operator.until_submits(1).await?.texts(), ["in time"]);
    world.passed();
    Ok(())
}

/// The window is full of a message that the operator does not answer: it stays in doubt, and the one behind it, announced
/// already, ends at its deadline.
#[tokio::test]
async fn what_is_announced_and_finds_no_place_expires_in_time() -> Result<()> {
    let one = "window_max = 1\nsettings = { flow = { window_start = 1, otp_reserved_percent = 0 } }";
    let Alone { world, mut operator, secrets, platform } =
        site("expiry_announced", "magic = false\n[answer]\ndrop_answer = 1.0", one).await?;
    let esme = platform.esme(&secrets).await?;
    for text in [&b"first"[..], b"second", b"third"] {
        esme.accepted(Sm { validity_period: SOON, ..message("447700900123", text) }).await?;
    }
    expired_in_time(&world, 2).await?;
    let mut database = world.database().await?;
    assert_eq!(database.open_messages().await?, 1, "the first was sent, and may have arrived");
    assert_eq!(operator.finish().await?.texts(), ["first"]);
    world.passed();
    Ok(())
}

/// The operator throttles for ever, and the connector rests longer each time: what it waits with ends at its deadline.
#[tokio::test]
async fn what_is_throttled_away_expires_in_time() -> Result<()> {
    let Alone { world, secrets, platform, .. } =
        site("expiry_throttled", "magic = false\n[answer]\nthrottle = 1.0", "").await?;
    let esme = platform.esme(&secrets).await?;
    for _ in 0..3 {
        esme.accepted(Sm { validity_period: SOON, ..message("447700900123", b"too much") }).await?;
    }
    expired_in_time(&world, 3).await?;
    world.passed();
    Ok(())
}

/// Sent several times and never answered, it may have arrived: when its time is over it is not sent again, and its receipt is
/// waited for.
#[tokio::test]
async fn what_may_have_arrived_is_not_called_unsent() -> Result<()> {
    let impatient = "settings = { session = { response_timeout_ms = 500 } }";
    let Alone { world, mut operator, secrets, platform } =
        site("expiry_doubt", "magic = false\n[answer]\ndrop_answer = 1.0\n[receipt]\ngiven = 0.0", impatient).await?;
    let esme = platform.esme(&secrets).await?;
    esme.accepted(Sm { validity_period: b"000000000002000R", ..message("447700900123", b"perhaps") }).await?;
    let mut database = world.database().await?;
    let waiting = "SELECT COUNT(*) FROM outbox";
    until_true("it waits for nobody", async || Ok(world.database().await?.number(waiting).await? == 0)).await?;
    let in_doubt = "SELECT COUNT(*) FROM segments WHERE state = 5 AND final_at IS NULL";
    assert_eq!((database.open_messages().await?, database.number(in_doubt).await?), (1, 1));
    let submits = operator.finish().await?.submits().count();
    ensure!((2..=5).contains(&submits), "sent {submits} times");
    world.passed();
    Ok(())
}
