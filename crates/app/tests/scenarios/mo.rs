//! Messages from handsets: stored, acknowledged, put together, routed, and handed to clients by webhook and `deliver_sm`.

mod duplicates;
mod handover;
mod reassembly;
mod storage;

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::{PATIENCE, until};
use sambac_testkit::scenario::{Database, Platform, Secrets, Simulator, Sink, Site, World};
use serde_json::Value;

use crate::world;

/// One account with a webhook, an operator with this scenario, and the platform between them.
struct Inbound {
    world: World,
    operator: Simulator,
    sink: Sink,
    secrets: Secrets,
    platform: Platform,
}

impl Inbound {
    /// With one route to the webhook for everything; `mo` are keys of the connector's `settings.mo`.
    async fn to_webhook(name: &str, scenario: &str, mo: &str) -> Result<Self> {
        let settings = format!("settings = {{ mo = {{ {mo} }} }}");
        Self::start(name, scenario, &settings, |site, webhook| site.mo_route("bank", "all", webhook, "")).await
    }

    /// With the routes that `routes` adds, which is given the webhook as a target.
    async fn start(
        name: &str,
        scenario: &str,
        connector: &str,
        routes: impl FnOnce(Site, &str) -> Site,
    ) -> Result<Self> {
        let world = world(name)?;
        let (operator, sink) = (world.simulator("alpha", scenario).await?, Sink::start(0).await?);
        let site = Site::with_one_account("10").connector("alpha", &operator, connector).route("all", &["alpha"], "");
        let site = site.webhook("bank", &sink.url());
        let site = routes(site, &format!("{{ webhook = \"{}\" }}", sink.url()));
        let secrets = world.apply(&site).await?;
        let platform = world.platform(&[]).await?;
        Ok(Self { world, operator, sink, secrets, platform })
    }

    /// The first `count` events of messages, their signatures verified. Who wrote a word like STOP is told of, too.
    async fn events(&self, count: usize) -> Result<Vec<Value>> {
        let secret = self.secrets.webhook_secret(&self.sink.url())?;
        until(&format!("{count} messages"), PATIENCE, async || {
            let told = self.sink.deliveries().iter().map(|it| it.verified(secret)).collect::<Result<Vec<_>>>()?;
            let received = told.into_iter().filter(|event| event["type"] == "message.received").take(count);
            Ok(Some(received.collect::<Vec<_>>()).filter(|events| events.len() == count))
        })
        .await
    }

    /// The texts of the first `count` events.
    async fn texts(&self, count: usize) -> Result<Vec<String>> {
        let text = |event: &Value| event["data"]["text"].as_str().map(str::to_owned).context("no text");
        self.events(count).await?.iter().map(text).collect()
    }

    /// How the operator's messages were acknowledged, once it is so often: part and command_status.
    async fn acknowledged(&self, count: usize) -> Result<Vec<(u8, u32)>> {
        until(&format!("{count} acknowledgements"), PATIENCE, async || {
            let journal = self.operator.journal()?;
            let all: Vec<_> = journal.of("mo_ack").map(|line| (line.part, line.status)).collect();
            Ok((all.len() >= count).then_some(all))
        })
        .await
    }

    async fn database(&self) -> Result<Database> {
        self.world.database().await
    }

    /// Waits until a count is as wanted.
    async fn until_count(&self, sql: &str, wanted: i64) -> Result<()> {
        let mut database = self.database().await?;
        until(&format!("{sql} to be {wanted}"), PATIENCE, async || {
            Ok((database.number(sql).await? == wanted).then_some(()))
        })
        .await
    }
}

/// A table of the scenario.
fn mo(keys: &str) -> String {
    format!("[[mo]]\n{keys}\n")
}
