//! A backlog while the operator is down: it waits on disk with little of it in memory, and drains, one-time passwords first.

use std::time::Duration;

use anyhow::{Result, ensure};
use sambac_testkit::scenario::smpp::BindKind;
use sambac_testkit::scenario::wait::until;
use sambac_testkit::scenario::{Charges, Site};

use crate::load::Load;
use crate::world;

const OTHERS: usize = 19_000;
const OTPS: usize = 1_000;
const WINDOW: usize = 100;
/// Kept in memory: a hundredth of the backlog.
const LITTLE: [(&str, &str); 2] = [("SAMBAC_LIMITS_LANE_CAPACITY", "200"), ("SAMBAC_LIMITS_LIVE_CAPACITY", "400")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_drains_to_zero_with_passwords_first() -> Result<()> {
    let world = world("backlog_small")?;
    let mut operator = world.simulator("alpha", "").await?;
    operator.stop().await?;
    let connector =
        format!("window_max = {WINDOW}\nsettings = {{ bind = {{ reconnect_min_ms = 100, reconnect_max_ms = 200 }} }}");
    let site = Site::with_one_account("10000")
        .smpp_account("bank", "otp", "class = \"otp\"\nwindow_max = 100")
        .connector("alpha", &operator, &connector)
        .route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&LITTLE).await?;
    let load = Load::default();
    let others = platform.esme_as(&secrets, "esme", BindKind::Transmitter).await?;
    assert_eq!(load.send(&others, OTHERS).await?.len(), OTHERS);
    let otps = platform.esme_as(&secrets, "otp", BindKind::Transmitter).await?;
    let passwords: Vec<_> = load.send(&otps, OTPS).await?.into_iter().map(|message| message.destination).collect();
    assert_eq!(passwords.len(), OTPS);

    let mut database = world.database().await?;
    let total = i64::try_from(OTHERS + OTPS)?;
    assert_eq!(database.charges().await?, Charges { held: total, ..Charges::default() });
    database.audit().await?;
    operator.start_again(&world, "magic = false").await?;
    until("it drains", Duration::from_secs(120), async || Ok((database.open_messages().await? == 0).then_some(())))
        .await?;
    database.audit().await?;
    assert_eq!(database.messages().await?, [("delivered", total)].into());
    assert_eq!(database.number("SELECT COUNT(*) FROM outbox WHERE kind = 1").await?, 0);
    ensure!(platform.rss_kib()? < 300 * 1024, "{} KiB resident", platform.rss_kib()?);

    let journal = operator.finish().await?;
    let arrived: Vec<u64> = journal.submits().filter_map(|line| line.destination.parse().ok()).collect();
    assert_eq!(arrived.len(), OTHERS + OTPS, "each once");
    let passwords: std::collections::HashSet<_> = passwords.into_iter().collect();
    let last = arrived.iter().rposition(|number| passwords.contains(number)).unwrap_or_default();
    // Only what was announced before the lane was filled again may be in between.
    ensure!(last < OTPS + 2 * WINDOW, "the last password was the {last}th message to go out");
    world.passed();
    Ok(())
}
