//! Receipts that came before the answer that names their segment: kept in memory, bounded, beside their rows on disk.

use std::collections::{HashMap, VecDeque};

use smallvec::SmallVec;

use super::receipt::Verdict;

/// Receipts that wait in memory at most; the rows of older ones stay on disk for a person to look at.
const CAPACITY: usize = 20_000;

/// Receipts of one key, with the ids of their rows, in the order in which they came.
pub(super) type Waiting = SmallVec<[(i64, Verdict); 1]>;

#[derive(Default)]
pub(super) struct Orphans {
    waiting: HashMap<i64, Waiting>,
    order: VecDeque<(i64, i64)>,
}

impl Orphans {
    /// Keeps a receipt under its key.
    pub(super) fn insert(&mut self, key: i64, id: i64, verdict: Verdict) {
        self.waiting.entry(key).or_default().push((id, verdict));
        self.order.push_back((key, id));
        while self.order.len() > CAPACITY {
            self.forget_oldest();
        }
    }

    /// The receipts that wait under a key.
    pub(super) fn take(&mut self, key: i64) -> Waiting {
        self.waiting.remove(&key).unwrap_or_default()
    }

    fn forget_oldest(&mut self) {
        let Some((key, id)) = self.order.pop_front() else { return };
        let Some(waiting) = self.waiting.get_mut(&key) else { return };
        waiting.retain(|(kept, _)| *kept != id);
        if waiting.is_empty() {
            self.waiting.remove(&key);
        }
    }
}
