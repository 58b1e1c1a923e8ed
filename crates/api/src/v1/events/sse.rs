//! A stream of server-sent events. It is made as the client reads: nothing waits here but the event that is being written. A client
//! that reads nothing for a while is cut off by the listener, and goes on behind the last event that it had.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use sambac_engine::feed::{EventFeed, FeedEnd, FeedStep};

/// How long a client waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(2);
/// Tells proxies of a kind not to gather the answer.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How far a stream is.
enum Stage {
    /// Nothing was written.
    New,
    /// It goes on.
    Open,
    /// It has said why it ends.
    Ended,
}

/// The answer that streams a feed.
pub(super) fn stream(feed: EventFeed) -> Response {
    let events = stream::unfold((feed, Stage::New), |(mut feed, stage)| async move {
        let (event, stage) = match stage {
            Stage::New => (ready(&feed), Stage::Open),
            Stage::Open => match feed.next().await {
                FeedStep::Event(event) => (Event::default().id(event.id.to_string()).data(event.json), Stage::Open),
                FeedStep::Quiet => (Event::default().comment(""), Stage::Open),
                FeedStep::End(end) => (ended(&feed, end), Stage::Ended),
            },
            Stage::Ended => return None,
        };
        Some((Ok::<_, Infallible>(event), (feed, stage)))
    });
    let mut response = Sse::new(events).into_response();
    response.headers_mut().insert(UNBUFFERED, HeaderValue::from_static("no"));
    response
}

/// Where it begins: a client that is cut off before the first event goes on from here.
fn ready(feed: &EventFeed) -> Event {
    let cursor = feed.cursor().to_string();
    let data = serde_json::json!({ "cursor": cursor }).to_string();
    Event::default().event("ready").retry(RECONNECT).id(cursor).data(data)
}

fn ended(feed: &EventFeed, end: FeedEnd) -> Event {
    let data = serde_json::json!({ "reason": end.as_str(), "cursor": feed.cursor().to_string() }).to_string();
    Event::default().event("end").data(data)
}
