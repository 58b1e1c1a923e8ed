//! One bind that is up: its session, its window and what is open on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use sambac_domain::profile::FlowSettings;
use sambac_domain::time::Timestamp;
use sambac_smpp::{Frame, Header, Pdu, Session, TrySendError};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::ready::Announced;
use super::window::{Sign, Window};
use crate::token_bucket::TokenBucket;

/// Tokens of questions have this bit; those of segments are positive 63-bit numbers.
const QUESTION: u64 = 1 << 63;

/// A burst of one bind that nobody has set makes up for so much idle time.
const BURST_MS: u64 = 50;

/// A bound session and the segments sent on it.
pub(super) struct Link {
    pub(super) session: Session,
    window: Window,
    /// Share of OTPs in the window as it is configured, in percent.
    otp_percent: AtomicU8,
    /// Its own throughput.
    bucket: ArcSwap<TokenBucket>,
    places: Arc<Places>,
    flights: Mutex<Flights>,
    /// Who waits for the answer to a question, by its token.
    questions: Mutex<Questions>,
    next_question: AtomicU64,
}

/// Places taken in a window: sent, and the answer not stored yet.
struct Places {
    taken: AtomicUsize,
    /// Those that are not OTPs'.
    others: AtomicUsize,
    room: Arc<Notify>,
}

/// A segment that was written to the link.
pub(super) struct Flight {
    pub(super) announced: Announced,
    pub(super) slot: Slot,
    pub(super) submitted_at: Timestamp,
}

/// By their tokens.
type Flights = HashMap<u64, Flight>;

/// A place in a window; dropping it frees the place.
pub(crate) struct Slot {
    places: Arc<Places>,
    otp: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.places.taken.fetch_sub(1, Ordering::AcqRel);
        if !self.otp {
            self.places.others.fetch_sub(1, Ordering::AcqRel);
        }
        self.places.room.notify_one();
    }
}

impl Link {
    pub(super) fn new(session: Session, flow: &FlowSettings, window_max: u16, room: Arc<Notify>) -> Self {
        Self {
            session,
            window: Window::new(flow, window_max),
            otp_percent: AtomicU8::new(flow.otp_reserved_percent),
            bucket: ArcSwap::from_pointee(bucket(flow)),
            places: Arc::new(Places { taken: AtomicUsize::new(0), others: AtomicUsize::new(0), room }),
            flights: Mutex::default(),
            questions: Mutex::default(),
            next_question: AtomicU64::new(0),
        }
    }

    /// Places in the window as it is now.
    pub(super) fn window(&self) -> usize {
        self.window.size()
    }

    /// From now on by these settings; what is sent already stays sent.
    pub(super) fn set_window(&self, flow: &FlowSettings, window_max: u16) {
        self.window.configure(flow, window_max);
        if self.bucket.load().throughput() != flow.throughput_per_bind {
            self.bucket.store(Arc::new(bucket(flow)));
        }
        self.otp_percent.store(flow.otp_reserved_percent, Ordering::Relaxed);
        self.places.room.notify_one();
    }

    /// Places taken: sent, and the answer not stored yet.
    pub(super) fn taken(&self) -> usize {
        self.places.taken.load(Ordering::Acquire)
    }

    /// Free places for an OTP, or for something else while `otp_percent` of them are kept. One is kept also when no OTP came
    /// lately, if that is not more than their share: a window that an operator fills for minutes must let a code pass.
    pub(super) fn free(&self, otp: bool, otp_percent: u8) -> usize {
        let size = self.window.size();
        let free = size.saturating_sub(self.taken());
        if otp {
            return free;
        }
        let share = |percent: u8| size * usize::from(percent) / 100;
        let kept = share(otp_percent).max(share(self.otp_percent.load(Ordering::Relaxed)).min(1));
        free.min((size - kept).saturating_sub(self.places.others.load(Ordering::Acquire)))
    }

    /// Takes a place in the window, if one is free.
    pub(super) fn slot(&self, otp: bool, otp_percent: u8) -> Option<Slot> {
        let free = self.free(otp, otp_percent);
        if free <= 1 {
            self.window.used_up();
        }
        // A question may have taken it meanwhile.
        let size = self.window.size();
        let take = |taken: usize| (taken < size).then_some(taken + 1);
        let is_taken = free > 0 && self.places.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).is_ok();
        is_taken.then(|| {
            self.places.others.fetch_add(usize::from(!otp), Ordering::AcqRel);
            Slot { places: Arc::clone(&self.places), otp }
        })
    }

    /// Whether its own throughput lets a segment go.
    ///
    /// # Errors
    /// When to ask again.
    pub(super) fn may_send(&self, now: Instant) -> Result<(), Instant> {
        self.bucket.load().take(1, now)
    }

    /// An answer came: the window takes it in.
    pub(super) fn answered(&self, sign: Sign) {
        self.window.answered(sign, self.flights().len());
    }

    /// Whether answers have come that are not stored yet: their places will be free in a moment.
    pub(super) fn is_about_to_have_room(&self) -> bool {
        self.owed() < self.taken()
    }

    /// Segments and questions that the operator has not answered.
    pub(super) fn owed(&self) -> usize {
        self.flights().len() + self.questions().len()
    }

    /// Asks the operator something in a place of the window; its answer, or `None` when none came.
    ///
    /// # Errors
    /// When the question was not sent, or the link went before an answer could come.
    pub(super) async fn ask(&self, slot: Slot, pdu: &Pdu<'_>) -> Result<Option<(Header, Frame)>, TrySendError> {
        let token = QUESTION | self.next_question.fetch_add(1, Ordering::Relaxed);
        let (tell, answer) = oneshot::channel();
        self.questions().insert(token, tell);
        if let Err(error) = self.session.try_send(pdu, token) {
            self.questions().remove(&token);
            return Err(error);
        }
        let answer = answer.await;
        drop(slot);
        answer.map_err(|_| TrySendError::Closed)
    }

    /// Whether a token is a question's.
    pub(super) const fn is_question(token: u64) -> bool {
        token & QUESTION != 0
    }

    /// What came for a question, or that nothing did.
    pub(super) fn replied(&self, token: u64, reply: Option<(Header, Frame)>) {
        if let Some(tell) = self.questions().remove(&token) {
            // Who asked may have stopped waiting.
            let _ = tell.send(reply);
        }
    }

    /// Notes a segment as sent under the token returned: its id, by which the PDU log knows it.
    pub(super) fn depart(&self, flight: Flight) -> u64 {
        let token = flight.announced.queued.id.unsigned_abs();
        self.flights().insert(token, flight);
        token
    }

    /// The segment that a token stands for; it is no longer open then.
    pub(super) fn arrive(&self, token: u64) -> Option<Flight> {
        self.flights().remove(&token)
    }

    /// Everything that is open, oldest first: the link is gone.
    pub(super) fn abandon(&self) -> Vec<Flight> {
        self.questions().clear();
        let mut open: Vec<_> = self.flights().drain().collect();
        open.sort_unstable_by_key(|(token, flight)| (flight.submitted_at, *token));
        open.into_iter().map(|(_, flight)| flight).collect()
    }

    fn questions(&self) -> MutexGuard<'_, Questions> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flights(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Questions without an answer: `None` is told when there is none in time.
type Questions = HashMap<u64, oneshot::Sender<Option<(Header, Frame)>>>;

fn bucket(flow: &FlowSettings) -> TokenBucket {
    TokenBucket::new(flow.throughput_per_bind, BURST_MS, Instant::now())
}
