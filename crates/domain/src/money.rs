//! Money: whole micro-units of a currency. A price of 0.0125 EUR is 12,500 micros; no float comes near.
//!
//! ```
//! use sambac_domain::Money;
//! let price = Money::parse("0.0125", "EUR".parse().unwrap()).unwrap();
//! assert_eq!(price.checked_mul(2).unwrap().to_string(), "0.025 EUR");
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::as_text::serde_as_text;

/// Micro-units in one unit of a currency.
pub const MICROS_PER_UNIT: i64 = 1_000_000;
const DECIMALS_MAX: usize = 6;

/// An ISO 4217 currency by its three letters. Text and serde form: `EUR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// An amount in one currency. Serde: `{"micros": 12500, "currency": "EUR"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Micro-units: a millionth of the currency's unit.
    pub micros: i64,
    /// What the amount is of.
    pub currency: Currency,
}

/// Why an amount could not be read or reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// The result does not fit 64 bits.
    #[error("the amount is too large")]
    Overflow,
    /// Two currencies in one sum.
    #[error("amounts of {0} and {1} cannot be reckoned together")]
    CurrencyMismatch(Currency, Currency),
    /// Not an ISO 4217 code in capitals.
    #[error("the currency must be an ISO 4217 code such as EUR")]
    UnknownCurrency,
    /// Not a plain decimal number.
    #[error("the amount must be a decimal number such as 0.0125")]
    Malformed,
    /// More than six decimals.
    #[error("the amount must have at most 6 decimals")]
    TooFine,
}

impl Currency {
    /// The three capitals.
    pub fn as_str(&self) -> &str {
        // Only codes of the ISO table get in, so this cannot fail.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| MoneyError::UnknownCurrency)?;
        iso_currency::Currency::from_code(text).ok_or(MoneyError::UnknownCurrency)?;
        Ok(Self(code))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(Currency);

impl Money {
    /// `micros` of `currency`.
    pub const fn new(micros: i64, currency: Currency) -> Self {
        Self { micros, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads a decimal text as [`parse_micros`] does.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        Ok(Self::new(parse_micros(text)?, currency))
    }

    /// The sum. Errors: overflow, two currencies.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(self.micros.checked_add(other.micros))
    }

    /// The difference. Errors: overflow, two currencies.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(self.micros.checked_sub(other.micros))
    }

    /// `count` times the amount. Error: overflow.
    pub fn checked_mul(self, count: u32) -> Result<Self, MoneyError> {
        self.with(self.micros.checked_mul(i64::from(count)))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
    }

    fn with(self, micros: Option<i64>) -> Result<Self, MoneyError> {
        let micros = micros.ok_or(MoneyError::Overflow)?;
        Ok(Self { micros, ..self })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Micros(self.micros), self.currency)
    }
}

/// Micros by themselves. Text and serde form: a decimal number, written with two to six decimals: `12.3456`, `5.00`, `-0.000001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Micros(pub i64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, size) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (units, mut fraction) = (size / 1_000_000, size % 1_000_000);
        let mut decimals = DECIMALS_MAX;
        while decimals > 2 && fraction.is_multiple_of(10) {
            fraction /= 10;
            decimals -= 1;
        }
        write!(f, "{sign}{units}.{fraction:0decimals$}")
    }
}

impl FromStr for Micros {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        parse_micros(text).map(Self)
    }
}

serde_as_text!(Micros);

/// The most that one payment, transfer or credit limit may be, in micros: a thousand million. Sums over thousands of them fit 64 bits.
pub const AMOUNT_MICROS_MAX: i64 = 1_000_000_000_000_000;

/// Reads a decimal number such as `12`, `-0.5` or `0.0125` as micros, exactly.
///
/// Errors: more than six decimals (also when they are zero), more than 64 bits, anything but an optional
/// minus sign, digits, and a point with digits on both sides.
pub fn parse_micros(text: &str) -> Result<i64, MoneyError> {
    let (negative, number) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (units, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if units.is_empty() || fraction.is_empty() {
        return Err(MoneyError::Malformed);
    }
    let units = digits_value(units)?;
    let decimals = fraction.len();
    let fraction = digits_value(fraction)?;
    if decimals > DECIMALS_MAX {
        return Err(MoneyError::TooFine);
    }
    let scale = (decimals..DECIMALS_MAX).fold(1, |scale: i128, _| scale * 10);
    let size = units * i128::from(MICROS_PER_UNIT) + fraction * scale;
    i64::try_from(if negative { -size } else { size }).map_err(|_| MoneyError::Overflow)
}

/// The value of a run of ASCII digits; held at 2^64 so that a long run cannot overflow the sum.
fn digits_value(digits: &str) -> Result<i128, MoneyError> {
    digits.bytes().try_fold(0_i128, |value, byte| match byte {
        b'0'..=b'9' => Ok((value * 10 + i128::from(byte - b'0')).min(1 << 64)),
        _ => Err(MoneyError::Malformed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur(micros: i64) -> Money {
        Money::new(micros, "EUR".parse().unwrap())
    }

    #[test]
    fn decimal_texts() {
        for (text, micros) in [
            ("12", Ok(12_000_000)),
            ("0.0125", Ok(12_500)),
            ("-0.5", Ok(-500_000)),
            ("007.100000", Ok(7_100_000)),
            ("9223372036854.775807", Ok(i64::MAX)),
            ("-9223372036854.775808", Ok(i64::MIN)),
            ("9223372036854.775808", Err(MoneyError::Overflow)),
            ("99999999999999999999999999999999999999999999", Err(MoneyError::Overflow)),
            ("0.0000001", Err(MoneyError::TooFine)),
            ("0.0000000", Err(MoneyError::TooFine)),
            ("", Err(MoneyError::Malformed)),
            ("-", Err(MoneyError::Malformed)),
            (".5", Err(MoneyError::Malformed)),
            ("5.", Err(MoneyError::Malformed)),
            ("+5", Err(MoneyError::Malformed)),
            ("--5", Err(MoneyError::Malformed)),
            ("1e3", Err(MoneyError::Malformed)),
            ("1,5", Err(MoneyError::Malformed)),
            ("1.2.3", Err(MoneyError::Malformed)),
            (" 1", Err(MoneyError::Malformed)),
            ("٣", Err(MoneyError::Malformed)),
        ] {
            assert_eq!(parse_micros(text), micros, "{text}");
        }
    }

    #[test]
    fn shown_with_two_to_six_decimals() {
        for (micros, text) in [
            (12_345_600, "12.3456 EUR"),
            (5_000_000, "5.00 EUR"),
            (-1, "-0.000001 EUR"),
            (0, "0.00 EUR"),
            (i64::MIN, "-9223372036854.775808 EUR"),
        ] {
            assert_eq!(eur(micros).to_string(), text);
        }
    }

    #[test]
    fn sums_are_checked() {
        let usd = Money::new(1, "USD".parse().unwrap());
        let mismatch = Err(MoneyError::CurrencyMismatch(eur(0).currency, usd.currency));
        assert_eq!((eur(1).checked_add(usd), eur(1).checked_sub(usd)), (mismatch, mismatch));
        assert_eq!(eur(i64::MAX).checked_add(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MIN).checked_sub(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MAX / 2 + 1).checked_mul(2), Err(MoneyError::Overflow));
        assert_eq!(eur(7).checked_mul(3), Ok(eur(21)));
        assert_eq!(eur(7).checked_sub(eur(9)), Ok(eur(-2)));
    }

    #[test]
    fn only_iso_currencies() {
        assert_eq!("KES".parse::<Currency>().unwrap().as_str(), "KES");
        for text in ["", "eur", "EU", "EURO", "ZZZ", "€€€", "E\u{301}R"] {
            assert_eq!(text.parse::<Currency>(), Err(MoneyError::UnknownCurrency), "{text}");
        }
    }

    #[test]
    fn serde_is_micros_and_code() {
        let json = "{\"micros\":12500,\"currency\":\"EUR\"}";
        assert_eq!(serde_json::to_string(&eur(12_500)).unwrap(), json);
        assert_eq!(serde_json::from_str::<Money>(json).unwrap(), eur(12_500));
        assert!(serde_json::from_str::<Money>("{\"micros\":1.5,\"currency\":\"EUR\"}").is_err());
    }

    proptest! {
        #[test]
        fn texts_go_round(micros: i64) {
            prop_assert_eq!(parse_micros(&Micros(micros).to_string()), Ok(micros));
        }

        #[test]
        fn sums_agree_with_wider_ones(a: i64, b: i64, count: u32) {
            let fits = |wide: i128| i64::try_from(wide).map(eur).map_err(|_| MoneyError::Overflow);
            prop_assert_eq!(eur(a).checked_add(eur(b)), fits(i128::from(a) + i128::from(b)));
            prop_assert_eq!(eur(a).checked_sub(eur(b)), fits(i128::from(a) - i128::from(b)));
            prop_assert_eq!(eur(a).checked_mul(count), fits(i128::from(a) * i128::from(count)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+]?[0-9.]{0,30}") {
            if let Ok(micros) = parse_micros(&text) {
                prop_assert_eq!(parse_micros(&Micros(micros).to_string()), Ok(micros));
            }
        }
    }
}
