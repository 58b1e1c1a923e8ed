//! What a code looks like, and how one is made of random octets.
//!
//! ```
//! use sambac_domain::otp::{Alphabet, CodeForm};
//! let form = CodeForm { alphabet: Alphabet::Digits, length: 6 };
//! assert_eq!(form.of_octets([7, 255, 10, 29, 0, 1, 249]).as_deref(), Some("709019"));
//! ```

use serde::{Deserialize, Serialize};

/// Of which characters a code is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// 0 to 9.
    Digits,
    /// Capital letters and digits, without those that look like others: no 0, 1, I, L, O, U.
    Alphanumeric,
}

/// What a code looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodeForm {
    /// Its characters.
    pub alphabet: Alphabet,
    /// How many: 4 to 10.
    pub length: u8,
}

impl Default for CodeForm {
    fn default() -> Self {
        Self { alphabet: Alphabet::Digits, length: 6 }
    }
}

impl Alphabet {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Digits, Self::Alphanumeric];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Alphanumeric => "alphanumeric",
        }
    }

    /// Its characters.
    pub const fn characters(self) -> &'static [u8] {
        match self {
            Self::Digits => b"0123456789",
            Self::Alphanumeric => b"23456789ABCDEFGHJKMNPQRSTVWXYZ",
        }
    }
}

impl CodeForm {
    /// The shortest and the longest code.
    pub const LENGTHS: std::ops::RangeInclusive<u8> = 4..=10;

    /// How many codes there are of this form.
    pub fn count(self) -> u128 {
        (self.alphabet.characters().len() as u128).pow(self.length.into())
    }

    /// The code that these octets make, each of its characters equally likely when the octets are: those that would favour the
    /// first characters are passed over. `None` when there are too few.
    pub fn of_octets(self, octets: impl IntoIterator<Item = u8>) -> Option<String> {
        let characters = self.alphabet.characters();
        let fair = 256 - 256 % characters.len();
        let drawn = octets.into_iter().map(usize::from).filter(|octet| *octet < fair);
        let code: String =
            drawn.take(self.length.into()).map(|octet| char::from(characters[octet % characters.len()])).collect();
        (code.len() == usize::from(self.length)).then_some(code)
    }
}

/// A code as a person may have typed it, without blanks and hyphens and in capitals: `12 34-56` is `123456`.
pub fn normalised(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_below_the_fair_bound_gives_each_character_equally_often() {
        for alphabet in Alphabet::ALL {
            let form = CodeForm { alphabet, length: 1 };
            let drawn: Vec<String> = (0..=255).filter_map(|octet| form.of_octets([octet])).collect();
            for character in alphabet.characters() {
                let times = drawn.iter().filter(|code| code.as_bytes() == [*character]).count();
                assert_eq!(times, 256 / alphabet.characters().len(), "{}", char::from(*character));
            }
        }
    }

    #[test]
    fn the_alphabet_has_no_characters_that_look_alike() {
        let characters = Alphabet::Alphanumeric.characters();
        assert_eq!(characters.len(), 30);
        assert!(b"01ILOU".iter().all(|bad| !characters.contains(bad)));
        assert!(characters.is_sorted(), "each is in it once");
    }

    #[test]
    fn too_few_octets_make_no_code() {
        assert_eq!(CodeForm::default().of_octets([255; 100]), None);
        assert_eq!(CodeForm::default().of_octets([1, 2, 3]), None);
    }

    #[test]
    fn what_is_typed_is_brought_to_one_form() {
        for typed in ["123456", " 123 456 ", "12-34-56", "1 2 3 4 5 6\n"] {
            assert_eq!(normalised(typed), "123456");
        }
        assert_eq!(normalised("ab2-c"), "AB2C");
    }
}
