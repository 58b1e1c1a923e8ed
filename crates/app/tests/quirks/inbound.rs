//! Messages from handsets that a simulated operator brings, as a client's webhook hears of them.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::{Sink, Site, World};
use serde_json::Value;

/// Plays the `[[mo]]` tables to a platform whose connector has these keys, and returns the data of the first `count` events
/// in the order in which the handsets wrote.
pub(crate) async fn received(name: &str, tables: &[&str], connector: &str, count: usize) -> Result<Vec<Value>> {
    let world = World::new(env!("CARGO_BIN_EXE_sambac"), name)?;
    let scenario: String = tables.iter().map(|keys| format!("[[mo]]\n{keys}\n")).collect();
    let (operator, sink) = (world.simulator("alpha", &scenario).await?, Sink::start(0).await?);
    let site = Site::with_one_account("10").connector("alpha", &operator, connector).webhook("bank", &sink.url());
    let site = site.mo_route("bank", "all", &format!("{{ webhook = \"{}\" }}", sink.url()), "");
    let secrets = world.apply(&site).await?;
    let _platform = world.platform(&[]).await?;
    let secret = secrets.webhook_secret(&sink.url())?;
    let events = sink.until(count).await.context("events")?;
    let mut data = Vec::new();
    for event in events {
        let event = event.verified(secret)?;
        assert_eq!(event["type"], "message.received", "{event:#}");
        data.push(event["data"].clone());
    }
    data.sort_by_key(|one| one["message_id"].as_str().map(str::to_owned));
    assert_eq!(sink.deliveries().len(), count, "no more than that came");
    world.passed();
    Ok(data)
}

/// The texts of what was received.
pub(crate) async fn texts(name: &str, tables: &[&str], connector: &str) -> Result<Vec<String>> {
    let data = received(name, tables, connector, tables.len()).await?;
    Ok(data.iter().map(|one| one["text"].as_str().unwrap_or_default().to_owned()).collect())
}
