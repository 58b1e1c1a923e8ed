//! Segments that were sent and never answered: their receipts carry an id that we do not know.
//!
//! Such a receipt is still taken for the segment when it comes from the operator that was asked, is about the same number,
//! has an id of no other segment, and only one segment is in doubt there (smsc-quirks Q-B9). One that was sent again or given up counts for two more
//! days: the receipt of what was lost may come late, and must not be taken for another one's.

use std::collections::HashMap;
use std::time::Duration;

use sambac_domain::id::SegmentId;
use sambac_domain::number::Msisdn;
use sambac_domain::time::Timestamp;
use smallvec::SmallVec;

/// Numbers in doubt that are kept in memory; beyond that, receipts without an id find nothing.
const CAPACITY: usize = 50_000;

/// How late the receipt may come of what was sent and not answered.
pub(crate) const LATE: Duration = Duration::from_secs(2 * 86_400);

/// From one look to the next, when all room is taken.
const SWEEP: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct InDoubt {
    open: HashMap<(i64, Msisdn), SmallVec<[SegmentId; 1]>>,
    /// Of which segments to a number something was sent and not answered, and until when its receipt may come.
    lost: HashMap<Msisdn, SmallVec<[(SegmentId, Timestamp); 1]>>,
    /// When it was looked last which of these are over.
    swept_at: Option<Timestamp>,
}

impl InDoubt {
    /// A segment to `destination`, sent by an operator (its receipt group), is in doubt from now on.
    pub(super) fn insert(&mut self, group: i64, destination: Msisdn, segment: SegmentId) {
        if self.open.len() < CAPACITY {
            let segments = self.open.entry((group, destination)).or_default();
            if !segments.contains(&segment) {
                segments.push(segment);
            }
        }
    }

    /// The segment was sent at `at` and not answered, whatever becomes of it: a receipt of that may come.
    pub(super) fn lost(&mut self, destination: Msisdn, segment: SegmentId, at: Timestamp) {
        if self.lost.len() >= CAPACITY && self.swept_at.is_none_or(|swept| at >= swept.saturating_add(SWEEP)) {
            self.swept_at = Some(at);
            self.lost.retain(|_, segments| segments.iter().any(|(_, until)| at < *until));
        }
        if self.lost.len() < CAPACITY {
            let segments = self.lost.entry(destination).or_default();
            segments.retain(|(other, until)| *other != segment && at < *until);
            segments.push((segment, at.saturating_add(LATE)));
        }
    }

    /// All receipts of the segment have come.
    pub(super) fn found(&mut self, destination: Msisdn, segment: SegmentId) {
        if let Some(segments) = self.lost.get_mut(&destination) {
            segments.retain(|(other, _)| *other != segment);
            if segments.is_empty() {
                self.lost.remove(&destination);
            }
        }
    }

    /// The only segment in doubt there, if no receipt of another one may come: none while there are more of those than are kept.
    pub(super) fn only(&self, group: i64, destination: Msisdn, now: Timestamp) -> Option<SegmentId> {
        if self.lost.len() >= CAPACITY {
            return None;
        }
        let [only] = self.open.get(&(group, destination))?.as_slice() else { return None };
        let mut lost = self.lost.get(&destination).into_iter().flatten();
        let has_rival = lost.any(|(other, until)| other != only && now < *until);
        (!has_rival).then_some(*only)
    }

    /// The segment is in doubt no longer.
    pub(super) fn remove(&mut self, group: i64, destination: Msisdn, segment: SegmentId) {
        let key = (group, destination);
        if let Some(segments) = self.open.get_mut(&key) {
            segments.retain(|other| *other != segment);
            if segments.is_empty() {
                self.open.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(last: u64) -> Msisdn {
        Msisdn::from_u64(999_000_000_000 + last).expect("a number")
    }

    const NOW: Timestamp = Timestamp(1_000_000);

    /// The receipt of one that was given up, or was sent again, may still come: it is not taken for the next one's.
    #[test]
    fn one_that_was_lost_is_a_rival_for_two_days() {
        let mut in_doubt = InDoubt::default();
        let (first, second) = (SegmentId::from_raw(257), SegmentId::from_raw(513));
        in_doubt.insert(1, number(1), first);
        in_doubt.lost(number(1), first, NOW);
        assert_eq!(in_doubt.only(1, number(1), NOW), Some(first), "it is no rival of its own");
        in_doubt.remove(1, number(1), first);
        in_doubt.insert(1, number(1), second);
        let later = |days: u64| NOW.saturating_add(Duration::from_secs(days * 86_400));
        assert_eq!([0, 1, 2].map(|days| in_doubt.only(1, number(1), later(days))), [None, None, Some(second)]);
        in_doubt.found(number(1), first);
        assert_eq!(in_doubt.only(1, number(1), NOW), Some(second));
    }

    #[test]
    fn only_an_unambiguous_segment_is_given() {
        let mut in_doubt = InDoubt::default();
        let (first, second) = (SegmentId::from_raw(257), SegmentId::from_raw(513));
        in_doubt.insert(1, number(1), first);
        assert_eq!(in_doubt.only(2, number(1), NOW), None, "another operator");
        assert_eq!(in_doubt.only(1, number(2), NOW), None, "another number");
        in_doubt.insert(1, number(1), second);
        assert_eq!(in_doubt.only(1, number(1), NOW), None, "two candidates");
        in_doubt.remove(1, number(1), first);
        assert_eq!(in_doubt.only(1, number(1), NOW), Some(second));
        in_doubt.remove(1, number(1), second);
        assert_eq!(in_doubt.only(1, number(1), NOW), None);
    }
}
