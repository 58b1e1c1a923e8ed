//! The log of PDUs: what went over every session lately, in memory, without texts, passwords and whole numbers.
//!
//! Each session has a ring of its own, bounded in PDUs and octets, so that a busy session does not push out what a
//! quiet one said. Rings of sessions that have ended stay for a while, those of refused binds in fewer places, so that
//! strangers do not push out what matters. Records are searched, followed live, and exported as a capture for Wireshark.
//!
//! ```text
//! engine.pdu_log().search(&Query { system_id: Some("bank".into()), ..Query::default() });
//! engine.pdu_log().follow(Query::default());
//! capture::write(&records);
//! ```

pub mod capture;
mod fields;
mod query;
mod record;
mod ring;
mod tail;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sambac_domain::time::Timestamp;
use sambac_smpp::{Tap, Tapped};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

pub use fields::fields;
pub use query::{Query, command, status};
pub use record::{Found, PduRecord, Side, TappedSession};
pub use tail::{Follow, Followed};

use crate::Engine;
use crate::clock::Clock;
use ring::Ring;

/// Rings kept of sessions that were bound and have ended.
const ENDED_MAX: usize = 64;
/// Rings kept of connections that never were bound.
const REFUSED_MAX: usize = 16;
/// Records that a follower may be behind before it loses some.
const TAIL_CAPACITY: usize = 4_096;

/// The bounds of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PduLogLimits {
    /// PDUs kept of one session; with 0 there is no log.
    pub session_pdus_max: usize,
    /// Octets kept of one session.
    pub session_octets_max: usize,
    /// How long texts and whole numbers may be kept and shown at a time; with 0 never. Passwords never are.
    pub reveal_max: Duration,
}

impl Default for PduLogLimits {
    fn default() -> Self {
        Self { session_pdus_max: 256, session_octets_max: 32 * 1024, reveal_max: Duration::ZERO }
    }
}

/// Texts are not to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RevealError {
    /// The configuration does not allow it.
    #[error("pdu_log.reveal_s_max is 0: texts are never shown on this platform")]
    Never,
    /// For longer than the configuration allows.
    #[error("at most {0} seconds at a time")]
    TooLong(u64),
}

/// All rings.
pub struct PduLog {
    limits: PduLogLimits,
    clock: Clock,
    rings: Mutex<Rings>,
    sessions: AtomicU64,
    numbers: AtomicU64,
    /// Until when PDUs are kept as they are, in UTC microseconds.
    revealed_until: AtomicI64,
    tail: broadcast::Sender<Arc<PduRecord>>,
    ending: CancellationToken,
}

#[derive(Default)]
struct Rings {
    open: Vec<Arc<Ring>>,
    ended: VecDeque<Arc<Ring>>,
    refused: VecDeque<Arc<Ring>>,
}

impl Engine {
    /// The log of PDUs.
    pub fn pdu_log(&self) -> &PduLog {
        &self.0.pdu_log
    }
}

impl PduLog {
    pub(crate) fn new(limits: PduLogLimits, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            limits,
            clock,
            rings: Mutex::default(),
            sessions: AtomicU64::new(0),
            numbers: AtomicU64::new(0),
            revealed_until: AtomicI64::new(i64::MIN),
            tail: broadcast::Sender::new(TAIL_CAPACITY),
            ending: CancellationToken::new(),
        })
    }

    /// A tap for a connection that begins; none when there is no log. Its ring counts as ended once the tap is dropped.
    pub(crate) fn tap(self: &Arc<Self>, side: Side, ours: SocketAddr, theirs: SocketAddr) -> Option<Tap> {
        if self.limits.session_pdus_max == 0 {
            return None;
        }
        let number = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        let ring = Arc::new(Ring::new(TappedSession { number, side, ours, theirs }, &self.limits));
        self.rings().open.push(Arc::clone(&ring));
        let open = Open { log: Arc::clone(self), ring };
        Some(Tap::new(move |pdu| open.hear(pdu)))
    }

    /// Lets PDUs be kept with their texts and numbers from now on, for so long; zero ends it. What was kept so is masked
    /// again when the time is over.
    ///
    /// # Errors
    /// When the configuration does not allow it, or not for so long.
    pub fn reveal(&self, time: Duration) -> Result<Timestamp, RevealError> {
        let max = self.limits.reveal_max;
        if max.is_zero() {
            return Err(RevealError::Never);
        }
        if time > max {
            return Err(RevealError::TooLong(max.as_secs()));
        }
        let until = self.clock.now().saturating_add(time);
        self.revealed_until.store(until.0, Ordering::Relaxed);
        tracing::warn!(
            seconds = time.as_secs(),
            until = until.rfc3339(),
            "the PDU log shows texts and numbers for a time"
        );
        Ok(until)
    }

    /// Until when texts and numbers are shown; none when they are not.
    pub fn revealed_until(&self) -> Option<Timestamp> {
        let until = Timestamp(self.revealed_until.load(Ordering::Relaxed));
        (self.clock.now() < until).then_some(until)
    }

    /// What matches, oldest first: the last `query.limit` of it.
    pub fn search(&self, query: &Query) -> Vec<Found> {
        let rings: Vec<_> = self.rings().all().filter(|ring| query.wants(&ring.session)).cloned().collect();
        let revealed = self.revealed_until().is_some();
        let sessions = rings.iter().map(|ring| ring.records(revealed)).collect();
        query::run(query, sessions)
    }

    /// What matches from now on.
    pub fn follow(&self, query: Query) -> Follow {
        Follow::new(self.tail.subscribe(), query, self.ending.clone())
    }

    /// How many follow.
    pub fn followers(&self) -> usize {
        self.tail.receiver_count()
    }

    /// Lets those who follow come to their end, because the platform does.
    pub fn end_following(&self) {
        self.ending.cancel();
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rings {
    fn all(&self) -> impl Iterator<Item = &Arc<Ring>> {
        self.refused.iter().chain(&self.ended).chain(&self.open)
    }

    fn end(&mut self, ring: &Arc<Ring>) {
        self.open.retain(|other| !Arc::ptr_eq(other, ring));
        let (ended, max) =
            if ring.was_bound() { (&mut self.ended, ENDED_MAX) } else { (&mut self.refused, REFUSED_MAX) };
        ended.push_back(Arc::clone(ring));
        while ended.len() > max {
            ended.pop_front();
        }
    }
}

/// A connection that lasts.
struct Open {
    log: Arc<PduLog>,
    ring: Arc<Ring>,
}

impl Open {
    fn hear(&self, pdu: Tapped<'_>) {
        let log = &self.log;
        let (at, number) = (log.clock.now(), log.numbers.fetch_add(1, Ordering::Relaxed) + 1);
        let revealed = at.0 < log.revealed_until.load(Ordering::Relaxed);
        let is_followed = log.tail.receiver_count() > 0;
        if let Some(record) = self.ring.keep(number, at, pdu, revealed, is_followed) {
            // Fails only when the last follower left just now.
            let _ = log.tail.send(Arc::new(record));
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.log.rings().end(&self.ring);
    }
}

#[cfg(test)]
mod tests;
