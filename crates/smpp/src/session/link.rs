//! What the handles and the tasks of one session share: the state behind a short lock, and the bells between them.

use super::state::State;
use super::{BindKind, CloseReason, Event, SessionConfig, Tap};
use crate::encode::encode_header;
use crate::{CommandId, CommandStatus, EncodeError, FrameError, Framer, Pdu};
use bytes::BytesMut;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

pub(super) struct Link {
    pub(super) config: SessionConfig,
    pub(super) kind: BindKind,
    pub(super) peer_interface_version: Option<u8>,
    /// The free slots of the window.
    pub(super) slots: Semaphore,
    /// Rung when there is something to write.
    pub(super) written: Notify,
    /// Rung when the writer took what was waiting.
    room: Notify,
    /// Rung when the session ends, when its last request is answered, and when all is written.
    progress: Notify,
    state: Mutex<State>,
}

/// The session takes no more requests or responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over;

/// Why a request was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unqueued {
    Over,
    Full,
    Encode(EncodeError),
}

/// What the writer is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Write,
    Wait,
    Done,
}

impl Link {
    pub(super) fn new(
        config: SessionConfig,
        kind: BindKind,
        peer_interface_version: Option<u8>,
        sequence: u32,
    ) -> Self {
        let window = config.window_clamped();
        let mut state = State::new(window, sequence, config.broken_tlvs);
        state.grants_answers = !config.unbind_grace.is_zero();
        state.owes_answers = !config.answer_grace.is_zero();
        Self {
            config,
            kind,
            peer_interface_version,
            slots: Semaphore::new(usize::from(window)),
            written: Notify::new(),
            room: Notify::new(),
            progress: Notify::new(),
            state: Mutex::new(state),
        }
    }

    /// The state. The lock is held for encoding or for one batch of PDUs, never across an await.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the state, lets the tap hear what it wrote, and wakes the writer if there was nothing to write
    /// before and is now.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let waiting = state.out.len();
        let result = act(&mut state);
        let is_due = waiting == 0 && !state.out.is_empty();
        if let (Some(tap), Some(written)) = (&self.config.tap, state.out.get(waiting..)) {
            tap.sent(written, Some(&state.window));
        }
        drop(state);
        if is_due {
            self.written.notify_one();
        }
        result
    }

    /// Writes a request into the buffer. The caller holds a slot.
    pub(super) fn queue_request(&self, pdu: &Pdu<'_>, token: u64) -> Result<u32, Unqueued> {
        let bound = self.config.write_buffer_bytes_max;
        self.with(|state| {
            if state.closed.is_some() || state.is_draining {
                return Err(Unqueued::Over);
            }
            if state.out.len() >= bound {
                return Err(Unqueued::Full);
            }
            state.request(pdu, token, Instant::now()).map_err(Unqueued::Encode)
        })
    }

    /// Lets `answer` write the answer to a request of the peer into the buffer, unless the session is over.
    pub(super) fn queue_response<E>(
        &self,
        answer: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<Result<(), E>, Over> {
        let mut is_settled = false;
        let (written, end) = self.with(|state| {
            if state.closed.is_some() {
                return (Err(Over), None);
            }
            let written = answer(&mut state.out);
            let end = if written.is_ok() { state.answered() } else { None };
            is_settled = state.is_draining && state.owes_nothing();
            (Ok(written), end)
        });
        if is_settled {
            self.progress.notify_waiters();
        }
        if let Some(reason) = end {
            self.close(reason);
        }
        written
    }

    /// Takes in all whole PDUs of `buffer`. Returns whether the session goes on.
    pub(super) fn take_in(&self, framer: Framer, buffer: &mut BytesMut, events: &mut Vec<Event>) -> bool {
        let now = Instant::now();
        let (end, answered, is_drained) = self.with(|state| {
            let (open, octets) = (state.window.len(), buffer.len());
            state.received_at = now;
            state.probed_at = None;
            let end = take_frames(state, self.config.tap.as_ref(), framer, buffer, now, events);
            state.keep_partial(octets, buffer.len(), now);
            (end, open - state.window.len(), state.is_drained())
        });
        self.free_slots(answered, is_drained);
        if let Some(reason) = end {
            self.close(reason);
        }
        end.is_none()
    }

    /// Gives back slots of the window.
    pub(super) fn free_slots(&self, count: usize, is_drained: bool) {
        if count > 0 {
            self.slots.add_permits(count);
        }
        if is_drained {
            self.progress.notify_waiters();
        }
    }

    /// Swaps what waits to be written into `chunk`, which is empty.
    pub(super) fn take_output(&self, chunk: &mut BytesMut) -> Output {
        let mut state = self.lock();
        if state.out.is_empty() {
            return if state.closed.is_some() { Output::Done } else { Output::Wait };
        }
        std::mem::swap(&mut state.out, chunk);
        drop(state);
        self.room.notify_waiters();
        Output::Write
    }

    /// Ends the session; the first reason stays.
    pub(super) fn close(&self, reason: CloseReason) {
        self.lock().closed.get_or_insert(reason);
        self.slots.close();
        self.written.notify_one();
        self.room.notify_waiters();
        self.progress.notify_waiters();
    }

    /// Takes no more requests.
    pub(super) fn drain(&self) {
        self.lock().is_draining = true;
        self.slots.close();
    }

    pub(super) fn set_flushed(&self) {
        self.lock().is_flushed = true;
        self.progress.notify_waiters();
    }

    /// Whether another write may be queued, or none ever will.
    pub(super) fn has_room(&self) -> bool {
        let state = self.lock();
        state.out.len() < self.config.write_buffer_bytes_max || state.closed.is_some()
    }

    /// Waits for room in the write buffer, or for the end.
    pub(super) async fn ready(&self) {
        until(&self.room, || self.has_room()).await;
    }

    /// Waits until `holds`; looked at whenever the session makes progress.
    pub(super) async fn until(&self, holds: impl Fn(&State) -> bool) {
        until(&self.progress, || holds(&self.lock())).await;
    }
}

async fn until(bell: &Notify, holds: impl Fn() -> bool) {
    loop {
        let mut rung = std::pin::pin!(bell.notified());
        rung.as_mut().enable();
        if holds() {
            return;
        }
        rung.await;
    }
}

fn take_frames(
    state: &mut State,
    tap: Option<&Tap>,
    framer: Framer,
    buffer: &mut BytesMut,
    now: Instant,
    events: &mut Vec<Event>,
) -> Option<CloseReason> {
    loop {
        match framer.next(buffer) {
            Ok(Some(frame)) => {
                if let Some(tap) = tap {
                    tap.received(frame.bytes());
                }
                if let Some(reason) = state.inbound(frame, now, events) {
                    return Some(reason);
                }
            }
            Ok(None) => return state.answer_unbind_when_due(false, false),
            Err(FrameError { command_length, sequence }) => {
                encode_header(CommandId::GENERIC_NACK, sequence, CommandStatus::RINVCMDLEN, &mut state.out);
                return Some(CloseReason::BadLength { command_length });
            }
        }
    }
}
