//! Segments whose receipts may become overdue, in the order in which their operators are to be asked about them.
//!
//! It is in memory and bounded. What finds no place is not asked about, and counted: its receipt is waited for as if nobody
//! could be asked. A restart fills it again from what waits for receipts.

mod questions;

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sambac_domain::id::{ConnectorId, SegmentId};
use sambac_domain::time::Timestamp;

pub(crate) use questions::Questions;

/// Segments kept for one connector.
const CAPACITY: usize = 100_000;

/// A segment to be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overdue {
    pub(crate) segment: SegmentId,
    /// When it is to be asked about.
    pub(crate) due_at: Timestamp,
    /// How often it was.
    pub(crate) asked: u8,
}

/// Those of all connectors.
#[derive(Default)]
pub(crate) struct OverdueList(Mutex<HashMap<ConnectorId, VecDeque<Overdue>>>);

impl OverdueList {
    /// The receipt of a segment is to come by then. False when there is no room to remember it.
    pub(crate) fn expect(&self, connector: ConnectorId, segment: SegmentId, due_at: Timestamp) -> bool {
        self.put(connector, Overdue { segment, due_at, asked: 0 })
    }

    /// It is to be asked about later. False when there is no room.
    pub(crate) fn put(&self, connector: ConnectorId, overdue: Overdue) -> bool {
        let mut lists = self.lists();
        let list = lists.entry(connector).or_default();
        if list.len() >= CAPACITY {
            return false;
        }
        // Nearly always the last: all wait equally long.
        let place = list.iter().rposition(|other| other.due_at <= overdue.due_at).map_or(0, |last| last + 1);
        list.insert(place, overdue);
        true
    }

    /// Whether one is due.
    pub(crate) fn is_due(&self, connector: ConnectorId, now: Timestamp) -> bool {
        self.lists().get(&connector).and_then(VecDeque::front).is_some_and(|first| first.due_at <= now)
    }

    /// The next one that is due.
    pub(crate) fn take(&self, connector: ConnectorId, now: Timestamp) -> Option<Overdue> {
        self.lists().get_mut(&connector)?.pop_front_if(|first| first.due_at <= now)
    }

    /// Nobody is to be asked any more.
    pub(crate) fn clear(&self, connector: ConnectorId) {
        self.lists().remove(&connector);
    }

    fn lists(&self) -> MutexGuard<'_, HashMap<ConnectorId, VecDeque<Overdue>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALPHA: ConnectorId = ConnectorId::from_raw(1);

    #[test]
    fn the_earliest_comes_first_and_only_when_it_is_due() {
        let list = OverdueList::default();
        let segment = |no| SegmentId::from_raw(no);
        for (no, due) in [(1, 10), (3, 30), (2, 20), (4, 30)] {
            assert!(list.expect(ALPHA, segment(no), Timestamp(due)));
        }
        assert!(!list.is_due(ALPHA, Timestamp(9)) && list.is_due(ALPHA, Timestamp(10)));
        let order: Vec<_> = std::iter::from_fn(|| list.take(ALPHA, Timestamp(30))).map(|one| one.segment).collect();
        assert_eq!(order, [1, 2, 3, 4].map(segment));
        assert_eq!(list.take(ConnectorId::from_raw(2), Timestamp(99)), None);
    }

    #[test]
    fn it_is_bounded() {
        let list = OverdueList::default();
        let segment = |no: usize| SegmentId::from_raw(i64::try_from(no).expect("a few"));
        let places = (0..=CAPACITY).filter(|no| list.expect(ALPHA, segment(*no), Timestamp(0)));
        assert_eq!(places.count(), CAPACITY);
        list.clear(ALPHA);
        assert!(!list.is_due(ALPHA, Timestamp(9)));
    }
}
