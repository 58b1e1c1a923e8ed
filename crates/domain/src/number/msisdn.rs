//! A destination as E.164 digits, in one machine word.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::NumberError;

/// Country code of the test network: the ITU has not assigned it and says it will not.
const TEST_COUNTRY_CODE: &[u8] = b"999";

/// An E.164 number: 7 to 15 digits, the first not zero. Displayed as bare digits, `{:#}` adds the plus;
/// debugged with its last four digits masked; serialised as `"+digits"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Msisdn(NonZeroU64);

impl Msisdn {
    /// Fewest digits taken: the smallest numbering plans have four national digits.
    pub const DIGITS_MIN: usize = 7;
    /// Most digits that E.164 allows.
    pub const DIGITS_MAX: usize = 15;

    /// Takes ASCII digits without plus.
    ///
    /// # Errors
    /// [`NumberError`] for other characters, a leading zero or a length out of range.
    pub fn from_digits(digits: &[u8]) -> Result<Self, NumberError> {
        if digits.is_empty() {
            return Err(NumberError::Empty);
        }
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(NumberError::NotDigits);
        }
        if digits.len() > Self::DIGITS_MAX {
            return Err(NumberError::TooLong);
        }
        if digits.first() == Some(&b'0') {
            return Err(NumberError::Invalid);
        }
        let value = digits.iter().fold(0, |value: u64, digit| value * 10 + u64::from(digit - b'0'));
        Self::from_u64(value).ok_or(NumberError::TooShort)
    }

    /// Takes the digits as an integer; `None` when it has fewer than 7 or more than 15.
    #[must_use]
    pub fn from_u64(value: u64) -> Option<Self> {
        (1_000_000..=999_999_999_999_999).contains(&value).then_some(())?;
        NonZeroU64::new(value).map(Self)
    }

    /// The digits as an integer, which is how the database keeps them.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0.get()
    }

    /// The digits, first to last.
    #[must_use]
    pub fn digits(self) -> Digits {
        let mut digits = Digits { octets: [b'0'; Self::DIGITS_MAX], length: 0 };
        let mut value = self.as_u64();
        while value > 0 {
            digits.length += 1;
            digits.octets[Self::DIGITS_MAX - usize::from(digits.length)] = b'0' + (value % 10) as u8;
            value /= 10;
        }
        digits
    }

    /// Whether it is in the test network, where no number is real.
    #[must_use]
    pub fn is_test(self) -> bool {
        self.digits().as_bytes().starts_with(TEST_COUNTRY_CODE)
    }

    /// What is kept of a number that is erased: country and network perhaps, and nobody. The last seven digits become zeros; of a
    /// number that has no more than seven, all but the first.
    #[must_use]
    pub const fn erased(self) -> Self {
        const HIDDEN: u64 = 10_000_000;
        let value = self.0.get();
        let hidden = if value < HIDDEN { HIDDEN / 10 } else { HIDDEN };
        match NonZeroU64::new(value - value % hidden) {
            Some(kept) => Self(kept),
            None => self,
        }
    }

    /// The number with its last four digits masked, for logs: `+44770090****`.
    #[must_use]
    pub fn masked(self) -> String {
        format!("{self:?}")
    }
}

/// The ASCII digits of a [`Msisdn`], without allocation.
#[derive(Clone, Copy)]
pub struct Digits {
    octets: [u8; Msisdn::DIGITS_MAX],
    length: u8,
}

impl Digits {
    /// The digits as ASCII.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(Msisdn::DIGITS_MAX - usize::from(self.length)..).unwrap_or_default()
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            f.write_str("+")?;
        }
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}****", self.0.get() / 10_000)
    }
}

impl From<Msisdn> for u64 {
    fn from(msisdn: Msisdn) -> Self {
        msisdn.as_u64()
    }
}

impl Serialize for Msisdn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:#}"))
    }
}

impl<'de> Deserialize<'de> for Msisdn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_digits(text.strip_prefix('+').unwrap_or(&text).as_bytes()).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shown_written_and_hidden() {
        let msisdn = Msisdn::from_digits(b"447700900123").unwrap();
        assert_eq!((msisdn.to_string(), format!("{msisdn:#}")), ("447700900123".into(), "+447700900123".into()));
        assert_eq!((format!("{msisdn:?}"), msisdn.masked()), ("+44770090****".into(), "+44770090****".into()));
        assert_eq!(serde_json::to_string(&msisdn).unwrap(), "\"+447700900123\"");
        assert_eq!(serde_json::from_str::<Msisdn>("\"+447700900123\"").unwrap(), msisdn);
        assert_eq!(size_of::<Option<Msisdn>>(), 8);
    }

    #[test]
    fn refuses_what_is_no_number() {
        for (digits, error) in [
            (&b""[..], NumberError::Empty),
            (b"44a", NumberError::NotDigits),
            (b"+447700900123", NumberError::NotDigits),
            (b"0447700900123", NumberError::Invalid),
            (b"123456", NumberError::TooShort),
            (b"1234567890123456", NumberError::TooLong),
        ] {
            assert_eq!(Msisdn::from_digits(digits), Err(error));
        }
        assert_eq!(Msisdn::from_u64(0), None);
        assert!(serde_json::from_str::<Msisdn>("\"+44 77\"").is_err());
    }

    #[test]
    fn test_numbers_are_known() {
        assert!(Msisdn::from_digits(b"999000000").unwrap().is_test());
        assert!(!Msisdn::from_digits(b"998900000").unwrap().is_test());
    }

    proptest! {
        #[test]
        fn digits_go_round(value in 1_000_000u64..=999_999_999_999_999) {
            let msisdn = Msisdn::from_u64(value).unwrap();
            let (digits, expected) = (msisdn.digits(), value.to_string());
            prop_assert_eq!(digits.as_bytes(), expected.as_bytes());
            prop_assert_eq!(Msisdn::from_digits(digits.as_bytes()), Ok(msisdn));
        }
    }
}
