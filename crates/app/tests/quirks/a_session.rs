//! A. The session and the connection.

mod bind;
mod hosts;
mod link;
mod tls;
mod wire;

use std::time::Duration;

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::{until, until_true};
use sambac_testkit::scenario::{Journal, Platform, Rest, Simulator, Site, World};

use crate::inbound::received;

/// Short pauses, so that a test does not wait for them.
const QUICK: &str = "reconnect_min_ms = 100, reconnect_max_ms = 200";

/// One operator that plays a scenario, and the platform bound to it.
struct Case {
    world: World,
    operator: Simulator,
    platform: Platform,
    rest: Rest,
}

impl Case {
    /// `more` are further keys of the connector `alpha`.
    async fn start(name: &str, scenario: &str, more: &str) -> Result<Self> {
        let case = Self::start_unbound(name, scenario, more).await?;
        case.platform.until_bound().await?;
        Ok(case)
    }

    async fn start_unbound(name: &str, scenario: &str, more: &str) -> Result<Self> {
        let world = World::new(env!("CARGO_BIN_EXE_sambac"), name)?;
        let operator = world.simulator("alpha", scenario).await?;
        let site = Site::with_one_account("10").connector("alpha", &operator, more).route("all", &["alpha"], "");
        Self::with(world, operator, &site).await
    }

    async fn with(world: World, operator: Simulator, site: &Site) -> Result<Self> {
        let secrets = world.apply(site).await?;
        let platform = world.platform(&[]).await?;
        let rest = platform.rest(&secrets)?;
        Ok(Self { world, operator, platform, rest })
    }

    /// Sends so many messages at once, and waits until all are delivered.
    async fn deliver(&self, count: usize) -> Result<()> {
        let mut ids = Vec::new();
        for number in 0..count {
            ids.push(self.rest.send_text(&format!("+447700900{number:03}"), "hello").await?);
        }
        for id in ids {
            let state = self.rest.final_state(&id).await?;
            anyhow::ensure!(state == "delivered", "{id}: {state}");
        }
        Ok(())
    }

    /// A value of the platform's metrics; 0 when the series is not there.
    async fn metric(&self, series: &str) -> Result<i64> {
        self.platform.metric(series).await
    }

    /// Waits until the journal says so.
    async fn until_journal(&self, what: &str, is_so: impl Fn(&Journal) -> bool) -> Result<Journal> {
        until(what, Duration::from_secs(30), async || {
            let journal = self.operator.journal()?;
            Ok(is_so(&journal).then_some(journal))
        })
        .await
    }

    /// Waits until so many binds are up.
    async fn until_up(&self, binds: u64) -> Result<()> {
        until_true(&format!("{binds} binds are up"), async || {
            let health = self.platform.health().await?;
            let up = health["connectors"].as_array().context("no connectors")?;
            Ok(up.iter().filter_map(|connector| connector["bound"].as_u64()).sum::<u64>() == binds)
        })
        .await
    }

    /// Stops the platform, then the operator, and returns what the operator saw.
    async fn finish(mut self) -> Result<Journal> {
        anyhow::ensure!(self.platform.terminate(Duration::from_secs(20)).await?.success());
        let journal = self.operator.finish().await?;
        self.world.passed();
        Ok(journal)
    }
}

/// Settings of a connector, as a line of the site.
fn settings(sections: &str) -> String {
    format!("settings = {{ {sections} }}")
}

/// How often something is in a journal.
fn count(journal: &Journal, event: &str) -> usize {
    journal.of(event).count()
}

#[tokio::test]
async fn q_a18_a_handsets_parts_by_whichever_bind_they_come() -> Result<()> {
    // Parts of one message over two binds, and one of them by both: correlation is by group, not by bind.
    let text = "0123456789".repeat(40);
    let table = format!("text = \"{text}\"\norder = [1, 2, 3, 3]\nbinds = [1, 2]");
    let data = received("q_a18", &[&table], "binds = 2", 1).await?;
    assert_eq!((data[0]["text"].as_str(), data[0]["complete"].as_bool()), (Some(&*text), Some(true)));
    Ok(())
}
