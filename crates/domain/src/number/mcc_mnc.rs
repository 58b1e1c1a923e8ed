//! Mobile country and network codes (ITU-T E.212).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A country, or a network in it. Text: `26202`, `310410`, or `262` for the country alone; `{:#}` puts a
/// dash between: `262-02`. The MNC keeps its width, since `01` and `001` are different networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MccMnc {
    /// Mobile country code, 1–999; 1 is the test network.
    pub mcc: u16,
    /// Mobile network code; `None` means the country as a whole.
    pub mnc: Option<Mnc>,
}

/// A network code with its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mnc {
    code: u16,
    width: u8,
}

/// The text is no MCC or MCC and MNC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected MCC and MNC as 5 or 6 digits, or MCC alone as 3")]
pub struct MccMncError;

impl MccMnc {
    /// The test network 001/01.
    pub const TEST: Self = Self { mcc: 1, mnc: Some(Mnc { code: 1, width: 2 }) };

    /// A country as a whole.
    #[must_use]
    pub const fn country(mcc: u16) -> Self {
        Self { mcc, mnc: None }
    }

    /// The country of this network.
    #[must_use]
    pub const fn without_mnc(self) -> Self {
        Self::country(self.mcc)
    }
}

impl Mnc {
    /// A code of two or three digits as text.
    ///
    /// # Errors
    /// [`MccMncError`] for anything else.
    pub fn parse(digits: &str) -> Result<Self, MccMncError> {
        let width = match digits.len() {
            2 => 2,
            3 => 3,
            _ => return Err(MccMncError),
        };
        Ok(Self { code: number(digits)?, width })
    }

    /// The number without its width.
    #[must_use]
    pub fn code(self) -> u16 {
        self.code
    }

    /// Digits it is written with: 2 or 3.
    #[must_use]
    pub fn width(self) -> u8 {
        self.width
    }
}

fn number(digits: &str) -> Result<u16, MccMncError> {
    if !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(MccMncError);
    }
    digits.parse().map_err(|_| MccMncError)
}

impl FromStr for MccMnc {
    type Err = MccMncError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mcc, rest) = text.split_at_checked(3).ok_or(MccMncError)?;
        let mcc = number(mcc)?;
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        let mnc = if text.len() == 3 { None } else { Some(Mnc::parse(rest)?) };
        if mcc == 0 { Err(MccMncError) } else { Ok(Self { mcc, mnc }) }
    }
}

impl fmt::Display for Mnc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.code, width = usize::from(self.width))
    }
}

impl fmt::Display for MccMnc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.mcc)?;
        match self.mnc {
            Some(mnc) if f.alternate() => write!(f, "-{mnc}"),
            Some(mnc) => write!(f, "{mnc}"),
            None => Ok(()),
        }
    }
}

impl Serialize for MccMnc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MccMnc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_round_and_keeps_the_width() {
        for text in ["26202", "310410", "00101", "001", "722007"] {
            let parsed: MccMnc = text.parse().unwrap();
            assert_eq!(parsed.to_string(), text);
            assert_eq!(serde_json::from_value::<MccMnc>(serde_json::to_value(parsed).unwrap()).unwrap(), parsed);
        }
        let dashed: MccMnc = "262-02".parse().unwrap();
        assert_eq!((format!("{dashed:#}"), dashed.to_string()), ("262-02".into(), "26202".into()));
        assert_ne!("31001".parse::<MccMnc>(), "310001".parse());
        assert_eq!("00101".parse(), Ok(MccMnc::TEST));
        assert_eq!(dashed.without_mnc(), MccMnc::country(262));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "26", "2620", "2620202", "26a02", "+2602", "262-", "00001", "２６２"] {
            assert_eq!(text.parse::<MccMnc>(), Err(MccMncError), "{text}");
        }
    }
}
