//! Settings of a connector change under load: nothing is lost, nothing goes twice, and binds go only when they depend on what
//! has changed.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::wait::until;
use sambac_testkit::scenario::{Charges, Site, World};

use crate::load::{Load, arrivals};
use crate::world;

const COUNT: usize = 4_000;
const OPERATOR: &str = "magic = false\n[answer]\ndelay_ms = [5, 40]\n[receipt]\ndelay_ms = [0, 100]";

/// What is changed one after the other, and whether the binds have to go for it.
const CHANGES: [(&str, bool); 5] = [
    ("binds = 2\nwindow_max = 10\nthroughput_per_s_max = 300", false),
    ("binds = 2\nwindow_max = 40\nthroughput_per_s_max = 500", false),
    ("binds = 2\nwindow_max = 40\nthroughput_per_s_max = 500\nsettings = { bind = { system_type = \"OTP\" } }", true),
    (
        "binds = 3\nwindow_max = 20\nthroughput_per_s_max = 600\n\
         settings = { bind = { system_type = \"OTP\", limit_wait_ms = 500 } }",
        false,
    ),
    (
        "binds = 2\nwindow_max = 50\nthroughput_per_s_max = 900\n\
         settings = { bind = { system_type = \"OTP\" }, session = { enquire_link_s = 5, interface_version = \"5.0\" } }",
        true,
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_changes_under_load_lose_and_repeat_nothing() -> Result<()> {
    let world = world("live_change")?;
    let mut operator = world.simulator("alpha", OPERATOR).await?;
    let site = |connector: &str| {
        let site = Site::with_one_account("10000").connector("alpha", &operator, connector);
        site.route("all", &["alpha"], "")
    };
    let secrets = world.apply(&site("binds = 2\nwindow_max = 20\nthroughput_per_s_max = 400")).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let esme = platform.esme(&secrets).await?;
    let load = Load::default();
    let changing = async {
        for (number, (connector, _)) in CHANGES.iter().enumerate() {
            world.apply(&site(connector)).await?;
            until("the change is taken", Duration::from_secs(30), async || {
                Ok((changes(&world)?.len() > number).then_some(()))
            })
            .await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    let (sent, changed) = tokio::join!(load.send(&esme, COUNT), changing);
    changed?;
    ensure!(sent?.len() == COUNT, "all are accepted");
    let mut database = world.database().await?;
    until("every message ends", Duration::from_secs(90), async || {
        Ok((database.open_messages().await? == 0).then_some(()))
    })
    .await?;
    database.audit().await?;
    let total = i64::try_from(COUNT)?;
    assert_eq!(database.messages().await?, [("delivered", total)].into(), "none is lost");
    assert_eq!(database.charges().await?, Charges { captured: total, ..Charges::default() });
    let renewed: Vec<_> = CHANGES.iter().map(|(_, renews)| *renews).collect();
    assert_eq!(changes(&world)?, renewed, "binds go only for what they depend on");
    ensure!(platform.terminate(Duration::from_secs(20)).await?.success());
    let journal = operator.finish().await?;
    let twice = arrivals(&journal).values().filter(|times| **times > 1).count();
    assert_eq!((journal.submits().count(), twice), (COUNT, 0), "none goes twice");
    // Two at the start, both again after the third change, one more with the fourth, and two after the fifth.
    let binds = journal.of("bind").count();
    ensure!((7..=8).contains(&binds), "{binds} binds");
    ensure!(journal.of("close").count() == 0, "every session ends with an unbind");
    world.passed();
    Ok(())
}

/// For each change that the platform has taken, whether it bound again for it.
fn changes(world: &World) -> Result<Vec<bool>> {
    let log = std::fs::read_to_string(world.path("platform.log")).context("the platform's log")?;
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let fields = lines.map(|line| line["fields"].clone()).filter(|fields| fields["message"] == "settings changed");
    Ok(fields.map(|fields| fields["binds_again"] == true).collect())
}
