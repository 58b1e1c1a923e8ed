//! A stream of events by WebSocket: one text message each, a ping when nothing happens, and a close frame that says why it ends.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use sambac_engine::feed::{EventFeed, FeedEnd, FeedStep};
use tokio::time::{Instant, timeout};

/// Octets of a message from the client, which has nothing to say.
const MESSAGE_OCTETS_MAX: usize = 4_096;
/// How long a client may take to read a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a client that answers no ping is believed to be there.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Takes the connection over and streams the feed.
pub(super) fn serve(upgrade: WebSocketUpgrade, feed: EventFeed) -> Response {
    // Nothing is gathered for a client that does not read: a message that does not fit is waited for.
    let upgrade = upgrade.max_message_size(MESSAGE_OCTETS_MAX).max_frame_size(MESSAGE_OCTETS_MAX).write_buffer_size(0);
    upgrade.on_upgrade(|socket| stream(socket, feed))
}

async fn stream(mut socket: WebSocket, mut feed: EventFeed) {
    let ready = serde_json::json!({ "ready": feed.cursor().to_string() }).to_string();
    if !send(&mut socket, Message::text(ready)).await {
        return;
    }
    let mut heard_at = Instant::now();
    let end = loop {
        let message = tokio::select! {
            step = feed.next() => match step {
                FeedStep::Event(event) => Message::text(event.json),
                FeedStep::Quiet if heard_at.elapsed() > SILENCE_MAX => return,
                FeedStep::Quiet => Message::Ping(Bytes::new()),
                FeedStep::End(end) => break end,
            },
            received = socket.recv() => match received {
                // Pings are answered by the library; what else is said is not for us.
                Some(Ok(message)) if !matches!(message, Message::Close(_)) => {
                    heard_at = Instant::now();
                    continue;
                }
                _ => return,
            },
        };
        if !send(&mut socket, message).await {
            // A last word, should it be heard: behind which event to go on.
            return close(&mut socket, close_code::POLICY, format!("too_slow {}", feed.cursor())).await;
        }
    };
    let code = match end {
        FeedEnd::Stopping => close_code::AWAY,
        FeedEnd::Revoked | FeedEnd::Behind => close_code::POLICY,
        FeedEnd::Unavailable => close_code::AGAIN,
    };
    close(&mut socket, code, format!("{} {}", end.as_str(), feed.cursor())).await;
}

/// Whether the client has taken it in time.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    timeout(SEND_TIMEOUT, socket.send(message)).await.is_ok_and(|sent| sent.is_ok())
}

async fn close(socket: &mut WebSocket, code: u16, reason: String) {
    // A client that does not read it has gone, or is cut off.
    let _ =
        timeout(Duration::from_secs(1), socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))))
            .await;
}
