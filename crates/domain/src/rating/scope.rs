//! What a rate is for: the first half of a price list's line.
//!
//! ```
//! use sambac_domain::rating::RateScope;
//! let scope: RateScope = "network:26202".parse().unwrap();
//! assert_eq!(scope, RateScope::Network("26202".parse().unwrap()));
//! assert_eq!("default".parse(), Ok(RateScope::Default));
//! ```

use std::fmt;
use std::str::FromStr;

use crate::as_text::serde_as_text;
use crate::id::OperatorGroupId;
use crate::number::{Country, MccMnc};
use crate::prefix::Prefix;

/// Which destinations a rate prices. Text and serde form: `network:26202`, `group:grp_…`, `prefix:4477`, `mcc:262`,
/// `country:DE`, `default`. Each scope has one text only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateScope {
    /// One network. Its MNC has the width that it was given: 310/01 is not 310/001.
    Network(MccMnc),
    /// All networks of an operator group.
    Group(OperatorGroupId),
    /// Numbers that begin with these digits, country code first.
    Prefix(RatePrefix),
    /// All networks of a mobile country code.
    Mcc(u16),
    /// All networks of a country, which may have several mobile country codes.
    Country(Country),
    /// Everything else.
    Default,
}

/// The digits of a prefix rate: 1 to 15, the first not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RatePrefix(pub(super) Prefix);

/// Why a text is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateScopeError {
    /// Not a prefix.
    #[error("a prefix is 1 to 15 digits with the country code first, and does not begin with 0")]
    Prefix,
    /// Not a network.
    #[error("a network is MCC and MNC, five or six digits")]
    Network,
    /// Not a mobile country code.
    #[error("a mobile country code is three digits from 001 to 999")]
    Mcc,
    /// Not a country.
    #[error("a country is a code of ISO 3166 in two capitals, such as DE or GB (not UK)")]
    Country,
    /// Not a group's id.
    #[error("an operator group is given by its id")]
    Group,
    /// None of the known words before the colon.
    #[error("a scope is network:, group:, prefix:, mcc:, country: or default")]
    Kind,
}

impl RatePrefix {
    /// Reads 1 to 15 digits, with or without a plus before them.
    ///
    /// # Errors
    /// [`RateScopeError::Prefix`] for anything else.
    pub fn parse(text: &str) -> Result<Self, RateScopeError> {
        Prefix::parse(text).map(Self).ok_or(RateScopeError::Prefix)
    }
}

impl RateScope {
    /// A network of five or six digits, with or without a dash.
    ///
    /// # Errors
    /// [`RateScopeError::Network`] for anything else, a country alone included.
    pub fn network(text: &str) -> Result<Self, RateScopeError> {
        let network: MccMnc = text.parse().map_err(|_| RateScopeError::Network)?;
        network.mnc.map(|_| Self::Network(network)).ok_or(RateScopeError::Network)
    }

    /// A mobile country code of three digits.
    ///
    /// # Errors
    /// [`RateScopeError::Mcc`] for anything else.
    pub fn mcc(text: &str) -> Result<Self, RateScopeError> {
        let parsed = (text.len() == 3).then(|| text.parse::<MccMnc>().ok()).flatten();
        parsed.map(|country| Self::Mcc(country.mcc)).ok_or(RateScopeError::Mcc)
    }

    /// How a person would name it: `network 26202`, `prefix 4477`, `everything else`.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Default => "everything else".to_owned(),
            _ => self.to_string().replacen(':', " ", 1),
        }
    }
}

impl fmt::Display for RatePrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.value.fmt(f)
    }
}

impl fmt::Display for RateScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => write!(f, "network:{network}"),
            Self::Group(group) => write!(f, "group:{group}"),
            Self::Prefix(prefix) => write!(f, "prefix:{prefix}"),
            Self::Mcc(mcc) => write!(f, "mcc:{mcc:03}"),
            Self::Country(country) => write!(f, "country:{country}"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl FromStr for RateScope {
    type Err = RateScopeError;

    fn from_str(text: &str) -> Result<Self, RateScopeError> {
        if text == "default" {
            return Ok(Self::Default);
        }
        let (kind, value) = text.split_once(':').ok_or(RateScopeError::Kind)?;
        match kind {
            "network" => Self::network(value),
            "group" => value.parse().map(Self::Group).map_err(|_| RateScopeError::Group),
            "prefix" => RatePrefix::parse(value).map(Self::Prefix),
            "mcc" => Self::mcc(value),
            "country" => value.parse().map(Self::Country).map_err(|_| RateScopeError::Country),
            _ => Err(RateScopeError::Kind),
        }
    }
}

serde_as_text!(RateScope);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_one_text() {
        let group = RateScope::Group(OperatorGroupId::from_raw(77 << 8));
        for text in ["network:26202", "network:310001", "prefix:4477", "mcc:001", "country:DE", "default"] {
            assert_eq!(text.parse::<RateScope>().unwrap().to_string(), text);
        }
        assert_eq!(group.to_string().parse(), Ok(group));
        assert_eq!("network:262-02".parse::<RateScope>().unwrap().to_string(), "network:26202");
        assert_eq!("prefix:+44".parse::<RateScope>().unwrap().to_string(), "prefix:44");
    }

    #[test]
    fn other_texts_are_refused_with_their_reason() {
        for (text, error) in [
            ("", RateScopeError::Kind),
            ("Default", RateScopeError::Kind),
            ("zone:1", RateScopeError::Kind),
            ("network:262", RateScopeError::Network),
            ("network:2620", RateScopeError::Network),
            ("network:0001", RateScopeError::Network),
            ("prefix:", RateScopeError::Prefix),
            ("prefix:044", RateScopeError::Prefix),
            ("prefix:1234567890123456", RateScopeError::Prefix),
            ("mcc:000", RateScopeError::Mcc),
            ("mcc:26202", RateScopeError::Mcc),
            ("mcc:26", RateScopeError::Mcc),
            ("country:de", RateScopeError::Country),
            ("group:7", RateScopeError::Group),
        ] {
            assert_eq!(text.parse::<RateScope>(), Err(error), "{text}");
        }
    }

    #[test]
    fn people_are_told_without_a_colon() {
        assert_eq!("prefix:4477".parse::<RateScope>().unwrap().told(), "prefix 4477");
        assert_eq!(RateScope::Default.told(), "everything else");
    }
}
