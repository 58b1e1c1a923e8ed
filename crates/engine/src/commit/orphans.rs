//! Receipts that came before the answer that names their segment: kept in memory, bounded, beside their rows on disk.

use std::collections::{HashMap, HashSet, VecDeque};

use smallvec::SmallVec;

use super::Found;

/// Receipts that wait in memory at most; the rows of older ones stay on disk and are looked at again from there.
const CAPACITY: usize = 20_000;

/// Receipts that are remembered as matched: as many as may be read and not yet decided.
const DONE_KEPT: usize = 1_024;

/// A receipt that waits, with the id of its row.
pub(super) type Waiting = (i64, Found);

#[derive(Default)]
pub(super) struct Orphans {
    waiting: HashMap<i64, Waiting>,
    /// Row ids by key, in the order in which they came. A receipt that names two ids is under both.
    by_key: HashMap<i64, SmallVec<[i64; 1]>>,
    order: VecDeque<i64>,
    done: VecDeque<i64>,
}

impl Orphans {
    /// Keeps a receipt under its keys. One that names no id is not kept: no answer will name it.
    pub(super) fn insert(&mut self, id: i64, found: Found) {
        if found.keys.is_empty() || self.waiting.contains_key(&id) {
            return;
        }
        for key in &found.keys {
            self.by_key.entry(*key).or_default().push(id);
        }
        self.waiting.insert(id, (id, found));
        self.order.push_back(id);
        while self.waiting.len() > CAPACITY {
            let Some(oldest) = self.order.pop_front() else { return };
            self.remove(oldest);
        }
        if self.order.len() > 2 * self.waiting.len() + 64 {
            // What left and came again stands there more than once.
            let mut seen = HashSet::new();
            let waiting = &self.waiting;
            self.order.retain(|id| waiting.contains_key(id) && seen.insert(*id));
        }
    }

    /// It has met its segment; nobody who has read it before is to match it again.
    pub(super) fn done(&mut self, id: i64) {
        self.remove(id);
        if self.done.len() == DONE_KEPT {
            self.done.pop_front();
        }
        self.done.push_back(id);
    }

    /// Whether it has met its segment lately.
    pub(super) fn is_done(&self, id: i64) -> bool {
        self.done.contains(&id)
    }

    /// The receipts that wait under a key and `fit`, in the order in which they came.
    pub(super) fn take(&mut self, key: i64, fit: impl Fn(&Found) -> bool) -> SmallVec<[Waiting; 1]> {
        let Some(ids) = self.by_key.get(&key) else { return SmallVec::new() };
        let ids: SmallVec<[i64; 1]> =
            ids.iter().copied().filter(|id| self.waiting.get(id).is_some_and(|(_, found)| fit(found))).collect();
        ids.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// It waits no longer.
    pub(super) fn remove(&mut self, id: i64) -> Option<Waiting> {
        let waiting = self.waiting.remove(&id)?;
        for key in &waiting.1.keys {
            if let Some(ids) = self.by_key.get_mut(key) {
                ids.retain(|other| other != &id);
                if ids.is_empty() {
                    self.by_key.remove(key);
                }
            }
        }
        Some(waiting)
    }
}
