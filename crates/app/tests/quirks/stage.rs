//! One operator that plays a quirk and one that is healthy: the stage of a test about answers and flow.

use std::time::Duration;

use anyhow::Result;
use sambac_testkit::scenario::wait::{PATIENCE, until};
use sambac_testkit::scenario::{Journal, Platform, Rest, Simulator, Site, World, message};
use serde_json::Value;

/// A message to the quirky operator alone, and one that may go on to the healthy one.
pub(crate) const ALONE: &str = "+447700900123";
pub(crate) const WITH_NEXT: &str = "+12025550123";

/// The platform between them.
pub(crate) struct Stage {
    pub(crate) world: World,
    /// Plays the quirk.
    pub(crate) alpha: Simulator,
    /// Healthy; the next connector of numbers in +1.
    pub(crate) beta: Simulator,
    pub(crate) platform: Platform,
    pub(crate) rest: Rest,
    secrets: sambac_testkit::scenario::Secrets,
}

impl Stage {
    /// `scenario` is what alpha does; `connector` are further keys of the connector to it.
    pub(crate) async fn open(name: &str, scenario: &str, connector: &str) -> Result<Self> {
        let world = World::new(env!("CARGO_BIN_EXE_sambac"), name)?;
        let (alpha, beta) = (world.simulator("alpha", scenario).await?, world.simulator("beta", "").await?);
        let site = Site::with_one_account("100")
            .connector("alpha", &alpha, connector)
            .connector("beta", &beta, "")
            .route("with next", &["alpha", "beta"], "match = { prefix = \"1\" }")
            .route("alone", &["alpha"], "");
        let secrets = world.apply(&site).await?;
        let platform = world.platform(&[]).await?;
        platform.until_bound().await?;
        let rest = platform.rest(&secrets)?;
        Ok(Self { world, alpha, beta, platform, rest, secrets })
    }

    /// Sends a message and returns it when it has ended.
    pub(crate) async fn ended(&self, to: &str, text: &str) -> Result<Value> {
        let id = self.rest.send_text(to, text).await?;
        self.rest.ended(&id).await
    }

    /// Sends so many over SMPP, each to a number of its own, and waits until all have ended.
    pub(crate) async fn flood(&self, count: usize) -> Result<()> {
        let esme = self.platform.esme(&self.secrets).await?;
        for no in 0..count {
            esme.send(message(&format!("9991000{no:05}"), b"flood")).await?;
        }
        let mut database = self.world.database().await?;
        let count = i64::try_from(count)?;
        until("every message ends", 2 * PATIENCE, async || {
            let ended = database.number("SELECT COUNT(*) FROM messages WHERE final_at IS NOT NULL").await?;
            Ok((ended >= count).then_some(()))
        })
        .await
    }

    /// Everything went well: the books are in order. What alpha and beta saw.
    pub(crate) async fn close(mut self) -> Result<(Journal, Journal)> {
        self.world.database().await?.audit().await?;
        self.platform.terminate(Duration::from_secs(20)).await?;
        let journals = (self.alpha.finish().await?, self.beta.finish().await?);
        self.world.passed();
        Ok(journals)
    }
}

/// How a message ended: its state, its error, and the attempts at its first segment.
pub(crate) fn end(sms: &Value) -> (&str, Option<&str>, u64) {
    let attempts = sms["segments"][0]["attempts"].as_u64().unwrap_or_default();
    (sms["state"].as_str().unwrap_or_default(), sms["error"].as_str(), attempts)
}

/// The statuses of all answers, in order.
pub(crate) fn statuses(journal: &Journal) -> Vec<u32> {
    journal.of("answer").map(|line| line.status).collect()
}
