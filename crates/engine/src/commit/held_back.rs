//! New messages that wait while there is more to send already than this process keeps up with.
//!
//! A message costs a commit five times: when it is taken, announced, answered, receipted and told. Under more load than that,
//! whatever is only coming in would take the room of what is on its way, and more and more would lie in the database for fewer and fewer that arrive (three times the peak
//! offered: 65 % of it delivered). So a group takes about as many new messages as it answers others, single ones: those of batches come at their own pace. Accounts take
//! turns, and one-time codes go past. An operator that is slow holds nobody back: then windows wait for it, not for a commit; nor is anybody held back while there
//! is room in memory for what waits: a burst is taken at once.

use std::collections::VecDeque;

use sambac_domain::class::TrafficClass;
use sambac_domain::id::{AccountId, ConnectorId};

use super::Write;
use crate::by_id::ById;

/// A group takes at least as many.
const NEW_MIN: usize = 32;
/// More are not held back: each has a place among the new messages (`crate::admission`), of which codes need some, too.
const HELD_MAX: usize = 2_000;

/// See the module.
#[derive(Default)]
pub(super) struct HeldBack(Turns<Write>);

/// What waits, by account, of which each is the next in its turn.
struct Turns<T> {
    accounts: ById<AccountId, VecDeque<T>>,
    next: VecDeque<AccountId>,
    len: usize,
}

impl HeldBack {
    pub(super) fn is_empty(&self) -> bool {
        self.0.next.is_empty()
    }

    /// Leaves as many new messages that begin with a connector that is `behind` in a group as it answers others, and keeps the rest for the next ones.
    pub(super) fn share(&mut self, inbox: &mut Vec<Write>, behind: &[ConnectorId]) {
        let answers = inbox.iter().filter(|write| matches!(write, Write::Answer(_))).count();
        self.0.hold(inbox, |write| payer(write).map(|(account, connector)| (account, behind.contains(&connector))));
        self.0.take(share(answers, self.0.len), inbox);
    }

    /// So many of it go into the group at most.
    pub(super) fn release(&mut self, most: usize, inbox: &mut Vec<Write>) {
        if !self.is_empty() {
            self.0.hold(inbox, |write| payer(write).map(|(account, _)| (account, false)));
        }
        self.0.take(most, inbox);
    }
}

/// How many new messages go with so many answers, of so many that wait.
fn share(answers: usize, waiting: usize) -> usize {
    answers.max(NEW_MIN).max(waiting.saturating_sub(HELD_MAX))
}

/// Whose message it is, and with which connector it begins, if it is one that may wait.
fn payer(write: &Write) -> Option<(AccountId, ConnectorId)> {
    match write {
        Write::Accept(accept) if accept.draft.request.class != TrafficClass::Otp => {
            Some((accept.draft.request.account_id, accept.draft.connector_id))
        }
        _ => None,
    }
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { accounts: ById::default(), next: VecDeque::new(), len: 0 }
    }
}

impl<T> Turns<T> {
    fn put(&mut self, account: AccountId, one: T) {
        let waiting = self.accounts.entry(account).or_default();
        if waiting.is_empty() {
            self.next.push_back(account);
        }
        waiting.push_back(one);
        self.len += 1;
    }

    /// What has to wait waits, and so does what may wait of accounts of whom something waits already: each account's stay in their order. `may_wait` tells
    /// whose it is, and whether it has to.
    fn hold(&mut self, inbox: &mut Vec<T>, may_wait: impl Fn(&T) -> Option<(AccountId, bool)>) {
        let mut rest = Vec::with_capacity(inbox.len());
        for one in inbox.drain(..) {
            match may_wait(&one).filter(|(account, has_to)| *has_to || self.accounts.contains_key(account)) {
                Some((account, _)) => self.put(account, one),
                None => rest.push(one),
            }
        }
        *inbox = rest;
    }

    /// Up to so many, in turn.
    fn take(&mut self, count: usize, into: &mut Vec<T>) {
        for _ in 0..count {
            let Some(account) = self.next.pop_front() else { return };
            let Some(waiting) = self.accounts.get_mut(&account) else { continue };
            into.extend(waiting.pop_front());
            self.len = self.len.saturating_sub(1);
            if waiting.is_empty() {
                self.accounts.remove(&account);
            } else {
                self.next.push_back(account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_go_as_are_answered_and_what_waits_is_bounded() {
        assert_eq!((share(0, 100), share(500, 1_000)), (NEW_MIN, 500));
        assert_eq!((share(0, HELD_MAX), share(0, HELD_MAX + 700)), (NEW_MIN, 700));
    }

    /// What comes after something that waits waits, too, also when it begins with a connector that keeps up; others go past.
    #[test]
    fn an_accounts_messages_stay_in_their_order() {
        let (mut turns, mut taken) = (Turns::default(), Vec::new());
        let may_wait = |one: &(i64, i64, bool)| (one.0 > 0).then_some((AccountId::from_raw(one.0), one.2));
        let mut inbox = vec![(0, 0, true), (1, 1, false), (1, 2, true), (2, 3, false), (1, 4, false), (0, 5, true)];
        turns.hold(&mut inbox, may_wait);
        assert_eq!(inbox, [(0, 0, true), (1, 1, false), (2, 3, false), (0, 5, true)]);
        let mut next = vec![(1, 6, false)];
        turns.hold(&mut next, may_wait);
        turns.take(usize::MAX, &mut taken);
        assert_eq!((next, taken), (vec![], vec![(1, 2, true), (1, 4, false), (1, 6, false)]));
    }

    /// Whoever floods waits behind itself only.
    #[test]
    fn accounts_take_turns() {
        let (mut turns, mut taken) = (Turns::default(), Vec::new());
        for number in 0..6 {
            turns.put(AccountId::from_raw(1), (1, number));
        }
        turns.put(AccountId::from_raw(2), (2, 0));
        turns.put(AccountId::from_raw(3), (3, 0));
        turns.take(4, &mut taken);
        assert_eq!(taken, [(1, 0), (2, 0), (3, 0), (1, 1)]);
        turns.put(AccountId::from_raw(2), (2, 1));
        taken.clear();
        turns.take(usize::MAX, &mut taken);
        assert_eq!(taken, [(1, 2), (2, 1), (1, 3), (1, 4), (1, 5)]);
        assert!(turns.next.is_empty() && turns.accounts.is_empty() && turns.len == 0, "nothing is left");
        turns.take(1, &mut taken);
        assert_eq!(taken.len(), 5);
    }
}
