//! One bind that is to be up: what it is doing now, as a person sees it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sambac_domain::time::Timestamp;
use sambac_smpp::{BindKind, Session};
use sambac_store::rows;
use tokio_util::sync::CancellationToken;

use super::link::Link;

/// What a bind is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindState {
    /// It connects and binds.
    Connecting,
    /// It waits for the SMSC to connect and send an outbind.
    Listening,
    /// It is up.
    Bound,
    /// It tries again later.
    Waiting {
        /// When.
        until: Timestamp,
    },
    /// It unbinds, or unbinds when everything on its way is answered.
    Draining,
    /// It stays down until a person starts the connector; why.
    Stopped(String),
}

/// A place for one bind.
pub(super) struct Seat {
    /// From 0; the two binds of a pair have the same.
    pub(super) number: usize,
    pub(super) kind: BindKind,
    /// The place is given up: settings want fewer binds, or the connector ends.
    pub(super) gone: CancellationToken,
    /// With which sequence number its next session begins; 0 before the first.
    sequence: AtomicU32,
    seen: Mutex<Seen>,
}

/// What is known of the bind.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) state: BindState,
    pub(super) since: Timestamp,
    pub(super) last_error: Option<(Timestamp, String)>,
    /// Where it is bound to, or tries to.
    pub(super) host: Option<String>,
    pub(super) peer_system_id: String,
    pub(super) peer_version: Option<u8>,
    pub(super) link: Option<Arc<Link>>,
}

impl Seat {
    pub(super) fn new(number: usize, kind: BindKind, gone: CancellationToken, now: Timestamp) -> Self {
        let seen = Seen {
            state: BindState::Connecting,
            since: now,
            last_error: None,
            host: None,
            peer_system_id: String::new(),
            peer_version: None,
            link: None,
        };
        Self { number, kind, gone, sequence: AtomicU32::new(0), seen: Mutex::new(seen) }
    }

    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    pub(super) fn is_bound(&self) -> bool {
        self.lock().state == BindState::Bound
    }

    /// Notes what it does now.
    pub(super) fn is_now(&self, state: BindState, now: Timestamp) {
        let mut seen = self.lock();
        if seen.state != state {
            (seen.state, seen.since) = (state, now);
        }
    }

    /// With which sequence number the next session begins, if there was one before.
    pub(super) fn sequence(&self) -> Option<u32> {
        Some(self.sequence.load(Ordering::Relaxed)).filter(|sequence| *sequence > 0)
    }

    /// A session is over. The next one goes on with its numbers: an answer that the SMSC owed this one is not taken for another message's then.
    pub(super) fn ended_with(&self, session: &Session) {
        self.sequence.store(session.next_sequence(), Ordering::Relaxed);
    }

    pub(super) fn goes_to(&self, host: String) {
        self.lock().host = Some(host);
    }

    pub(super) fn failed(&self, error: String, now: Timestamp) {
        self.lock().last_error = Some((now, error));
    }

    pub(super) fn bound(&self, link: &Arc<Link>, peer: (String, Option<u8>), now: Timestamp) {
        let mut seen = self.lock();
        (seen.state, seen.since, seen.link) = (BindState::Bound, now, Some(Arc::clone(link)));
        (seen.peer_system_id, seen.peer_version) = peer;
    }

    pub(super) fn unbound(&self) {
        self.lock().link = None;
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The places of a connector: `binds` of its kind, or as many pairs.
pub(super) fn wanted(kind: rows::BindKind, binds: u8) -> Vec<(usize, BindKind)> {
    let kinds: &[BindKind] = match kind {
        rows::BindKind::Transmitter => &[BindKind::Transmitter],
        rows::BindKind::Receiver => &[BindKind::Receiver],
        rows::BindKind::Transceiver => &[BindKind::Transceiver],
        rows::BindKind::Pair => &[BindKind::Transmitter, BindKind::Receiver],
    };
    let numbers = 0..usize::from(binds.max(1));
    numbers.flat_map(|number| kinds.iter().map(move |kind| (number, *kind))).collect()
}

/// How many of them are up; a pair is up when both of its binds are.
pub(super) fn bound(seats: &[Arc<Seat>]) -> usize {
    let is_whole = |seat: &&Arc<Seat>| {
        let mut both = seats.iter().filter(|other| other.number == seat.number);
        both.all(|other| other.is_bound())
    };
    let counted = seats.iter().filter(|seat| {
        // Of a pair, the transmitter counts for both.
        let is_second = seat.kind == BindKind::Receiver
            && seats.iter().any(|other| other.number == seat.number && other.kind == BindKind::Transmitter);
        !is_second
    });
    counted.filter(is_whole).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1);

    fn seats(kind: rows::BindKind, binds: u8) -> Vec<Arc<Seat>> {
        let seat = |(number, kind)| Arc::new(Seat::new(number, kind, CancellationToken::new(), NOW));
        wanted(kind, binds).into_iter().map(seat).collect()
    }

    #[test]
    fn a_pair_is_up_when_both_of_its_binds_are() {
        let seats = seats(rows::BindKind::Pair, 2);
        assert_eq!(seats.len(), 4);
        let mut counts = Vec::new();
        for seat in &seats {
            seat.is_now(BindState::Bound, NOW);
            counts.push(bound(&seats));
        }
        assert_eq!(counts, [0, 1, 1, 2]);
    }

    #[test]
    fn receivers_and_others_count_one_by_one() {
        for kind in [rows::BindKind::Receiver, rows::BindKind::Transmitter, rows::BindKind::Transceiver] {
            let seats = seats(kind, 2);
            seats[1].is_now(BindState::Bound, NOW);
            assert_eq!((seats.len(), bound(&seats)), (2, 1));
        }
    }
}
