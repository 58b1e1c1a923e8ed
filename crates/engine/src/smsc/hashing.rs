//! The pool that hashes passwords: one place for those we have reason to trust, one for everybody, one for suspects.
//!
//! A wrong password of the latter two keeps its place idle for a while after it was hashed, so that however many come, they
//! take a known share of the machine, and nothing of what the first is for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::password;

/// Rest after a wrong password of anybody, in times of what its hash took: a quarter of one processor at most.
const REST: u32 = 3;
/// The same for suspects: a twentieth.
const SUSPECT_REST: u32 = 19;

/// Whose password it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// It bound from there before, or comes from an address that the account names.
    Trusted,
    /// Anybody.
    Anybody,
    /// It failed often of late.
    Suspect,
}

/// The places.
pub(crate) struct Hashing {
    trusted: Arc<Semaphore>,
    anybody: Arc<Semaphore>,
    suspects: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        let one = || Arc::new(Semaphore::new(1));
        Self { trusted: one(), anybody: one(), suspects: one() }
    }
}

impl Hashing {
    /// Whether `password` is the one that was hashed. Waits for a place, and hashes unless it is `known` by then. Whoever stops
    /// waiting for the answer after that does not make the place free any earlier.
    pub(super) async fn verify(&self, lane: Lane, known: impl Fn() -> bool, password: &[u8], hash: &str) -> bool {
        let (places, rest) = match lane {
            Lane::Trusted => (&self.trusted, 0),
            Lane::Anybody => (&self.anybody, REST),
            Lane::Suspect => (&self.suspects, SUSPECT_REST),
        };
        let Ok(place) = Arc::clone(places).acquire_owned().await else { return false };
        if known() {
            return true;
        }
        let (done, verified) = oneshot::channel();
        tokio::spawn(hash_and_rest(place, rest, (password.to_vec(), hash.to_owned()), done));
        verified.await.unwrap_or(false)
    }
}

async fn hash_and_rest(
    place: OwnedSemaphorePermit,
    rest: u32,
    (password, hash): (Vec<u8>, String),
    done: oneshot::Sender<bool>,
) {
    let hashed = tokio::task::spawn_blocking(move || {
        let started = Instant::now();
        (password::verify(&password, &hash), started.elapsed())
    });
    let (verified, took) = hashed.await.unwrap_or((false, Duration::ZERO));
    // Nobody waits for it any more: that changes nothing.
    let _ = done.send(verified);
    if !verified {
        tokio::time::sleep(took * rest).await;
    }
    drop(place);
}
