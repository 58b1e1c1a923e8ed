//! Receipts that came before the answer that names their segment: kept in memory, bounded, beside their rows on disk.

use std::collections::{HashMap, VecDeque};

use super::receipt::Verdict;

/// Receipts that wait in memory at most; the rows of older ones stay on disk for a person to look at.
const CAPACITY: usize = 20_000;

#[derive(Default)]
pub(super) struct Orphans {
    waiting: HashMap<i64, (i64, Verdict)>,
    order: VecDeque<(i64, i64)>,
}

impl Orphans {
    /// Keeps a receipt under its key; a second one with the same key replaces the first, whose row stays.
    pub(super) fn insert(&mut self, key: i64, id: i64, verdict: Verdict) {
        self.waiting.insert(key, (id, verdict));
        self.order.push_back((key, id));
        while self.order.len() > CAPACITY {
            if let Some((key, id)) = self.order.pop_front()
                && self.waiting.get(&key).is_some_and(|(kept, _)| *kept == id)
            {
                self.waiting.remove(&key);
            }
        }
    }

    pub(super) fn take(&mut self, key: i64) -> Option<(i64, Verdict)> {
        self.waiting.remove(&key)
    }
}
