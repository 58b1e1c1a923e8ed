//! Seeded chance: the same seed and the same order of messages give the same faults.
//!
//! ```text
//! let mut dice = Dice::new(7);
//! dice.happens(Chance::try_from(0.25)?)   // true for a quarter of the calls
//! ```

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::Deserialize;

const MILLION: u32 = 1_000_000;

/// A probability in parts per million; written as a number from 0 to 1 in a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub(crate) struct Chance(u32);

/// A delay in milliseconds: always the same, or evenly spread between two bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DelayText")]
pub(crate) struct Delay {
    min_ms: u32,
    max_ms: u32,
}

/// The only source of randomness of a simulator.
pub(crate) struct Dice(SmallRng);

impl Chance {
    /// Never.
    pub(crate) const NEVER: Self = Self(0);
    /// Every time.
    pub(crate) const ALWAYS: Self = Self(MILLION);
}

impl Delay {
    /// The longest delay that a scenario may ask for: a day.
    pub(crate) const MS_MAX: u32 = 86_400_000;
}

impl Dice {
    /// The same seed throws the same numbers.
    pub(crate) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// Whether it happens this time. Certain and impossible things take no number from the sequence.
    pub(crate) fn happens(&mut self, chance: Chance) -> bool {
        match chance {
            Chance::NEVER => false,
            Chance::ALWAYS => true,
            Chance(parts) => self.0.random_range(0..MILLION) < parts,
        }
    }

    /// A delay in microseconds.
    pub(crate) fn delay_us(&mut self, delay: Delay) -> u64 {
        let ms =
            if delay.min_ms == delay.max_ms { delay.min_ms } else { self.0.random_range(delay.min_ms..=delay.max_ms) };
        u64::from(ms) * 1_000
    }

    /// A number below `bound`; 0 when there is none.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 { 0 } else { self.0.random_range(0..bound) }
    }

    /// 128 random bits.
    pub(crate) fn bits(&mut self) -> u128 {
        self.0.random()
    }
}

impl TryFrom<f64> for Chance {
    type Error = String;

    #[expect(clippy::float_arithmetic, reason = "people write probabilities as 0.05; no money is near")]
    fn try_from(value: f64) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&value) {
            return Err(format!("a probability is from 0 to 1, not {value}"));
        }
        // In range by the check above, so the conversion neither cuts off nor wraps.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ..= 1,000,000 fits")]
        Ok(Self((value * f64::from(MILLION)).round() as u32))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum DelayText {
    Fixed(u32),
    Between([u32; 2]),
}

impl TryFrom<DelayText> for Delay {
    type Error = String;

    fn try_from(text: DelayText) -> Result<Self, String> {
        let (min_ms, max_ms) = match text {
            DelayText::Fixed(ms) => (ms, ms),
            DelayText::Between([min_ms, max_ms]) => (min_ms, max_ms),
        };
        if min_ms > max_ms {
            return Err(format!("a delay between {min_ms} and {max_ms} ms: the smaller bound comes first"));
        }
        if max_ms > Self::MS_MAX {
            return Err(format!("a delay of {max_ms} ms is longer than a day"));
        }
        Ok(Self { min_ms, max_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let chance = Chance::try_from(0.3).expect("a probability");
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            (0..64).map(|_| dice.happens(chance)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn a_chance_comes_out_about_as_often_as_it_says() {
        let mut dice = Dice::new(1);
        let chance = Chance::try_from(0.25).expect("a probability");
        let hits = (0..10_000).filter(|_| dice.happens(chance)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!((0..100).all(|_| dice.happens(Chance::ALWAYS) && !dice.happens(Chance::NEVER)));
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        for value in [-0.1, 1.1, f64::NAN] {
            assert!(Chance::try_from(value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_delay_stays_within_its_bounds() {
        let delay = Delay { min_ms: 10, max_ms: 20 };
        let mut dice = Dice::new(3);
        assert!((0..1_000).all(|_| (10_000..=20_000).contains(&dice.delay_us(delay))));
        assert!(Delay::try_from(DelayText::Between([2, 1])).is_err());
    }
}
