//! Whether the sender waits for a place in a window that only a commit makes free: the group commit does not wait for more to
//! store then. A sender whose segments are all unanswered starves nobody's commit: an SMSC that is slow does not make the
//! commits of the others small.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

const FED: u8 = 0;
/// It waits, and every place is taken by a segment without an answer.
const BLOCKED: u8 = 1;
/// It waits, and an answer is about to be stored.
const STARVING: u8 = 2;

/// How the sender of one connector is.
#[derive(Debug, Default)]
pub(super) struct Hunger(AtomicU8);

/// The sender waits, as long as it lives. `starving` counts the senders that do.
pub(super) struct Waiting<'a> {
    hunger: &'a Hunger,
    starving: &'a AtomicUsize,
}

impl Hunger {
    /// Begins to wait.
    pub(super) fn wait<'a>(&'a self, starving: &'a AtomicUsize) -> Waiting<'a> {
        self.0.store(BLOCKED, Ordering::SeqCst);
        Waiting { hunger: self, starving }
    }

    /// An answer came, or had come already: it is about to be stored.
    pub(super) fn answered(&self, starving: &AtomicUsize) {
        if self.0.load(Ordering::Relaxed) == BLOCKED
            && self.0.compare_exchange(BLOCKED, STARVING, Ordering::SeqCst, Ordering::SeqCst).is_ok()
        {
            starving.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.hunger.0.swap(FED, Ordering::SeqCst) == STARVING {
            self.starving.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_that_waits_for_an_answer_to_be_stored_starves() {
        let (hunger, starving) = (Hunger::default(), AtomicUsize::new(0));
        let count = || starving.load(Ordering::SeqCst);
        hunger.answered(&starving);
        assert_eq!(count(), 0, "it does not wait");
        let waiting = hunger.wait(&starving);
        assert_eq!(count(), 0, "nothing was answered");
        hunger.answered(&starving);
        hunger.answered(&starving);
        assert_eq!(count(), 1);
        drop(waiting);
        assert_eq!(count(), 0);
        drop(hunger.wait(&starving));
        assert_eq!(count(), 0);
    }
}
