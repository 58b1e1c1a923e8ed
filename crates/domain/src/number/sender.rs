//! Who a message says it is from: a name, a short code or a number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Msisdn, normalise_smpp};

/// Most characters of a name (3GPP TS 23.040, 9.1.2.5: 11 septets).
const NAME_OCTETS_MAX: usize = 11;

/// A sender as it goes in source_addr. Text without plus both ways; serialised as that text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sender {
    form: SenderForm,
    length: u8,
    octets: [u8; Msisdn::DIGITS_MAX],
}

/// Why something is no sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SenderError {
    /// Nothing there.
    #[error("the sender is empty")]
    Empty,
    /// A name over 11 characters, or over 15 digits.
    #[error("the sender is too long: 11 characters, or 15 digits")]
    TooLong,
    /// Fewer than 3 digits.
    #[error("a short code has 3 to 8 digits")]
    TooShort,
    /// A character that is not ASCII, or no letter at all.
    #[error("the sender may have letters, digits and signs of ASCII only, and at least one letter")]
    Character,
    /// Digits that are neither short code nor E.164.
    #[error("the sender is no international number")]
    Number,
}

/// What a sender looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SenderForm {
    /// Letters.
    Name,
    /// 3 to 8 digits.
    ShortCode,
    /// An international number.
    Number,
}

/// The text is no form of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the form of a sender is name, short_code or number")]
pub struct SenderFormError;

impl SenderForm {
    /// All forms in the order of their codes.
    pub const ALL: [Self; 3] = [Self::Name, Self::ShortCode, Self::Number];

    /// The number kept in the database.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Name => 0,
            Self::ShortCode => 1,
            Self::Number => 2,
        }
    }

    /// The form of a database number.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.code() == code)
    }

    /// The name used outside.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::ShortCode => "short_code",
            Self::Number => "number",
        }
    }
}

impl FromStr for SenderForm {
    type Err = SenderFormError;

    fn from_str(text: &str) -> Result<Self, SenderFormError> {
        Self::ALL.into_iter().find(|form| form.as_str() == text).ok_or(SenderFormError)
    }
}

impl Sender {
    /// Whether a person takes both for the same: they differ in the case of letters at most.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        self.as_str().eq_ignore_ascii_case(other.as_str())
    }

    /// Reads a sender: 3–8 digits are a short code, more digits or a leading plus a number, all else a name
    /// of up to 11 ASCII characters (Q-E9). Whether a connector can write it is its profile's to say.
    ///
    /// # Errors
    /// [`SenderError`].
    pub fn parse(text: &str) -> Result<Self, SenderError> {
        let text = text.trim();
        let octets = text.as_bytes();
        let digits = octets.strip_prefix(b"+").unwrap_or(octets);
        match (digits.iter().all(u8::is_ascii_digit), octets.len()) {
            (_, 0) => Err(SenderError::Empty),
            (true, _) if digits.len() < octets.len() => Self::number(digits),
            (true, 1..=2) => Err(SenderError::TooShort),
            (true, 3..=8) => Ok(Self::of(SenderForm::ShortCode, octets)),
            (true, _) => Self::number(digits),
            (false, _) => Self::name(octets),
        }
    }

    /// Reads source_addr of an ESME. Of the TON only 1 (international) is believed, and makes digits
    /// that would be a short code a number; all else goes by form, as ESMEs often send wrong ones.
    ///
    /// # Errors
    /// [`SenderError`].
    pub fn from_smpp(ton: u8, address: &[u8]) -> Result<Self, SenderError> {
        let end = address.iter().position(|octet| *octet == 0).unwrap_or(address.len());
        let text = std::str::from_utf8(address.get(..end).unwrap_or_default());
        let text = text.map_err(|_| SenderError::Character)?;
        match ton {
            1 if text.len() > 6 && text.bytes().all(|octet| octet.is_ascii_digit()) => Self::number(text.as_bytes()),
            _ => Self::parse(text),
        }
    }

    /// Type of number (Q-G1): 5 name, 3 short code, 1 number.
    #[must_use]
    pub fn ton(&self) -> u8 {
        match self.form {
            SenderForm::Name => 5,
            SenderForm::ShortCode => 3,
            SenderForm::Number => 1,
        }
    }

    /// Numbering plan: 1 (E.164) for a number, else 0.
    #[must_use]
    pub fn npi(&self) -> u8 {
        u8::from(self.form == SenderForm::Number)
    }

    /// What it looks like.
    #[must_use]
    pub fn form(&self) -> SenderForm {
        self.form
    }

    /// Whether every network carries it the same: no character of it differs between ASCII and GSM 03.38.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.as_bytes().iter().all(|octet| is_safe(*octet))
    }

    /// The octets of source_addr, without NUL.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// The same as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn number(digits: &[u8]) -> Result<Self, SenderError> {
        let msisdn = normalise_smpp(1, digits).map_err(|error| match error {
            super::NumberError::TooLong => SenderError::TooLong,
            _ => SenderError::Number,
        })?;
        Ok(Self::from(msisdn))
    }

    fn name(octets: &[u8]) -> Result<Self, SenderError> {
        if !octets.iter().all(|octet| (b' '..=b'~').contains(octet)) || !octets.iter().any(u8::is_ascii_alphabetic) {
            return Err(SenderError::Character);
        }
        if octets.len() > NAME_OCTETS_MAX {
            return Err(SenderError::TooLong);
        }
        Ok(Self::of(SenderForm::Name, octets))
    }

    fn of(form: SenderForm, source: &[u8]) -> Self {
        let mut octets = [0; Msisdn::DIGITS_MAX];
        let length = source.len().min(octets.len());
        octets.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
        Self { form, length: length as u8, octets }
    }
}

/// Same code in ASCII and in GSM 03.38, and not altered by networks: so neither `@ _ $ [ ] { }` nor quotes.
fn is_safe(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b" !#%&'()*+,-./:?".contains(&octet)
}

impl From<Msisdn> for Sender {
    fn from(msisdn: Msisdn) -> Self {
        Self::of(SenderForm::Number, msisdn.digits().as_bytes())
    }
}

impl FromStr for Sender {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            SenderForm::Number => write!(f, "{}****", self.as_str().get(..self.as_str().len() - 4).unwrap_or_default()),
            SenderForm::Name | SenderForm::ShortCode => f.write_str(self.as_str()),
        }
    }
}

impl Serialize for Sender {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Sender {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
#[test]
fn forms_have_fixed_codes_and_names() {
    for (form, code, name) in
        [(SenderForm::Name, 0, "name"), (SenderForm::ShortCode, 1, "short_code"), (SenderForm::Number, 2, "number")]
    {
        assert_eq!((form.code(), SenderForm::from_code(code), form.as_str()), (code, Some(form), name));
        assert_eq!(name.parse(), Ok(form));
    }
    assert_eq!((SenderForm::from_code(3), "Name".parse::<SenderForm>()), (None, Err(SenderFormError)));
}
