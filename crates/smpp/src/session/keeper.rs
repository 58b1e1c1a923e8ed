//! The task that keeps time, and ends the session: whatever happens, `Closed` is the last event.

use super::link::Link;
use super::state::State;
use super::{CloseReason, Event, SessionConfig};
use crate::CommandId;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

/// How long the last answers may take to be written when the session is over.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Keeps time until the session is over, then ends its tasks and says so.
pub(super) async fn keep(
    link: Arc<Link>,
    reader: JoinHandle<Vec<Event>>,
    writer: JoinHandle<()>,
    events: Sender<Event>,
) {
    keep_time(&link, &events).await;
    tokio::join!(flush(&link, writer), say_closed(&link, reader, events));
}

async fn keep_time(link: &Link, events: &Sender<Event>) {
    let mut over = std::pin::pin!(link.until(|state| state.closed.is_some()));
    let period = link.config.tick();
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = &mut over => return,
            () = events.closed() => link.close(CloseReason::Local),
            now = ticks.tick() => look(link, now, events),
        }
    }
}

fn look(link: &Link, now: Instant, events: &Sender<Event>) {
    let (expired, is_drained) = link.with(|state| (expire(link, state, now, events), state.is_drained()));
    link.free_slots(expired, is_drained);
    if let Some(reason) = link.with(|state| check(link, state, now)) {
        link.close(reason);
    }
}

/// Times out what was not answered. While the owner does not take events, requests stay open: none is ever lost.
fn expire(link: &Link, state: &mut State, now: Instant, events: &Sender<Event>) -> usize {
    let mut expired = 0;
    while let Some(oldest) = state.window.oldest() {
        if now.saturating_duration_since(oldest.sent_at) < link.config.response_timeout {
            break;
        }
        let Ok(permit) = events.try_reserve() else { break };
        state.window.remove(oldest.sequence);
        permit.send(Event::Timeout { token: oldest.token });
        expired += 1;
    }
    expired
}

/// Looks at the peer's signs of life; returns why the session ends, if it does.
fn check(link: &Link, state: &mut State, now: Instant) -> Option<CloseReason> {
    let config = &link.config;
    let is_over = |since: Instant, limit: Duration| now.saturating_duration_since(since) >= limit;
    if let Some((_, since)) = state.peer_unbind
        && let Some(reason) =
            state.answer_unbind_when_due(is_over(since, config.unbind_grace), is_over(since, config.answer_grace))
    {
        return Some(reason);
    }
    if state.is_reader_waiting {
        return None;
    }
    if state.partial_since.is_some_and(|since| is_over(since, config.pdu_timeout)) {
        return Some(CloseReason::SlowPdu);
    }
    if !config.inactivity_timeout.is_zero() && is_over(state.active_at, config.inactivity_timeout) {
        state.own_request(CommandId::UNBIND);
        return Some(CloseReason::Inactive);
    }
    match state.probed_at {
        Some(since) if is_over(since, config.enquire_link_timeout) => return Some(CloseReason::Silent),
        None if is_probe_due(config, state.received_at, now) => state.probe(now),
        _ => {}
    }
    None
}

fn is_probe_due(config: &SessionConfig, received_at: Instant, now: Instant) -> bool {
    let interval = config.enquire_link_interval;
    !interval.is_zero() && now.saturating_duration_since(received_at) >= interval
}

async fn flush(link: &Link, mut writer: JoinHandle<()>) {
    if timeout(FLUSH_TIMEOUT, &mut writer).await.is_err() {
        writer.abort();
    }
    link.set_flushed();
}

async fn say_closed(link: &Link, reader: JoinHandle<Vec<Event>>, events: Sender<Event>) {
    let left = reader.await.unwrap_or_default();
    let (reason, unanswered) = {
        let mut state = link.lock();
        (state.closed.unwrap_or(CloseReason::Local), state.window.drain_tokens())
    };
    for event in left.into_iter().chain([Event::Closed { reason, unanswered }]) {
        if events.send(event).await.is_err() {
            // The owner is gone.
            return;
        }
    }
}
