//! One lane: a bounded piece of the outbox in memory, and the memory of what is only on disk.

use std::collections::{HashSet, VecDeque};

use sambac_domain::class::Lane;

use crate::task::Queued;

/// A page that a lane wants read back from the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refill {
    /// The lane.
    pub lane: Lane,
    /// Rows with a greater id than this.
    pub after_id: i64,
    /// At most so many.
    pub limit: usize,
    /// Greatest id that had been offered when the page was asked for: rows up to here are in the page or gone.
    pub newest: i64,
}

#[derive(Debug)]
pub(crate) struct LaneState {
    memory: VecDeque<Queued>,
    capacity: usize,
    /// True while rows after `covered` may be on disk only.
    spilled: bool,
    /// Greatest id that was in memory: everything up to here was handed over.
    covered: i64,
    /// Greatest id ever offered: a refill that read less has not reached the end.
    newest: i64,
    /// Rows put back into memory although a page that is still to be read will hold them.
    ahead: HashSet<i64>,
}

impl LaneState {
    /// A lane at start: nothing in memory, everything presumed on disk.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { memory: VecDeque::new(), capacity, spilled: true, covered: 0, newest: 0, ahead: HashSet::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.memory.len()
    }

    pub(crate) fn is_spilled(&self) -> bool {
        self.spilled
    }

    /// Takes a fresh row, or leaves it on disk when memory is full or older rows are still there.
    pub(crate) fn offer(&mut self, queued: Queued) {
        if queued.id <= self.covered {
            return; // A page that was read meanwhile has brought it.
        }
        self.newest = self.newest.max(queued.id);
        if self.spilled || self.memory.len() >= self.capacity {
            self.spilled = true;
            return;
        }
        self.covered = self.covered.max(queued.id);
        if !self.ahead.is_empty() {
            self.ahead.retain(|id| *id > self.covered);
        }
        self.memory.push_back(queued);
    }

    /// Takes back a row that this or another lane had handed out before: it goes first and is never spilled.
    pub(crate) fn put_back(&mut self, queued: Queued) {
        if queued.id > self.covered {
            self.ahead.insert(queued.id);
        }
        self.memory.push_front(queued);
    }

    /// Moves up to `max` tasks to `out`, oldest first.
    pub(crate) fn take(&mut self, max: usize, out: &mut Vec<Queued>) -> usize {
        let count = max.min(self.memory.len());
        out.extend(self.memory.drain(..count));
        count
    }

    /// The page to read next, when rows are on disk and memory has room for at least half of it.
    pub(crate) fn refill(&self, lane: Lane) -> Option<Refill> {
        let roomy = self.memory.len() <= self.capacity / 4;
        (self.spilled && roomy).then(|| Refill {
            lane,
            after_id: self.covered,
            limit: (self.capacity / 2).max(1),
            newest: self.newest,
        })
    }

    /// Takes the page that was read for `wanted`; `reached_end` says that fewer rows came than were asked for.
    pub(crate) fn refilled(&mut self, wanted: Refill, page: Vec<Queued>, last_id: i64, reached_end: bool) {
        if self.covered != wanted.after_id {
            return; // Another reader was faster.
        }
        self.covered = self.covered.max(last_id);
        self.memory.extend(page.into_iter().filter(|queued| !self.ahead.remove(&queued.id)));
        if reached_end {
            // Rows that had been offered and were not in the page are gone from the table.
            self.covered = self.covered.max(wanted.newest);
            // A row committed after the page was read was offered meanwhile: its id tells that there is more.
            if self.newest <= self.covered {
                self.spilled = false;
                self.ahead.clear();
            }
        }
    }
}
