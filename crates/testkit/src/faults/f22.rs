//! F22: receivers of webhooks are slow, fail, ask for time, are gone, lead elsewhere, answer without end, or never; one beside them is well.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::clients::FIRST;
use super::oracle::{Rules, Sent};
use super::rig::Rig;
use super::steady::{Leeway, micros, p99};
use super::{Fault, Report, Setting};
use crate::scenario::wait::until;
use crate::scenario::{Delivery, Platform, Rest, Sink, raw_id};

/// What is played, and what must hold.
pub(super) const FAULT: Fault = Fault {
    number: "F22",
    title: "receivers of webhooks are slow, fail, want time, are gone, redirect, answer without end, or never",
    holds: "one beside them hears as fast as before; the schedule is kept; 410 disables; no redirect is followed",
};

const LEEWAY: Leeway = Leeway { percent: 20, least: Duration::from_millis(10) };
/// The one that is well hears within this in any case, also from a debug build beside other tests.
const WITHOUT_WAITING: Duration = Duration::from_secs(5);
/// A slow one answers after this, which is still in time.
const SLOW: Duration = Duration::from_secs(2);
/// What one asks for that has too much to do.
const RETRY_AFTER_S: u64 = 8;
/// From one attempt to the next, in seconds: so long, and up to a fifth longer.
const RETRY_S: [u64; 2] = [5, 300];
/// On a machine that is busy with everything else, an attempt comes later.
const LATE_S: u64 = 5;
/// Places of one receiver.
const PLACES: usize = 16;
/// Of an answer without end, for each event: what systems keep for a reader that does not read.
const ENDLESS_MAX: u64 = 16 * 1_024 * 1_024;

/// The receivers.
struct Receivers {
    well: Receiver,
    slow: Receiver,
    fails: Receiver,
    wants_time: Receiver,
    gone: Receiver,
    redirects: Receiver,
    endless: Receiver,
    never: Receiver,
    elsewhere: Sink,
}

struct Receiver {
    sink: Sink,
    id: String,
    secret: String,
}

/// A message, and when it was sent.
struct Event {
    number: u64,
    id: String,
    began: Instant,
}

/// Plays it on the binary that users have.
///
/// # Errors
/// When something cannot be started, or does not recover.
pub(super) async fn run(setting: &Setting) -> Result<Report> {
    let setting = Setting { binary: setting.release.clone(), ..setting.clone() };
    let mut rig = Rig::new(&FAULT, &setting).await?;
    let platform = rig.world.platform(&[]).await?;
    platform.until_bound().await?;
    let rest = platform.rest(&rig.secrets)?;
    let well = Receiver::register(&rest).await?;
    let count = setting.of(20, 500);
    let first = send(&setting, &rest, 0..count).await?;
    let before = heard(&mut rig, &well, &first).await?;
    let others = Receivers::register(&rest, well).await?;
    let second = send(&setting, &rest, count..2 * count).await?;
    let during = heard(&mut rig, &others.well, &second).await?;
    rig.report.measured("p99 to the event before, us", micros(before));
    LEEWAY.judge_one(&setting, &mut rig.report, "to the event beside the others", (before, during))?;
    let text = format!("{during:?}");
    rig.report.expect("one that is well waits", during <= WITHOUT_WAITING, text);
    let count = usize::try_from(count)?;
    taken_once(&mut rig.report, &others, count).await?;
    keeps_its_schedule(&mut rig, &others.fails, "one that fails", count).await?;
    keeps_its_schedule(&mut rig, &others.redirects, "one that redirects", count).await?;
    left_alone(&mut rig, &rest, &others, count).await?;
    ends(rig, platform).await
}

/// Sends these at a steady pace.
async fn send(setting: &Setting, rest: &Rest, numbers: std::ops::Range<u64>) -> Result<Vec<Event>> {
    let mut interval = tokio::time::interval(Duration::from_millis(setting.of(50, 20)));
    let mut events = Vec::new();
    for number in numbers {
        interval.tick().await;
        let (number, began) = (FIRST + number, Instant::now());
        let id = rest.send_text(&format!("+{number}"), &format!("message for {number}")).await?;
        events.push(Event { number, id, began });
    }
    Ok(events)
}

/// Waits until the receiver has heard of all of these, and writes down what it was told; how long it took (p99).
async fn heard(rig: &mut Rig, receiver: &Receiver, events: &[Event]) -> Result<Duration> {
    let by_id: HashMap<&str, &Event> = events.iter().map(|event| (event.id.as_str(), event)).collect();
    let told = until("one that is well hears of everything", Duration::from_secs(60), async || {
        let mut told: HashMap<&str, (Instant, Vec<String>)> = HashMap::new();
        for delivery in receiver.sink.deliveries() {
            let body = delivery.verified(&receiver.secret)?;
            let id = body["data"]["message_id"].as_str().unwrap_or_default();
            if let Some((id, _)) = by_id.get_key_value(id) {
                told.entry(*id).or_insert((delivery.at(), Vec::new())).1.push(stat(&body));
            }
        }
        Ok((told.len() == events.len()).then_some(told))
    })
    .await?;
    let mut took = Vec::new();
    for (id, (at, told)) in told {
        let event = by_id.get(id).context("an event of nobody's")?;
        took.push(at.duration_since(event.began));
        rig.report.expect("told twice", told.len() == 1, format!("{id} {} times", told.len()));
        rig.clients.note(Sent { number: event.number, answer: Some(Ok(raw_id(id)?.to_string())), told });
    }
    Ok(p99(took))
}

/// An event in the words of receipts.
fn stat(body: &Value) -> String {
    match body["type"].as_str() {
        Some("message.delivered") => "DELIVRD".to_owned(),
        other => other.unwrap_or("nothing").to_owned(),
    }
}

/// Those that take an event at last take it once: a slow answer is one, and an endless one is not read.
async fn taken_once(report: &mut Report, others: &Receivers, count: usize) -> Result<()> {
    for (receiver, what) in [(&others.slow, "one that is slow"), (&others.endless, "one without end")] {
        let calls = receiver.calls(count).await?;
        let twice = calls.values().filter(|times| times.len() > 1).count();
        report.expect("told twice", twice == 0, format!("{twice} to {what}"));
        report.strike(what);
    }
    let octets = others.endless.sink.endless_octets();
    report.measured("octets written to an answer without end", octets);
    report.expect("an answer without end is read", octets <= ENDLESS_MAX * count as u64, octets.to_string());
    Ok(())
}

/// Each event is tried again after five seconds, and then after five minutes.
async fn keeps_its_schedule(rig: &mut Rig, receiver: &Receiver, what: &str, count: usize) -> Result<()> {
    until("a second attempt at each event", Duration::from_secs(60), async || {
        let calls = receiver.calls(count).await?;
        Ok(calls.values().all(|times| times.len() >= 2).then_some(()))
    })
    .await?;
    let calls = receiver.calls(count).await?;
    let pauses: Vec<_> = calls.values().map(|times| times[1].duration_since(times[0])).collect();
    let (least, most) = (pauses.iter().min().context("none")?, pauses.iter().max().context("none")?);
    let (from, to) = (Duration::from_secs(RETRY_S[0]), Duration::from_secs(RETRY_S[0] * 6 / 5 + LATE_S));
    rig.report.expect(
        "the schedule is not kept",
        *least >= from && *most <= to,
        format!("{least:?} to {most:?}: {what}"),
    );
    let thrice = calls.values().filter(|times| times.len() > 2).count();
    rig.report.expect("called too often", thrice == 0, format!("{thrice} events a third time: {what}"));
    let target = raw_id(&receiver.id)?;
    let due = format!("SELECT MIN(due_at), MAX(due_at), COUNT(*) FROM outbox WHERE target = {target} AND attempt = 2");
    let tried = format!(
        "SELECT MIN(at), MAX(at + took_ms * 1000) FROM webhook_deliveries WHERE webhook_id = {target} AND attempt = 2"
    );
    let mut database = rig.world.database().await?;
    let waits = until("the second attempts are stored", Duration::from_secs(30), async || {
        let rows: Vec<(Option<i64>, Option<i64>, i64)> = database.rows(&due).await?;
        Ok(rows.into_iter().find(|row| usize::try_from(row.2).is_ok_and(|waiting| waiting >= count)))
    })
    .await?;
    let tried: Vec<(i64, i64)> = database.rows(&tried).await?;
    let (first, last) = tried.first().context("no attempts")?;
    let (earliest, latest) = (waits.0.unwrap_or_default() - first, waits.1.unwrap_or_default() - last);
    let (from, to) = (i64::try_from(RETRY_S[1])? * 1_000_000, i64::try_from(RETRY_S[1] * 6 / 5 + LATE_S)? * 1_000_000);
    let text = format!("in {earliest} us at least, {latest} us at most: {what}");
    rig.report.expect("the schedule is not kept", earliest >= from && latest <= to, text);
    rig.report.measured(format!("second attempt after at most, ms: {what}"), u64::try_from(most.as_millis())?);
    rig.report.strike(what);
    Ok(())
}

/// Who wants time has it, who is gone is called no more, who never answers has its places, and nobody is called who was not registered.
async fn left_alone(rig: &mut Rig, rest: &Rest, others: &Receivers, count: usize) -> Result<()> {
    let retry_after = Duration::from_secs(RETRY_AFTER_S);
    let mut calls: Vec<Instant> = Vec::new();
    until("one that wants time is called again", 3 * retry_after, async || {
        calls = others.wants_time.sink.deliveries().iter().map(Delivery::at).collect();
        Ok((calls.len() >= 2).then_some(()))
    })
    .await?;
    calls.sort_unstable();
    let soonest = calls.windows(2).map(|pair| pair[1].duration_since(pair[0])).min().context("one call")?;
    let text = format!("again after {soonest:?} of {retry_after:?}");
    rig.report.expect("Retry-After is not heeded", soonest + Duration::from_millis(50) >= retry_after, text);
    rig.report.measured("called again by Retry-After after, ms", u64::try_from(soonest.as_millis())?);
    rig.report.strike("one that wants time");

    let shown = rest.get(&format!("/v1/webhooks/{}", others.gone.id)).await?.body;
    let is_gone = shown["state"] == "disabled" && shown["disabled_reason"] == "gone";
    rig.report.expect("410 does not disable", is_gone, shown.to_string());
    let called = others.gone.sink.deliveries().len();
    rig.report.expect("one that is gone is called", called <= PLACES.min(count - 1), format!("{called} times"));
    rig.report.measured("calls of one that is gone", called);
    rig.report.strike("one that is gone");

    // Nothing that it has was answered: with its first time-out other events come, and no more than it has places.
    let (stuck, calls) = (others.never.sink.deliveries(), count.min(PLACES));
    let first = stuck.iter().map(Delivery::at).min().context("it was not called")?;
    let at_once = stuck.iter().filter(|one| one.at().duration_since(first) < Duration::from_secs(14)).count();
    rig.report.expect("it has other places", at_once == calls, format!("{at_once} at the same time, not {calls}"));
    rig.report.strike("one that never answers");
    let led = others.elsewhere.deliveries().len();
    rig.report.expect("a redirect was followed", led == 0, format!("{led} times"));
    Ok(())
}

/// What waits for receivers still waits; messages have all ended.
async fn ends(rig: Rig, platform: Platform) -> Result<Report> {
    let mut database = rig.world.database().await?;
    until("all messages end", Duration::from_secs(60), async || {
        Ok((database.open_messages().await? == 0).then_some(()))
    })
    .await?;
    ensure!(platform.terminate(Duration::from_secs(30)).await?.success(), "it did not end well");
    rig.judged(&Rules::default()).await
}

impl Receivers {
    async fn register(rest: &Rest, well: Receiver) -> Result<Self> {
        let elsewhere = Sink::start(0).await?;
        let answering = async |answer: &str| {
            let receiver = Receiver::register(rest).await?;
            receiver.sink.answer_always(answer);
            anyhow::Ok(receiver)
        };
        let slow = Receiver::register(rest).await?;
        slow.sink.answer_after(SLOW);
        Ok(Self {
            well,
            slow,
            fails: answering("500 Internal Server Error").await?,
            wants_time: answering(&format!("429 Too Many Requests\r\nretry-after: {RETRY_AFTER_S}")).await?,
            gone: answering("410 Gone").await?,
            redirects: answering(&format!("302 Found\r\nlocation: {}", elsewhere.url())).await?,
            endless: answering("endless").await?,
            never: answering("never").await?,
            elsewhere,
        })
    }
}

impl Receiver {
    async fn register(rest: &Rest) -> Result<Self> {
        let sink = Sink::start(0).await?;
        let reply = rest.post("/v1/webhooks", &json!({ "url": sink.url() }), &[]).await?;
        ensure!(reply.status == 201, "{}: {}", reply.status, reply.text);
        let text = |key: &str| reply.body[key].as_str().map(str::to_owned).with_context(|| format!("no {key}"));
        Ok(Self { sink, id: text("id")?, secret: text("secret")? })
    }

    /// When it was called, by event of a message; once it was called for so many of them.
    async fn calls(&self, count: usize) -> Result<HashMap<String, Vec<Instant>>> {
        until("a call for each event", Duration::from_secs(120), async || {
            let mut calls: HashMap<String, Vec<Instant>> = HashMap::new();
            for delivery in self.sink.deliveries() {
                if delivery.verified(&self.secret)?["type"] != "webhook.disabled" {
                    calls.entry(delivery.id().to_owned()).or_default().push(delivery.at());
                }
            }
            Ok((calls.len() >= count).then_some(calls))
        })
        .await
    }
}
