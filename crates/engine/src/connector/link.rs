//! One bind that is up: its session, its window and what is open on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sambac_domain::time::Timestamp;
use sambac_smpp::Session;
use tokio::sync::Notify;

use super::ready::Announced;

/// A bound session and the segments sent on it.
pub(super) struct Link {
    pub(super) session: Session,
    window: AtomicUsize,
    /// Places taken: sent, and the answer not stored yet.
    taken: Arc<AtomicUsize>,
    room: Arc<Notify>,
    flights: Mutex<Flights>,
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
    taken: Arc<AtomicUsize>,
    room: Arc<Notify>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
        self.room.notify_one();
    }
}

impl Link {
    pub(super) fn new(session: Session, window: u16, room: Arc<Notify>) -> Self {
        let taken = Arc::new(AtomicUsize::new(0));
        let window = AtomicUsize::new(usize::from(window.max(1)));
        Self { session, window, taken, room, flights: Mutex::default() }
    }

    pub(super) fn window(&self) -> usize {
        self.window.load(Ordering::Relaxed)
    }

    /// From now on; what is sent already stays sent.
    pub(super) fn set_window(&self, window: u16) {
        self.window.store(usize::from(window.max(1)), Ordering::Relaxed);
        self.room.notify_one();
    }

    /// Places taken: sent, and the answer not stored yet.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    pub(super) fn free(&self) -> usize {
        self.window().saturating_sub(self.taken())
    }

    /// Takes a place in the window, if one is free.
    pub(super) fn slot(&self) -> Option<Slot> {
        let take = |taken: usize| (taken < self.window()).then_some(taken + 1);
        self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).ok()?;
        Some(Slot { taken: Arc::clone(&self.taken), room: Arc::clone(&self.room) })
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
        let mut open: Vec<_> = self.flights().drain().collect();
        open.sort_unstable_by_key(|(token, flight)| (flight.submitted_at, *token));
        open.into_iter().map(|(_, flight)| flight).collect()
    }

    fn flights(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
