//! Billing events: everything that the ledger holds is told to consumers outside, whoever dies meanwhile.

mod mirror;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_bus::amqp::{BrokerUrl, Consumer, Delivered};
use sambac_bus::event::{Event, EventKind};
use sambac_testkit::rabbit::Rabbit;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{PRICE_MICROS, Platform, Secrets, Simulator, Site, World};
use serde_json::json;

use crate::world;

const EXCHANGE: &str = "sambac.billing";
/// As long as everything may take: a broker that was killed needs half a minute on a loaded machine, and pauses grow while it is away.
const LIMIT: Duration = Duration::from_secs(150);

/// A consumer with a queue of its own that wants everything.
async fn consumer(rabbit: &Rabbit) -> Result<Consumer> {
    let url: BrokerUrl = rabbit.url().parse()?;
    Ok(Consumer::connect(&url, EXCHANGE, "test", &["billing.#", "cdr.#"], 1_000).await?)
}

/// One account, one operator that answers and sends receipts.
async fn provisioned(world: &World) -> Result<(Simulator, Secrets)> {
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("100").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    Ok((operator, secrets))
}

async fn started(world: &World, rabbit: &Rabbit, more: &[(&str, &str)]) -> Result<Platform> {
    let url = rabbit.url();
    let variables: Vec<_> = [("SAMBAC_EVENTS_URL", url.as_str())].into_iter().chain(more.iter().copied()).collect();
    world.platform(&variables).await
}

/// What is told until these kinds have come so often, by the ids of the events.
async fn told(consumer: &mut Consumer, wanted: &[(EventKind, usize)]) -> Result<BTreeMap<String, Event>> {
    let mut told = BTreeMap::new();
    let all = async {
        while wanted.iter().any(|(kind, count)| count_of(&told, *kind) < *count) {
            let delivered = consumer.next(500, Duration::from_millis(20)).await?;
            for one in &delivered {
                let event = read(one)?;
                told.insert(event.event_id.clone(), event);
            }
            consumer.acknowledge(delivered.last().context("at least one")?).await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::time::timeout(LIMIT, all).await.context("not all events came")??;
    Ok(told)
}

fn count_of(told: &BTreeMap<String, Event>, kind: EventKind) -> usize {
    told.values().filter(|event| event.kind == kind).count()
}

fn read(delivered: &Delivered) -> Result<Event> {
    let text = std::str::from_utf8(&delivered.body)?;
    let event: Event = serde_json::from_slice(&delivered.body).with_context(|| text.to_owned())?;
    ensure!(event.kind.routing_key() == delivered.routing_key, "{text}");
    ensure!(!text.contains("447700900123") && !text.contains("hello"), "a number or a text is told: {text}");
    Ok(event)
}

/// A message of two segments, one that is delivered and one that is not: each charge and record is told, with its money, its
/// network, its operator and no number.
#[tokio::test]
async fn every_charge_and_every_record_is_told() -> Result<()> {
    let world = world("events")?;
    let rabbit = Rabbit::start().await?;
    let mut consumer = consumer(&rabbit).await?;
    let (_operator, secrets) = provisioned(&world).await?;
    let platform = started(&world, &rabbit, &[]).await?;
    let rest = platform.rest(&secrets)?;
    let long = "hello ".repeat(40);
    let delivered = rest.send_text("+447700900123", &long).await?;
    ensure!(rest.final_state(&delivered).await? == "delivered");
    let wanted = [(EventKind::ChargeHeld, 2), (EventKind::ChargeCaptured, 2), (EventKind::CdrWritten, 2)];
    let told = told(&mut consumer, &wanted).await?;
    ensure!(told.len() == 6, "{told:?}");
    let segments: BTreeSet<String> = told.values().map(|event| event.segment_id.to_string()).collect();
    ensure!(segments == [format!("{delivered}/1"), format!("{delivered}/2")].into(), "{segments:?}");
    for event in told.values() {
        ensure!(event.schema_version == 1 && event.message_id.to_string() == delivered, "{event:?}");
        ensure!(event.traffic.mcc.as_deref() == Some("234") && event.traffic.operator_id.is_some(), "{event:?}");
        ensure!(event.traffic.sender_type.as_deref() == Some("name"), "{event:?}");
        match (&event.charge, &event.cdr) {
            (Some(charge), None) => {
                ensure!(charge.amount_micros == PRICE_MICROS && charge.currency.as_str() == "EUR", "{event:?}");
                let taken = if event.kind == EventKind::ChargeCaptured { PRICE_MICROS } else { 0 };
                ensure!(charge.captured_micros == taken, "{event:?}");
            }
            (None, Some(cdr)) => {
                ensure!(cdr.destination == "+44770090****" && cdr.state == "delivered", "{event:?}");
                ensure!(cdr.charge_state == "captured" && cdr.price_micros == PRICE_MICROS, "{event:?}");
            }
            _ => anyhow::bail!("{event:?}"),
        }
    }
    until_true("nothing is left to tell", async || Ok(platform.metric("sambac_billing_events_lag_blocks").await? == 0))
        .await?;
    ensure!(platform.metric("sambac_billing_events_total{name=\"published\"}").await? == 6);
    world.passed();
    Ok(())
}

/// While the broker is away messages are taken, sent and charged as ever; what they cost is told when it is back.
#[tokio::test]
async fn what_happens_while_the_broker_is_away_is_told_later() -> Result<()> {
    let world = world("events_away")?;
    let mut rabbit = Rabbit::start().await?;
    drop(consumer(&rabbit).await?);
    let (_operator, secrets) = provisioned(&world).await?;
    let platform = started(&world, &rabbit, &[]).await?;
    let rest = platform.rest(&secrets)?;
    rabbit.kill_9().await?;
    for number in 0..5 {
        let id = rest.send_text("+447700900123", &format!("hello {number}")).await?;
        ensure!(rest.final_state(&id).await? == "delivered");
    }
    until_true("it is known that events wait", async || {
        Ok(platform.metric("sambac_billing_events_lag_blocks").await? > 0)
    })
    .await?;
    rabbit.start_again().await?;
    let mut consumer = consumer(&rabbit).await?;
    let wanted = [(EventKind::ChargeHeld, 5), (EventKind::ChargeCaptured, 5), (EventKind::CdrWritten, 5)];
    ensure!(told(&mut consumer, &wanted).await?.len() == 15);
    world.passed();
    Ok(())
}

/// The platform dies after it has read what is to be told, or after the broker has it: it is told when the platform is back, with the
/// same ids, and nothing else is.
#[tokio::test]
async fn who_dies_while_telling_tells_it_again_with_the_same_ids() -> Result<()> {
    let world = world("events_kill")?;
    let rabbit = Rabbit::start().await?;
    let mut consumer = consumer(&rabbit).await?;
    let (_operator, secrets) = provisioned(&world).await?;
    let mut sent = 0;
    for point in ["events_read:1", "events_published:1", "events_published:2"] {
        // What was left to tell may bring it there before it is ready.
        let Ok(mut platform) = started(&world, &rabbit, &[("TEST_KILL_AT", point)]).await else { continue };
        let rest = platform.rest(&secrets)?;
        for _ in 0..20 {
            let body = json!({ "to": "+447700900123", "from": "Bank", "text": "hello" });
            match rest.send(&body).await {
                Ok(reply) if reply.status == 202 => sent += 1,
                _ => break,
            }
        }
        until_true("it dies", async || Ok(!platform.is_running()?)).await?;
    }
    let _platform = started(&world, &rabbit, &[]).await?;
    until_true("everything has ended", async || Ok(world.database().await?.open_messages().await? == 0)).await?;
    let charges = usize::try_from(world.database().await?.number("SELECT COUNT(*) FROM charges").await?)?;
    ensure!(charges >= sent, "{charges} charges of {sent} messages that were acknowledged");
    let told = told(&mut consumer, &[(EventKind::ChargeHeld, charges), (EventKind::CdrWritten, charges)]).await?;
    ensure!(count_of(&told, EventKind::ChargeHeld) == charges && count_of(&told, EventKind::CdrWritten) == charges);
    world.passed();
    Ok(())
}
