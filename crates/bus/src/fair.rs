//! Fair shares within a lane: accounts take turns, one segment each, so that a flood of one does not delay the others.
//!
//! Each account keeps its own order. What was put back goes before everything: it has had its turn.

use std::collections::{HashMap, HashSet, VecDeque};

use sambac_domain::id::AccountId;

use crate::task::Queued;

/// Empty queues kept for the next account, so that light traffic allocates nothing.
const SPARE_MAX: usize = 64;

/// The tasks of a lane that are in memory.
#[derive(Debug, Default)]
pub(crate) struct FairQueue {
    returned: VecDeque<Queued>,
    by_account: HashMap<AccountId, VecDeque<Queued>>,
    /// Accounts that have tasks, in the order of their turns.
    turns: VecDeque<AccountId>,
    spare: Vec<VecDeque<Queued>>,
    len: usize,
}

impl FairQueue {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Tasks of one account, without those that were put back.
    pub(crate) fn len_of(&self, account: AccountId) -> usize {
        self.by_account.get(&account).map_or(0, VecDeque::len)
    }

    pub(crate) fn push(&mut self, queued: Queued) {
        let account = queued.task.account();
        self.len += 1;
        if let Some(tasks) = self.by_account.get_mut(&account) {
            return tasks.push_back(queued);
        }
        let mut tasks = self.spare.pop().unwrap_or_default();
        tasks.push_back(queued);
        self.by_account.insert(account, tasks);
        self.turns.push_back(account);
    }

    pub(crate) fn put_back(&mut self, queued: Queued) {
        self.len += 1;
        self.returned.push_front(queued);
    }

    /// Takes out the tasks with these ids.
    pub(crate) fn remove(&mut self, ids: &HashSet<i64>) {
        let stays = |queued: &Queued| !ids.contains(&queued.id);
        self.returned.retain(stays);
        for tasks in self.by_account.values_mut() {
            tasks.retain(stays);
        }
        self.len = self.returned.len() + self.by_account.values().map(VecDeque::len).sum::<usize>();
    }

    /// Moves up to `max` tasks to `out`.
    pub(crate) fn take(&mut self, max: usize, out: &mut Vec<Queued>) -> usize {
        let before = out.len();
        out.extend(self.returned.drain(..max.min(self.returned.len())));
        while out.len() - before < max
            && let Some(account) = self.turns.pop_front()
        {
            // Alone, an account need not take turns.
            let turn = if self.turns.is_empty() { max - (out.len() - before) } else { 1 };
            self.turn(account, turn, out);
        }
        let took = out.len() - before;
        self.len -= took;
        took
    }

    fn turn(&mut self, account: AccountId, count: usize, out: &mut Vec<Queued>) {
        let Some(tasks) = self.by_account.get_mut(&account) else { return };
        out.extend(tasks.drain(..count.min(tasks.len())));
        if !tasks.is_empty() {
            return self.turns.push_back(account);
        }
        if let Some(empty) = self.by_account.remove(&account)
            && self.spare.len() < SPARE_MAX
        {
            self.spare.push(empty);
        }
    }
}
