//! Segments that operators took and whose receipts are still to come, by operator and number: for receipts without an id
//! (Q-B9, Q-B16), and for finding out in which form an operator writes its ids (Q-B1 to Q-B4).

use std::collections::VecDeque;

use sambac_domain::id::SegmentId;
use sambac_domain::number::Msisdn;
use smallvec::SmallVec;

use crate::by_id::ById;

/// Segments that are kept at most; beyond that the oldest are forgotten. Their receipts still find them by id.
const CAPACITY: usize = 200_000;

type Place = (i64, Msisdn);

#[derive(Default)]
pub(super) struct Awaiting {
    by_place: ById<Place, SmallVec<[SegmentId; 1]>>,
    /// In the order in which they were taken; may name segments that have left already.
    order: VecDeque<(Place, SegmentId)>,
    count: usize,
}

impl Awaiting {
    /// A receipt for a segment to `number` is to come from an operator (its receipt group).
    pub(super) fn insert(&mut self, group: i64, number: Msisdn, segment: SegmentId) {
        let segments = self.by_place.entry((group, number)).or_default();
        if segments.contains(&segment) {
            return;
        }
        segments.push(segment);
        self.count += 1;
        self.order.push_back(((group, number), segment));
        while self.count > CAPACITY {
            let Some(((group, number), segment)) = self.order.pop_front() else { return };
            self.remove(group, number, segment);
        }
        if self.order.len() > 2 * self.count + 1_024 {
            let by_place = &self.by_place;
            self.order.retain(|(place, segment)| by_place.get(place).is_some_and(|there| there.contains(segment)));
        }
    }

    /// It came, or is not waited for any longer.
    pub(super) fn remove(&mut self, group: i64, number: Msisdn, segment: SegmentId) {
        let Some(segments) = self.by_place.get_mut(&(group, number)) else { return };
        let before = segments.len();
        segments.retain(|other| *other != segment);
        self.count -= before - segments.len();
        if segments.is_empty() {
            self.by_place.remove(&(group, number));
        }
    }

    /// The segments that wait there, in the order in which they were taken.
    pub(super) fn at(&self, group: i64, number: Msisdn) -> &[SegmentId] {
        self.by_place.get(&(group, number)).map_or(&[], SmallVec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(last: u64) -> Msisdn {
        Msisdn::from_u64(999_000_000_000 + last).expect("a number")
    }

    #[test]
    fn segments_wait_by_operator_and_number_until_they_leave() {
        let mut awaiting = Awaiting::default();
        let (first, second) = (SegmentId::from_raw(257), SegmentId::from_raw(513));
        for segment in [first, second, second] {
            awaiting.insert(1, number(1), segment);
        }
        assert_eq!(awaiting.at(1, number(1)), [first, second]);
        assert_eq!((awaiting.at(2, number(1)).len(), awaiting.at(1, number(2)).len()), (0, 0));
        awaiting.remove(1, number(1), first);
        assert_eq!(awaiting.at(1, number(1)), [second]);
        awaiting.remove(1, number(1), second);
        awaiting.remove(1, number(1), second);
        assert_eq!((awaiting.count, awaiting.by_place.len()), (0, 0));
    }

    #[test]
    fn memory_is_bounded() {
        let mut awaiting = Awaiting::default();
        for raw in 1..=300_000_i64 {
            awaiting.insert(1, number(raw.unsigned_abs()), SegmentId::from_raw(raw << 8 | 1));
            if raw % 3 == 0 {
                awaiting.remove(1, number(raw.unsigned_abs()), SegmentId::from_raw(raw << 8 | 1));
            }
        }
        assert!((CAPACITY - 1..=CAPACITY).contains(&awaiting.count), "{}", awaiting.count);
        assert!(awaiting.order.len() <= 2 * CAPACITY + 1_024, "{}", awaiting.order.len());
    }
}
