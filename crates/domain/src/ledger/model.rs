//! The ledger against a reference that reckons in another way, in long random sequences: ten thousand from fixed seeds, and some
//! that shrink. After every step the answers and balances agree, and all that is stored adds up.

mod op;
mod reference;
mod world;

use proptest::prelude::*;

use op::Op;
use world::World;

/// Sequences of each of the four tests below, which run side by side.
const SEQUENCES: u64 = 2_500;
const STEPS: u64 = 24;

/// SplitMix64: small, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn run(ops: impl Iterator<Item = Op>) -> Vec<String> {
    let mut world = World::new();
    for op in ops {
        world.step(op);
    }
    world.finish()
}

fn sequences(first_seed: u64) {
    for seed in first_seed..first_seed + SEQUENCES {
        let ops = || {
            let mut chance = Chance(seed);
            (0..STEPS).map(move |_| Op::of(chance.next(), chance.next()))
        };
        // What failed says at which seed and step.
        let ended = std::panic::catch_unwind(|| run(ops()));
        let state = ended.unwrap_or_else(|_| panic!("seed {seed}: {:?}", ops().collect::<Vec<_>>()));
        if seed.is_multiple_of(50) {
            assert_eq!(run(ops()), state, "seed {seed}: the same commands gave another state");
        }
    }
}

#[test]
fn seeds_from_0() {
    sequences(0);
}

#[test]
fn seeds_from_10_000() {
    sequences(10_000);
}

#[test]
fn seeds_from_20_000() {
    sequences(20_000);
}

#[test]
fn seeds_from_30_000() {
    sequences(30_000);
}

proptest! {
    #[test]
    fn any_sequence(ops in prop::collection::vec((any::<u64>(), any::<u64>()), 0..60)) {
        run(ops.into_iter().map(|(kind, detail)| Op::of(kind, detail)));
    }
}
