//! Chance that comes from the seed. Whoever acts has dice of its own, so that one who throws once more changes nobody else's luck.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// One's own dice.
#[derive(Debug)]
pub(crate) struct Dice(StdRng);

impl Dice {
    /// Those of `name` under `seed`.
    pub(crate) fn named(seed: u64, name: &str) -> Self {
        let mixed = name.bytes().fold(seed ^ 0xCBF2_9CE4_8422_2325, |mixed, octet| {
            (mixed ^ u64::from(octet)).wrapping_mul(0x0100_0000_01B3).rotate_left(17)
        });
        Self(StdRng::seed_from_u64(mixed))
    }

    /// From `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0.random_range(least..=most.max(least))
    }

    /// True so many times in a thousand.
    pub(crate) fn per_mille(&mut self, times: u64) -> bool {
        self.between(0, 999) < times
    }

    /// A time from `least` to `most`.
    pub(crate) fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// A time around `mean`: seldom much shorter, now and then much longer.
    pub(crate) fn around(&mut self, mean: Duration) -> Duration {
        let mean = u64::try_from(mean.as_millis()).unwrap_or(u64::MAX / 8);
        let stretched = if self.per_mille(200) { mean.saturating_mul(3) } else { mean };
        self.millis(stretched / 4, stretched + stretched / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same name under the same seed throws alike, and another name or seed does not.
    #[test]
    fn dice_are_named() {
        let throws = |seed, name| {
            let mut dice = Dice::named(seed, name);
            [0; 8].map(|_| dice.between(0, 1_000_000))
        };
        assert_eq!(throws(7, "operator 1"), throws(7, "operator 1"));
        assert_ne!(throws(7, "operator 1"), throws(7, "operator 2"));
        assert_ne!(throws(7, "operator 1"), throws(8, "operator 1"));
    }
}
