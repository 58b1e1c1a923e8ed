//! Octets spoiled by a seeded hand.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// Values at which lengths and flags break.
const EDGES: [u8; 8] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF, b'\'', b'%'];

/// A source of spoiled octets.
pub(super) struct Mutation(pub(super) SmallRng);

impl Mutation {
    pub(super) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// `octets` with one to four faults; `other` gives what may be grafted on.
    pub(super) fn spoil(&mut self, octets: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..self.0.random_range(1..=4) {
            let at = self.0.random_range(0..=octets.len());
            match self.0.random_range(0..6) {
                0 => octets.truncate(at),
                1 => octets.insert(at, self.0.random()),
                2 => octets.extend_from_slice(&other[self.0.random_range(0..=other.len())..]),
                3 if at < octets.len() => octets[at] = *EDGES.choose(&mut self.0).unwrap_or(&0),
                4 if at < octets.len() => octets[at] ^= 1 << self.0.random_range(0..8),
                _ => octets.extend_from_within(at..),
            }
        }
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    pub(super) fn choose<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.0.random_range(0..among.len())]
    }
}
