//! Segments that were sent and never answered: their receipts carry an id that we do not know.
//!
//! Such a receipt is still taken for the segment when it comes from the operator that was asked, is about the same number,
//! has an id of no other segment, and only one segment is in doubt there (smsc-quirks Q-B9).

use std::collections::HashMap;

use sambac_domain::id::SegmentId;
use sambac_domain::number::Msisdn;
use smallvec::SmallVec;

/// Numbers in doubt that are kept in memory; beyond that, receipts without an id find nothing.
const CAPACITY: usize = 50_000;

#[derive(Default)]
pub(super) struct InDoubt(HashMap<(i64, Msisdn), SmallVec<[SegmentId; 1]>>);

impl InDoubt {
    /// A segment to `destination`, sent by an operator (its receipt group), is in doubt from now on.
    pub(super) fn insert(&mut self, group: i64, destination: Msisdn, segment: SegmentId) {
        if self.0.len() < CAPACITY {
            let segments = self.0.entry((group, destination)).or_default();
            if !segments.contains(&segment) {
                segments.push(segment);
            }
        }
    }

    /// The only segment in doubt there, if there is just one.
    pub(super) fn only(&self, group: i64, destination: Msisdn) -> Option<SegmentId> {
        match self.0.get(&(group, destination))?.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The segment is in doubt no longer.
    pub(super) fn remove(&mut self, group: i64, destination: Msisdn, segment: SegmentId) {
        let key = (group, destination);
        if let Some(segments) = self.0.get_mut(&key) {
            segments.retain(|other| *other != segment);
            if segments.is_empty() {
                self.0.remove(&key);
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

    #[test]
    fn only_an_unambiguous_segment_is_given() {
        let mut in_doubt = InDoubt::default();
        let (first, second) = (SegmentId::from_raw(257), SegmentId::from_raw(513));
        in_doubt.insert(1, number(1), first);
        assert_eq!(in_doubt.only(2, number(1)), None, "another operator");
        assert_eq!(in_doubt.only(1, number(2)), None, "another number");
        in_doubt.insert(1, number(1), second);
        assert_eq!(in_doubt.only(1, number(1)), None, "two candidates");
        in_doubt.remove(1, number(1), first);
        assert_eq!(in_doubt.only(1, number(1)), Some(second));
        in_doubt.remove(1, number(1), second);
        assert_eq!(in_doubt.only(1, number(1)), None);
    }
}
