//! The task that reads: takes in all whole PDUs of each read at once, and passes their events on in batches.

use super::link::Link;
use super::{CloseReason, Event};
use crate::Framer;
use bytes::BytesMut;
use std::future::Future;
use std::pin::{Pin, pin};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

/// Octets to make room for in one read.
const READ_OCTETS: usize = 16 * 1024;
/// Reads continue in the same memory until less than this is free.
const READ_OCTETS_MIN: usize = 4 * 1024;
/// Events passed on at a time.
const BATCH_EVENTS: usize = 128;

/// Reads until the session is over. Returns the events that could not be passed on before its end.
pub(super) async fn read<R>(link: &Link, mut io: R, mut buffer: BytesMut, events: &Sender<Event>) -> Vec<Event>
where
    R: AsyncRead + Unpin,
{
    let framer = Framer::new(link.config.max_pdu_bytes);
    let mut over = pin!(link.until(|state| state.closed.is_some()));
    let mut batch = Vec::new();
    let mut goes_on = buffer.is_empty() || link.take_in(framer, &mut buffer, &mut batch);
    loop {
        let is_passed_on = pass_on(link, &mut batch, events, over.as_mut()).await;
        if !is_passed_on || !goes_on || !wait_for_room(link, over.as_mut()).await {
            return batch;
        }
        if buffer.capacity() - buffer.len() < READ_OCTETS_MIN {
            buffer.reserve(READ_OCTETS);
        }
        let read = tokio::select! {
            biased;
            () = &mut over => return batch,
            read = io.read_buf(&mut buffer) => read,
        };
        match read {
            Ok(0) => link.close(CloseReason::PeerClosed),
            Ok(_) => goes_on = link.take_in(framer, &mut buffer, &mut batch),
            Err(error) => link.close(CloseReason::Io(error.kind())),
        }
    }
}

/// Passes all events on. False when the session ended before; what is left stays in `batch`.
async fn pass_on(
    link: &Link,
    batch: &mut Vec<Event>,
    events: &Sender<Event>,
    mut over: Pin<&mut impl Future<Output = ()>>,
) -> bool {
    while !batch.is_empty() {
        let count = batch.len().min(BATCH_EVENTS).min(events.max_capacity());
        let permits = match events.try_reserve_many(count) {
            Ok(permits) => permits,
            Err(_) => {
                let _waiting = Waiting::new(link);
                let reserved = tokio::select! {
                    biased;
                    () = &mut over => return false,
                    reserved = events.reserve_many(count) => reserved,
                };
                let Ok(permits) = reserved else {
                    link.close(CloseReason::Local);
                    return false;
                };
                permits
            }
        };
        for (permit, event) in permits.zip(batch.drain(..count)) {
            permit.send(event);
        }
    }
    true
}

/// While too much waits to be written, nothing more is read: else a peer that never reads could fill the memory.
async fn wait_for_room(link: &Link, mut over: Pin<&mut impl Future<Output = ()>>) -> bool {
    if link.has_room() {
        return true;
    }
    let _waiting = Waiting::new(link);
    tokio::select! {
        biased;
        () = &mut over => false,
        () = link.ready() => true,
    }
}

/// While this lives, the peer's silence proves nothing, because we do not listen.
struct Waiting<'a>(&'a Link);

impl<'a> Waiting<'a> {
    fn new(link: &'a Link) -> Self {
        link.lock().is_reader_waiting = true;
        Self(link)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.0.lock();
        state.is_reader_waiting = false;
        state.received_at = now;
        state.partial_since = state.partial_since.map(|_| now);
        // An open probe is asked anew when we have listened again.
        state.probed_at = None;
    }
}
