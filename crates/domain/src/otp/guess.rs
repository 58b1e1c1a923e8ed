//! How likely it is to guess a code, exactly: a fraction, never a floating-point number.

use super::{CodeForm, OtpSettings};

/// A chance of `tries` in `codes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuessChance {
    /// Different codes that can be tried.
    pub tries: u128,
    /// Codes that there are.
    pub codes: u128,
}

impl GuessChance {
    /// The chance of whoever knows nothing and tries a code as often as it may be tried. Sending it again gives no further tries,
    /// and it stays the same code: so this is the chance for all sends together.
    pub fn of(form: CodeForm, attempts_max: u8) -> Self {
        let codes = form.count();
        Self { tries: u128::from(attempts_max).min(codes), codes }
    }

    /// Whether it is at most one in `most`.
    pub fn is_at_most_one_in(self, most: u128) -> bool {
        self.tries.saturating_mul(most) <= self.codes
    }

    /// How often one would have to try for an even chance, as codes started one after the other (rounded down): each is a new
    /// draw.
    pub fn codes_for_an_even_chance(self) -> u128 {
        // ln 2 is 0.693; exact enough for a figure that people read.
        self.codes.saturating_mul(693) / 1_000 / self.tries.max(1)
    }
}

impl OtpSettings {
    /// How likely it is to guess a code of these settings.
    pub fn guess_chance(&self) -> GuessChance {
        GuessChance::of(self.code, self.attempts_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::Alphabet;

    #[test]
    fn the_default_is_five_in_a_million() {
        let chance = OtpSettings::default().guess_chance();
        assert_eq!(chance, GuessChance { tries: 5, codes: 1_000_000 });
        assert!(chance.is_at_most_one_in(200_000) && !chance.is_at_most_one_in(200_001));
        assert_eq!(chance.codes_for_an_even_chance(), 138_600);
    }

    #[test]
    fn resends_give_no_further_tries() {
        for sends_max in [1, 5, 10] {
            let settings = OtpSettings { sends_max, ..OtpSettings::default() };
            assert_eq!(settings.guess_chance(), OtpSettings::default().guess_chance());
        }
    }

    #[test]
    fn the_settings_that_are_allowed_never_reach_one_in_a_thousand() {
        let weakest = GuessChance::of(CodeForm { alphabet: Alphabet::Digits, length: 4 }, OtpSettings::ATTEMPTS_SHORT);
        assert!(weakest.is_at_most_one_in(2_000), "{weakest:?}");
        for length in 5..=10 {
            for alphabet in Alphabet::ALL {
                let chance = GuessChance::of(CodeForm { alphabet, length }, *OtpSettings::ATTEMPTS.end());
                assert!(chance.is_at_most_one_in(10_000), "{chance:?}");
            }
        }
    }
}
