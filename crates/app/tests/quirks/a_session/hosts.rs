//! Several binds, hosts and connectors that are one way to an operator.

use anyhow::Result;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Site, World};

use super::{Case, QUICK, count, settings};

/// A pair of transmitter and receiver is up when both are; the receiver may be at another port.
#[tokio::test]
async fn q_a17_a_pair_is_one_bind_on_two_ports() -> Result<()> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "a17")?;
    let sends = world.simulator("sends", "[bind]\nkinds = [\"transmitter\"]\n[receipt]\ngiven = 0").await?;
    let mut receives = world.simulator("receives", "[bind]\nkinds = [\"receiver\"]").await?;
    let port = receives.address().port();
    let pair = format!("bind_kind = \"pair\"\n{}", settings(&format!("bind = {{ {QUICK}, receive_port = {port} }}")));
    let site = Site::with_one_account("10").connector("alpha", &sends, &pair).route("all", &["alpha"], "");
    let case = Case::with(world, sends, &site).await?;
    case.platform.until_bound().await?;
    receives.stop().await?;
    case.until_up(0).await?;
    assert_eq!(count(&case.operator.journal()?, "bind"), 1, "the transmitter is up all the time");
    receives.start_again(&case.world, "[bind]\nkinds = [\"receiver\"]").await?;
    case.until_up(1).await?;
    let id = case.rest.send_text("+447700900123", "hello").await?;
    case.rest.until_event(&id, "answered").await?;
    let journal = case.finish().await?;
    assert_eq!(journal.of("bind").map(|bind| bind.kind.as_str()).collect::<Vec<_>>(), ["transmitter"]);
    assert_eq!(journal.submits().count(), 1);
    Ok(())
}

/// A pair at one port sends by the one and hears by the other.
#[tokio::test]
async fn q_a17_a_pair_at_one_port_hears_its_receipts() -> Result<()> {
    let case = Case::start("a17_one", "", "bind_kind = \"pair\"").await?;
    case.deliver(2).await?;
    let journal = case.finish().await?;
    let mut kinds: Vec<_> = journal.of("bind").map(|bind| bind.kind.clone()).collect();
    kinds.sort();
    assert_eq!(kinds, ["receiver", "transmitter"]);
    Ok(())
}

/// When the first host is away the bind goes to the next, and back at the next natural reconnect.
#[tokio::test]
async fn q_a17_a_standby_takes_over_and_gives_back() -> Result<()> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "a17_standby")?;
    let mut primary = world.simulator("primary", "").await?;
    let mut standby = world.simulator("standby", "").await?;
    let port = standby.address().port();
    let hosts = settings(&format!("bind = {{ {QUICK}, hosts = [{{ host = \"127.0.0.1\", port = {port} }}] }}"));
    let site = Site::with_one_account("10").connector("alpha", &primary, &hosts).route("all", &["alpha"], "");
    primary.stop().await?;
    let mut case = Case::with(world, primary, &site).await?;
    case.until_up(1).await?;
    case.deliver(1).await?;
    case.operator.start_again(&case.world, "").await?;
    assert_eq!(standby.finish().await?.submits().count(), 1);
    case.until_up(1).await?;
    case.deliver(1).await?;
    let journal = case.finish().await?;
    assert_eq!((count(&journal, "bind"), journal.submits().count()), (1, 1), "back at the primary");
    Ok(())
}

/// Binds that are spread go to all hosts in turn.
#[tokio::test]
async fn q_a17_binds_are_spread_over_hosts() -> Result<()> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "a17_spread")?;
    let first = world.simulator("first", "").await?;
    let second = world.simulator("second", "").await?;
    let port = second.address().port();
    let hosts = format!("hosts = [{{ host = \"127.0.0.1\", port = {port} }}], host_policy = \"spread\"");
    let spread = format!("binds = 4\n{}", settings(&format!("bind = {{ {hosts} }}")));
    let site = Site::with_one_account("10").connector("alpha", &first, &spread).route("all", &["alpha"], "");
    let case = Case::with(world, first, &site).await?;
    case.platform.until_bound().await?;
    case.until_journal("two binds at the first", |journal| count(journal, "bind") == 2).await?;
    until_true("two binds at the second", async || Ok(count(&second.journal()?, "bind") == 2)).await?;
    case.finish().await.map(drop)
}

/// A receipt may come in by another connector of the same group, even of another operator.
#[tokio::test]
async fn q_a18_receipts_come_by_any_bind_of_the_group() -> Result<()> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), "a18")?;
    let operator = world.simulator("alpha", "").await?;
    let group = settings("bind = { correlation_group = \"north\" }");
    let site = Site::with_one_account("10")
        .connector("alpha", &operator, &format!("bind_kind = \"transmitter\"\n{group}"))
        .connector("beta", &operator, &format!("bind_kind = \"receiver\"\n{group}"))
        .route("all", &["alpha"], "");
    let case = Case::with(world, operator, &site).await?;
    case.platform.until_bound().await?;
    case.deliver(3).await?;
    let journal = case.finish().await?;
    assert_eq!((count(&journal, "submit"), count(&journal, "receipt_ack")), (3, 3));
    Ok(())
}
