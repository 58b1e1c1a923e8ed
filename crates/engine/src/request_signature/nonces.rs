//! Nonces that have come: none is taken twice while its signature could still hold. Their number is bounded, and when there is no room a
//! request is refused, not let through.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sambac_domain::ApiKeyId;
use sambac_store::rows::RequestNonceRow;
use sha2::{Digest as _, Sha256};

use super::{AGE_MAX_S, AHEAD_MAX_S};

/// Seconds after which a signature does not hold any more, from the first moment at which it did.
pub(super) const SPAN_S: i64 = AGE_MAX_S + AHEAD_MAX_S;
/// Nonces of one span.
pub(crate) const SPAN_NONCES_MAX: usize = 200_000;

/// Those of this span and of the one before.
pub(crate) struct Nonces {
    most: usize,
    spans: Mutex<Spans>,
}

#[derive(Default)]
struct Spans {
    number: i64,
    now: HashSet<[u8; 16]>,
    before: HashSet<[u8; 16]>,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Its hash.
    New([u8; 16]),
    Before,
    NoRoom,
}

impl Default for Nonces {
    fn default() -> Self {
        Self { most: SPAN_NONCES_MAX, spans: Mutex::default() }
    }
}

impl Nonces {
    /// With those that have come already, to this process or another.
    pub(crate) fn restored(rows: &[RequestNonceRow], now_s: i64) -> Self {
        let hashes = rows.iter().filter_map(|row| row.hash.as_slice().try_into().ok());
        let spans = Spans { number: now_s.div_euclid(SPAN_S), now: hashes.collect(), before: HashSet::new() };
        Self { most: SPAN_NONCES_MAX, spans: Mutex::new(spans) }
    }

    /// Takes one; what is new is to be stored before its request does anything.
    pub(super) fn take(&self, key: ApiKeyId, nonce: &str, now_s: i64) -> Taken {
        let hash = hash(key, nonce);
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.turn(now_s.div_euclid(SPAN_S));
        if spans.now.contains(&hash) || spans.before.contains(&hash) {
            return Taken::Before;
        }
        if spans.now.len() >= self.most {
            return Taken::NoRoom;
        }
        spans.now.insert(hash);
        Taken::New(hash)
    }
}

impl Spans {
    fn turn(&mut self, number: i64) {
        // A clock that goes back forgets nothing.
        if number <= self.number {
            return;
        }
        let last = std::mem::take(&mut self.now);
        self.before = if number == self.number + 1 { last } else { HashSet::new() };
        self.number = number;
    }
}

fn hash(key: ApiKeyId, nonce: &str) -> [u8; 16] {
    let digest = Sha256::digest(format!("{key} {nonce}").as_bytes());
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest[..16]);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: ApiKeyId = ApiKeyId::from_raw(256);

    fn is_new(taken: Taken) -> bool {
        matches!(taken, Taken::New(_))
    }

    /// What came to another process, or before a restart, has come.
    #[test]
    fn what_is_stored_has_come() {
        let start = SPAN_S * 1_000;
        let Taken::New(hash) = Nonces::default().take(KEY, "a", start) else { panic!("it is new") };
        let row = RequestNonceRow { hash: hash.to_vec(), expires_at: sambac_domain::Timestamp(0) };
        let nonces = Nonces::restored(&[row], start + 1);
        assert_eq!([1, SPAN_S].map(|later| nonces.take(KEY, "a", start + later)), [Taken::Before; 2]);
        assert!(is_new(nonces.take(KEY, "b", start)));
    }

    /// A nonce is taken once for as long as a signature holds, each key for itself.
    #[test]
    fn a_nonce_is_taken_once() {
        let nonces = Nonces::default();
        let start = SPAN_S * 1_000;
        assert!(is_new(nonces.take(KEY, "a", start + SPAN_S - 1)));
        assert!(is_new(nonces.take(ApiKeyId::from_raw(512), "a", start + SPAN_S - 1)));
        for later in [0, 1, SPAN_S] {
            assert_eq!(nonces.take(KEY, "a", start + SPAN_S - 1 + later), Taken::Before, "{later}");
        }
        assert!(is_new(nonces.take(KEY, "a", start + 3 * SPAN_S)), "its signature is long too old");
    }

    /// When there is no room nothing passes, until there is.
    #[test]
    fn without_room_nothing_passes() {
        let nonces = Nonces { most: 2, spans: Mutex::default() };
        let taken = ["a", "b", "c", "a"].map(|nonce| nonces.take(KEY, nonce, 0));
        assert!(is_new(taken[0]) && is_new(taken[1]));
        assert_eq!(taken[2..], [Taken::NoRoom, Taken::Before]);
        assert!(is_new(nonces.take(KEY, "c", SPAN_S)));
        assert_eq!(nonces.take(KEY, "a", SPAN_S), Taken::Before);
    }
}
