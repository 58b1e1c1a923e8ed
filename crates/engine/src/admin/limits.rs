//! Spending limits as people write them, and as they are stored.

use std::collections::BTreeMap;

use sambac_domain::number::Country;
use sambac_domain::spending::{Cap, Caps, SpendingLimits};
use sambac_domain::{Micros, parse_micros};
use serde::{Deserialize, Serialize};

/// How much an account may spend. Days and months are those of UTC; what is not given is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Messages of a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_messages: Option<u32>,
    /// Their price, decimal text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_amount: Option<String>,
    /// Messages of a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_messages: Option<u32>,
    /// Their price, decimal text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_amount: Option<String>,
    /// An alert tells when the wallet has this or less, decimal text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_balance: Option<String>,
    /// After so many hours with a wallet below zero the account is suspended, until it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspend_after_h: Option<u32>,
    /// On messages to one country, besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub country: Vec<CountryLimits>,
}

/// How much an account may spend on messages to one country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountryLimits {
    /// Its two capitals, as `DE`.
    pub country: Country,
    /// Messages of a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_messages: Option<u32>,
    /// Their price, decimal text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_amount: Option<String>,
    /// Messages of a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_messages: Option<u32>,
    /// Their price, decimal text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_amount: Option<String>,
}

impl Limits {
    /// As they are stored.
    ///
    /// # Errors
    /// Names the key that is wrong.
    pub(super) fn stored(&self) -> Result<SpendingLimits, String> {
        let mut countries = BTreeMap::new();
        for own in &self.country {
            let daily = cap(own.daily_messages, own.daily_amount.as_ref(), "country: daily_amount")?;
            let monthly = cap(own.monthly_messages, own.monthly_amount.as_ref(), "country: monthly_amount")?;
            if countries.insert(own.country, Caps { daily, monthly }).is_some() {
                return Err(format!("limits: country {} is there twice", own.country));
            }
        }
        if self.suspend_after_h.is_some_and(|hours| hours == 0) {
            return Err("limits: suspend_after_h: is not above zero".to_owned());
        }
        Ok(SpendingLimits {
            all: Caps {
                daily: cap(self.daily_messages, self.daily_amount.as_ref(), "daily_amount")?,
                monthly: cap(self.monthly_messages, self.monthly_amount.as_ref(), "monthly_amount")?,
            },
            countries,
            low_balance_micros: micros(self.low_balance.as_ref(), "low_balance")?,
            suspend_after_h: self.suspend_after_h,
        })
    }

    /// As people write what is stored; `None` when there are none.
    pub(super) fn shown(stored: &SpendingLimits) -> Option<Self> {
        let SpendingLimits { all, countries, low_balance_micros, suspend_after_h } = stored;
        let country = |(country, caps): (&Country, &Caps)| CountryLimits {
            country: *country,
            daily_messages: count(caps.daily),
            daily_amount: caps.daily.micros.map(text),
            monthly_messages: count(caps.monthly),
            monthly_amount: caps.monthly.micros.map(text),
        };
        let shown = Self {
            daily_messages: count(all.daily),
            daily_amount: all.daily.micros.map(text),
            monthly_messages: count(all.monthly),
            monthly_amount: all.monthly.micros.map(text),
            low_balance: low_balance_micros.map(text),
            suspend_after_h: *suspend_after_h,
            country: countries.iter().map(country).collect(),
        };
        (shown != Self::default()).then_some(shown)
    }
}

fn cap(messages: Option<u32>, amount: Option<&String>, key: &str) -> Result<Cap, String> {
    Ok(Cap { messages: messages.map(i64::from), micros: micros(amount, key)? })
}

fn micros(text: Option<&String>, key: &str) -> Result<Option<i64>, String> {
    let Some(text) = text else { return Ok(None) };
    let micros = parse_micros(text).map_err(|error| format!("limits: {key}: {error}"))?;
    if micros < 0 { Err(format!("limits: {key}: is below zero")) } else { Ok(Some(micros)) }
}

fn count(cap: Cap) -> Option<u32> {
    cap.messages.and_then(|messages| u32::try_from(messages).ok())
}

fn text(micros: i64) -> String {
    Micros(micros).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_shown_as_they_were_written() {
        let written = r#"{"daily_messages":5,"monthly_amount":"12.50","low_balance":"1.00","suspend_after_h":24,
            "country":[{"country":"GB","daily_amount":"0.25"}]}"#;
        let limits: Limits = serde_json::from_str(written).unwrap();
        assert_eq!(Limits::shown(&limits.stored().unwrap()).unwrap(), limits);
        assert_eq!(Limits::shown(&SpendingLimits::default()), None);
    }

    #[test]
    fn wrong_limits_are_named() {
        let refused = |text: &str| serde_json::from_str::<Limits>(text).unwrap().stored().unwrap_err();
        assert_eq!(refused(r#"{"daily_amount":"-1"}"#), "limits: daily_amount: is below zero");
        assert_eq!(refused(r#"{"suspend_after_h":0}"#), "limits: suspend_after_h: is not above zero");
        let twice = r#"{"country":[{"country":"GB"},{"country":"GB"}]}"#;
        assert_eq!(refused(twice), "limits: country GB is there twice");
        assert!(serde_json::from_str::<Limits>(r#"{"weekly_messages":1}"#).is_err());
    }
}
