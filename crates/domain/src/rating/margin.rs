//! What a segment costs us, and the least that must be left of its price once the operator is paid.

use std::fmt;
use std::str::FromStr;

use super::ChargePolicy;
use crate::as_text::serde_as_text;
use crate::id::{OperatorId, RateId};
use crate::money::{Currency, Micros, MoneyError, parse_micros};

/// What an operator is to be paid for a segment by its cost book. A message keeps it as it was known when it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cost {
    /// Who is paid.
    pub operator_id: OperatorId,
    /// The rate that says so.
    pub rate_id: RateId,
    /// Of one charged segment, in micros.
    pub micros: i64,
    /// Of the cost.
    pub currency: Currency,
    /// When the operator is paid for a segment.
    pub policy: ChargePolicy,
}

/// A bound of the margin. Text and serde form: `off`, or a decimal amount of a segment, which may be below zero: `0.002`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MarginFloor {
    /// There is no bound: messages may be carried at a loss.
    #[default]
    Off,
    /// Price less cost of a segment must be this at least, in micros.
    AtLeast(i64),
}

impl MarginFloor {
    /// Whether a segment with this margin may be carried. A margin that nobody knows is below every bound.
    #[must_use]
    pub fn allows(self, margin_micros: Option<i64>) -> bool {
        match self {
            Self::Off => true,
            Self::AtLeast(floor) => margin_micros.is_some_and(|margin| margin >= floor),
        }
    }
}

impl Cost {
    /// What is left of a segment's price after its cost, in micros; `None` when they are in different currencies, which nobody
    /// can take from each other.
    #[must_use]
    pub fn margin(&self, price_micros: i64, currency: Currency) -> Option<i64> {
        (currency == self.currency).then(|| price_micros.checked_sub(self.micros)).flatten()
    }
}

impl fmt::Display for MarginFloor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::AtLeast(micros) => Micros(*micros).fmt(f),
        }
    }
}

impl FromStr for MarginFloor {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        if text == "off" { Ok(Self::Off) } else { parse_micros(text).map(Self::AtLeast) }
    }
}

serde_as_text!(MarginFloor);

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(micros: i64, currency: &str) -> Cost {
        Cost {
            operator_id: OperatorId::from_raw(1),
            rate_id: RateId::from_raw(1),
            micros,
            currency: currency.parse().unwrap(),
            policy: ChargePolicy::Delivered,
        }
    }

    #[test]
    fn the_floor_itself_is_allowed_and_a_micro_less_or_an_unknown_margin_is_not() {
        let floor: MarginFloor = "0.002".parse().unwrap();
        assert_eq!(floor, MarginFloor::AtLeast(2_000));
        assert!(floor.allows(Some(2_000)) && floor.allows(Some(i64::MAX)) && !floor.allows(Some(1_999)));
        assert!(!floor.allows(None) && MarginFloor::Off.allows(None));
        let loss: MarginFloor = "-0.001".parse().unwrap();
        assert!(loss.allows(Some(-1_000)) && !loss.allows(Some(-1_001)));
        assert!("off".parse::<MarginFloor>().unwrap().allows(Some(i64::MIN)));
        assert_eq!(("off".parse(), "".parse::<MarginFloor>()), (Ok(MarginFloor::Off), Err(MoneyError::Malformed)));
        for text in ["off", "0.002", "-0.001", "0.00"] {
            assert_eq!(text.parse::<MarginFloor>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_margin_is_of_one_currency() {
        let eur = "EUR".parse().unwrap();
        assert_eq!(cost(30, "EUR").margin(50, eur), Some(20));
        assert_eq!(cost(50, "EUR").margin(30, eur), Some(-20));
        assert_eq!(cost(30, "USD").margin(50, eur), None);
        assert_eq!(cost(1, "EUR").margin(i64::MIN, eur), None);
    }
}
