//! One lane: a bounded piece of the outbox in memory, and the memory of what is only on disk.

use std::collections::{HashMap, HashSet, VecDeque};

use sambac_domain::class::Lane;
use sambac_domain::id::AccountId;

use crate::fair::FairQueue;
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

/// Part of a lane's memory that an account has for itself, in sixteenths, also while others have rows on disk.
const SHARE_DIVISOR: usize = 16;
/// Ids remembered as ahead, as a multiple of the lane's memory; and at least so many.
const AHEAD_FACTOR: usize = 4;
const AHEAD_MIN: usize = 1_024;

#[derive(Debug)]
pub(crate) struct LaneState {
    memory: FairQueue,
    capacity: usize,
    /// True while rows after `covered` may be on disk only.
    spilled: bool,
    /// Greatest id that was in memory: everything up to here was handed over.
    covered: i64,
    /// Greatest id ever offered: a refill that read less has not reached the end.
    newest: i64,
    /// Rows that are in memory already, or are gone, although a page that is still to be handed over may hold them.
    ahead: Ahead,
    /// Accounts with rows on disk after `covered`, and the newest of these: what follows goes to disk, too, so that each
    /// account's order is kept.
    behind: HashMap<AccountId, i64>,
}

/// A bounded set of ids; the oldest gives way. A row that comes a second time for that is refused when it is announced.
#[derive(Debug, Default)]
struct Ahead {
    ids: HashSet<i64>,
    order: VecDeque<i64>,
}

impl Ahead {
    fn insert(&mut self, id: i64, max: usize) {
        if self.ids.insert(id) {
            self.order.push_back(id);
        }
        while self.order.len() > max
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    /// Forgets what no page will bring any more.
    fn forget_to(&mut self, covered: i64) {
        if !self.order.is_empty() {
            self.ids.retain(|id| *id > covered);
            self.order.retain(|id| *id > covered);
        }
    }
}

impl LaneState {
    /// A lane at start: nothing in memory, everything presumed on disk.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            memory: FairQueue::default(),
            capacity,
            spilled: true,
            covered: 0,
            newest: 0,
            ahead: Ahead::default(),
            behind: HashMap::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.memory.len()
    }

    pub(crate) fn is_spilled(&self) -> bool {
        self.spilled
    }

    /// Takes a fresh row, or leaves it on disk when memory is full or older rows are still there. An account with few rows in
    /// memory and none on disk is not made to wait for what others have on disk: its row goes ahead of those.
    pub(crate) fn offer(&mut self, queued: Queued) {
        if queued.id <= self.covered {
            return; // A page that was read meanwhile has brought it.
        }
        self.newest = self.newest.max(queued.id);
        let account = queued.task.account();
        let goes_ahead = self.may_go_ahead(account);
        if !self.spilled && (self.memory.len() < self.capacity || goes_ahead) {
            self.covered = self.covered.max(queued.id);
            self.ahead.forget_to(self.covered);
            return self.memory.push(queued);
        }
        self.spilled = true;
        if goes_ahead {
            self.ahead.insert(queued.id, self.ahead_max());
            return self.memory.push(queued);
        }
        self.behind.insert(account, queued.id);
    }

    fn may_go_ahead(&self, account: AccountId) -> bool {
        let share = (self.capacity / SHARE_DIVISOR).max(1);
        self.memory.len_of(account) < share
            && self.memory.len() < self.capacity + self.capacity / 2
            && !self.behind.contains_key(&account)
    }

    fn ahead_max(&self) -> usize {
        self.capacity.saturating_mul(AHEAD_FACTOR).max(AHEAD_MIN)
    }

    /// Takes back a row that this or another lane had handed out before: it goes first and is never spilled.
    pub(crate) fn put_back(&mut self, queued: Queued) {
        if queued.id > self.covered {
            self.ahead.insert(queued.id, self.ahead_max());
        }
        self.memory.put_back(queued);
    }

    /// Takes tasks out that wait for nothing any more. A page that was read before must not bring them back.
    pub(crate) fn withdraw(&mut self, ids: &HashSet<i64>) {
        self.memory.remove(ids);
        let max = self.ahead_max();
        for id in ids.iter().filter(|id| **id > self.covered) {
            self.ahead.insert(*id, max);
        }
    }

    /// Moves up to `max` tasks to `out`: what was put back, then the accounts in turn, each its oldest first.
    pub(crate) fn take(&mut self, max: usize, out: &mut Vec<Queued>) -> usize {
        self.memory.take(max, out)
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
        for queued in page {
            if !self.ahead.ids.contains(&queued.id) {
                self.memory.push(queued);
            }
        }
        if reached_end {
            // Rows that had been offered and were not in the page are gone from the table.
            self.covered = self.covered.max(wanted.newest);
            // A row committed after the page was read was offered meanwhile: its id tells that there is more.
            self.spilled = self.newest > self.covered;
        }
        self.ahead.forget_to(self.covered);
        self.behind.retain(|_, newest| *newest > self.covered);
    }
}
