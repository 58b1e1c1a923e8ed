//! What ties the segments of a long message together for the handset: a counter per sender and destination.
//!
//! A handset joins parts of the same sender and reference, so two long messages that are on their way to it at a time must
//! differ. Counters do until they come round: after 256 long messages to one number with a short reference, 65,536 with a wide
//! one. Each starts at a random place, so that a restart is unlikely to meet what the last process has sent. The reference is
//! stored with the message: every attempt at every segment carries the same.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use sambac_domain::number::{Msisdn, Sender};

/// Pairs whose counters are remembered in each of two generations: some megabyte.
const PAIRS_MAX: usize = 32_768;

/// Counters per sender and destination, the least recently used forgotten.
pub(super) struct References {
    /// By digest, which is also where a counter starts: it differs from process to process.
    digest: RandomState,
    present: HashMap<u64, u16>,
    past: HashMap<u64, u16>,
    pairs_max: usize,
}

impl Default for References {
    fn default() -> Self {
        Self { digest: RandomState::new(), present: HashMap::new(), past: HashMap::new(), pairs_max: PAIRS_MAX }
    }
}

impl References {
    /// The next one of this pair.
    pub(super) fn next(&mut self, sender: Sender, destination: Msisdn) -> u16 {
        let pair = self.digest.hash_one((sender, destination));
        let last = self.present.get(&pair).or_else(|| self.past.get(&pair)).copied();
        let next = last.map_or((pair & 0xFFFF) as u16, |last| last.wrapping_add(1));
        if self.present.len() >= self.pairs_max {
            self.past = std::mem::take(&mut self.present);
        }
        self.present.insert(pair, next);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u64) -> Msisdn {
        Msisdn::from_u64(447_700_900_000 + number).expect("a number")
    }

    #[test]
    fn a_pair_counts_and_meets_none_of_its_last_256_also_in_8_bits() {
        let mut references = References::default();
        let bank: Sender = "Bank".parse().expect("a sender");
        let given: Vec<u16> = (0..256).map(|_| references.next(bank, number(1))).collect();
        let low: std::collections::HashSet<u8> = given.iter().map(|reference| (reference & 0xFF) as u8).collect();
        assert_eq!(low.len(), 256);
    }

    #[test]
    fn pairs_start_in_different_places() {
        let mut references = References::default();
        let bank: Sender = "Bank".parse().expect("a sender");
        let starts: std::collections::HashSet<u16> = (0..200).map(|to| references.next(bank, number(to))).collect();
        assert!(starts.len() > 150, "{}", starts.len());
    }

    #[test]
    fn memory_is_bounded_and_the_last_used_are_kept() {
        let mut references = References { pairs_max: 10, ..References::default() };
        let bank: Sender = "Bank".parse().expect("a sender");
        let first = references.next(bank, number(0));
        for to in 1..15 {
            references.next(bank, number(to));
        }
        assert_eq!(references.next(bank, number(0)), first.wrapping_add(1), "of the generation before");
        for to in 1..100 {
            references.next(bank, number(to));
        }
        assert!(references.present.len() + references.past.len() <= 20);
    }
}
