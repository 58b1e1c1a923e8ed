//! What is agreed with an account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::number::Country;
use crate::stored;

/// The most of one period; what is not given is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// Messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<i64>,
    /// Their price, in micros of the account's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micros: Option<i64>,
}

/// The most of a day and of a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// From midnight to midnight, UTC.
    #[serde(default)]
    pub daily: Cap,
    /// From the first of a month to the next, UTC.
    #[serde(default)]
    pub monthly: Cap,
}

/// How much an account may spend, and what happens when its money runs out. Stored as JSON with its account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpendingLimits {
    /// On everything.
    #[serde(default)]
    pub all: Caps,
    /// On messages to one country, besides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub countries: BTreeMap<Country, Caps>,
    /// An alert tells when the wallet has this or less, in micros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_balance_micros: Option<i64>,
    /// An account whose wallet has been below zero for so many hours is suspended until it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend_after_h: Option<u32>,
}

impl SpendingLimits {
    /// Reads what [`SpendingLimits::to_json`] wrote; empty text is no limits.
    ///
    /// # Errors
    /// What is wrong with the text. Who cannot read a limit must not go without it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        stored::read(text).map_err(|error| error.to_string())
    }

    /// As it is stored: no limits are an empty text.
    #[must_use]
    pub fn to_json(&self) -> String {
        stored::written(self)
    }

    /// Whether the wallet has to be looked at now and then.
    #[must_use]
    pub const fn is_about_the_wallet(&self) -> bool {
        self.low_balance_micros.is_some() || self.suspend_after_h.is_some()
    }

    /// Whether messages have to be looked at one by one.
    #[must_use]
    pub fn has_caps(&self) -> bool {
        self.all != Caps::default() || !self.countries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_were_written() {
        let mut limits = SpendingLimits { low_balance_micros: Some(5), ..SpendingLimits::default() };
        limits.all.daily.messages = Some(7);
        limits.countries.insert("GB".parse().unwrap(), Caps::default());
        assert_eq!(SpendingLimits::from_json(&limits.to_json()), Ok(limits.clone()));
        assert!(limits.has_caps());
    }

    #[test]
    fn no_limits_are_no_text_and_wrong_ones_are_refused() {
        assert_eq!(SpendingLimits::default().to_json(), "");
        assert!(!SpendingLimits::from_json("").unwrap().has_caps());
        for wrong in ["{", "{\"al\":{}}", "{\"countries\":{\"gb\":{}}}", "{\"all\":{\"daily\":{\"messages\":\"7\"}}}"] {
            assert!(SpendingLimits::from_json(wrong).is_err(), "{wrong}");
        }
    }
}
