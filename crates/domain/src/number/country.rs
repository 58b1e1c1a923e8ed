//! ISO 3166 country codes, as the number tables use them.

use std::fmt;
use std::str::FromStr;

use crate::as_text::serde_as_text;

/// A country by its two capitals; `ZZ` is for international and test networks. Text and serde form: `DE`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// The text is no country code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a country is two capital letters of ISO 3166, such as DE")]
pub struct CountryError;

impl Country {
    /// The two capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII capitals get in, so this cannot fail.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        let code: [u8; 2] = text.as_bytes().try_into().map_err(|_| CountryError)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Self(code)) } else { Err(CountryError) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(Country);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_capitals_and_nothing_else() {
        assert_eq!("DE".parse::<Country>().unwrap().to_string(), "DE");
        for text in ["", "D", "de", "DEU", "D1", "Ä", "D "] {
            assert_eq!(text.parse::<Country>(), Err(CountryError), "{text}");
        }
    }
}
