//! The account's events as a list and as streams, of the real binary: nothing is missed and nothing comes twice.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{EventSocket, EventStream, Rest, Said};
use serde_json::{Value, json};

use crate::Healthy;

const TO: &str = "+447700900123";

/// Sends so many messages and waits for their ends; returns their ids, in no order of events.
async fn sent(rest: &Rest, count: usize) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(rest.send_text(TO, &format!("number {number}")).await?);
    }
    for id in &ids {
        rest.final_state(id).await?;
    }
    Ok(ids)
}

/// All events that are kept, as pages of the list tell them.
async fn listed(rest: &Rest, more: &str) -> Result<Vec<Value>> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = rest.get(&format!("/v1/events?limit=3{after}{more}")).await?;
        ensure!(page.status == 200, "{}: {}", page.status, page.text);
        all.extend(page.body["data"].as_array().context("no data")?.clone());
        after = format!("&after={}", page.body["cursor"].as_str().context("no cursor")?);
        if page.body["more"] == false {
            return Ok(all);
        }
    }
}

fn message(event: &Value) -> String {
    event["data"]["message_id"].as_str().unwrap_or_default().to_owned()
}

/// A stream that is cut, also by the end of the process, goes on behind the last event that was read: each message is told once, in
/// the order of the list.
#[tokio::test]
async fn a_stream_that_is_cut_goes_on_where_it_was() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("event_stream").await?;
    let rest = platform.rest(&secrets)?;
    let mut stream = EventStream::open(&rest, "/v1/events", None).await?;
    assert_eq!(stream.event().await?.name, "ready");
    let mut messages = sent(&rest, 5).await?;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(stream.event().await?);
    }
    drop(stream);
    messages.extend(sent(&rest, 4).await?);

    let mut stream = EventStream::open(&rest, "/v1/events", Some(&told[2].id)).await?;
    assert_eq!(stream.event().await?.id, told[2].id, "it is ready behind the third");
    for _ in 0..2 {
        told.push(stream.event().await?);
    }
    platform.kill_9().await?;
    let platform = world.platform(&[]).await?;
    let rest = platform.rest(&secrets)?;
    let path = format!("/v1/events?after={}", told[4].id);
    let mut stream = EventStream::open(&rest, &path, None).await?;
    assert_eq!(stream.event().await?.name, "ready");
    while told.len() < messages.len() {
        told.push(stream.event().await?);
    }
    messages.extend(sent(&rest, 1).await?);
    told.push(stream.event().await?);

    let events: Vec<Value> = told.iter().map(|sent| sent.data.clone()).collect();
    assert_eq!(events, listed(&rest, "").await?, "the list is the same");
    assert!(told.iter().all(|sent| sent.name.is_empty() && sent.data["id"] == *sent.id));
    let mut seen: Vec<String> = events.iter().map(message).collect();
    seen.sort();
    messages.sort();
    assert_eq!(seen, messages, "each once");
    world.passed();
    Ok(())
}

/// A WebSocket tells the same, of the types that it was asked for, and says on the way out behind which event to go on.
#[tokio::test]
async fn a_socket_tells_the_same_and_says_goodbye() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("event_socket").await?;
    let rest = platform.rest(&secrets)?;
    let mut socket = EventSocket::open(&rest, "/v1/events/ws").await?;
    let begin = socket.event().await?["ready"].as_str().context("no cursor")?.to_owned();
    let mut other = EventSocket::open(&rest, "/v1/events/ws?types=message.failed,balance.low").await?;
    other.event().await?;
    let messages = sent(&rest, 2).await?;
    let mut told = vec![socket.event().await?, socket.event().await?];
    assert_eq!(told, listed(&rest, "").await?);
    assert!(told.iter().all(|event| event["type"] == "message.delivered" && messages.contains(&message(event))));
    let mut again = EventSocket::open(&rest, &format!("/v1/events/ws?after={begin}")).await?;
    again.event().await?;
    assert_eq!([again.event().await?, again.event().await?].as_slice(), told.as_slice(), "all of it again");

    let status = platform.terminate(Duration::from_secs(20)).await?;
    ensure!(status.success(), "{status}");
    let last = told.pop().context("an event")?["id"].as_str().context("an id")?.to_owned();
    for socket in [&mut socket, &mut again] {
        let Said::Closed(code, reason) = socket.next().await? else { anyhow::bail!("another event") };
        assert_eq!((code, reason), (1001, format!("stopping {last}")));
    }
    let Said::Closed(1001, _) = other.next().await? else { anyhow::bail!("told of what it did not want") };
    world.passed();
    Ok(())
}

/// A key that is revoked hears nothing more: its streams end within a second.
#[tokio::test]
async fn a_revoked_key_ends_its_streams() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("event_revoked").await?;
    let rest = platform.rest(&secrets)?;
    let made = rest.post("/v1/keys", &json!({ "name": "listener", "scopes": ["events:read"] }), &[]).await?;
    let listener = rest.with_key(made.body["key"].as_str().with_context(|| made.text.clone())?);
    let mut stream = EventStream::open(&listener, "/v1/events", None).await?;
    stream.event().await?;
    let mut socket = EventSocket::open(&listener, "/v1/events/ws").await?;
    socket.event().await?;
    let id = made.body["id"].as_str().context("no id")?;
    assert_eq!(rest.delete(&format!("/v1/keys/{id}")).await?.status, 204);
    let revoked_at = Instant::now();
    let end = stream.event().await?;
    assert_eq!((end.name.as_str(), end.data["reason"].as_str()), ("end", Some("key_revoked")));
    assert_eq!(stream.next().await?, None, "and the answer has ended");
    let Said::Closed(code, reason) = socket.next().await? else { anyhow::bail!("another event") };
    assert!(code == 1008 && reason.starts_with("key_revoked "), "{code} {reason}");
    assert!(revoked_at.elapsed() < Duration::from_secs(1), "{:?}", revoked_at.elapsed());
    assert_eq!(listener.get("/v1/events").await?.status, 401);
    world.passed();
    Ok(())
}

/// A key has four streams and no more; one that ends makes room. What is no cursor or no type is refused with its name.
#[tokio::test]
async fn streams_are_bounded_and_cursors_are_checked() -> Result<()> {
    let Healthy { world, operator: _operator, secrets, platform } = Healthy::start("event_bounds").await?;
    let rest = platform.rest(&secrets)?;
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut stream = EventStream::open(&rest, "/v1/events", None).await?;
        stream.event().await?;
        open.push(stream);
    }
    let fifth = EventStream::open(&rest, "/v1/events", None).await;
    assert!(fifth.is_err_and(|error| error.to_string().starts_with("429: ")));
    let socket = EventSocket::open(&rest, "/v1/events/ws").await;
    assert!(socket.is_err_and(|error| error.to_string().starts_with("429 ")));
    open.pop();
    sambac_testkit::scenario::wait::until_true("room for another", async || {
        Ok(EventStream::open(&rest, "/v1/events", None).await.is_ok())
    })
    .await?;
    for (query, name) in [("after=msg_0000000000100", "after"), ("after=x", "after"), ("types=message.lost", "types")] {
        let reply = rest.get(&format!("/v1/events?{query}")).await?;
        assert_eq!((reply.status, reply.body["errors"][0]["parameter"].as_str()), (400, Some(name)), "{}", reply.text);
    }
    assert_eq!(rest.get("/v1/events/ws").await?.status, 400, "it is no WebSocket");
    world.passed();
    Ok(())
}
