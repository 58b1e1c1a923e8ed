//! The text of an id: 13 characters of Crockford's base 32 in lower case, most significant first, so that
//! texts of one prefix sort like their numbers.

use thiserror::Error;

/// Crockford's alphabet: no i, l, o or u, so that a text read aloud or typed is not misread.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 13;

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdError {
    /// Another kind of id, or none.
    #[error("the id must start with {expected}")]
    Prefix {
        /// The prefix of the wanted kind.
        expected: &'static str,
    },
    /// Not exactly 13 characters after the prefix.
    #[error("the id must have 13 characters after its prefix")]
    Length,
    /// A character that is not lower-case base 32.
    #[error("the id has a character that ids do not use")]
    Character,
    /// More than 63 bits.
    #[error("the id is out of range")]
    Range,
    /// Not a message's id, a slash and a number from 1 to 255.
    #[error("a segment's id is its message's id, a slash and a number from 1 to 255")]
    Segment,
}

/// The 13 characters of a number, on the stack.
pub(super) struct Digits([u8; DIGITS]);

impl Digits {
    pub(super) fn of(raw: i64) -> Self {
        let mut rest = raw.cast_unsigned();
        let mut digits = [b'0'; DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        Self(digits)
    }

    pub(super) fn as_str(&self) -> &str {
        // The alphabet is ASCII, so this cannot fail.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Reads 13 characters back. Each number has one text: upper case and look-alikes are refused.
pub(super) fn parse(text: &str) -> Result<i64, IdError> {
    if text.len() != DIGITS {
        return Err(IdError::Length);
    }
    let mut value: u128 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|&letter| letter == byte).ok_or(IdError::Character)?;
        value = value << 5 | digit as u128;
    }
    i64::try_from(value).map_err(|_| IdError::Range)
}
