//! A table by command_status, written as `"0x58"` or as a range `"0x400-0x4FF"`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by command_status; a single status counts before a range, a short range before a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusMap<T>(BTreeMap<Range, T>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    first: u32,
    last: u32,
}

impl<T> Default for StatusMap<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> StatusMap<T> {
    /// The value of the narrowest entry that holds `command_status`.
    #[must_use]
    pub fn get(&self, command_status: u32) -> Option<&T> {
        let holding = self.0.iter().filter(|(range, _)| (range.first..=range.last).contains(&command_status));
        holding.min_by_key(|(range, _)| range.last - range.first).map(|(_, value)| value)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (number(first)?, number(last)?);
        (first <= last).then_some(Self { first, last })
    }
}

fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "0x{:02X}", self.first)
        } else {
            write!(f, "0x{:02X}-0x{:02X}", self.first, self.last)
        }
    }
}

impl<T: Serialize> Serialize for StatusMap<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(range, value)| (range.to_string(), value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for StatusMap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<String, T>::deserialize(deserializer)?;
        let entries = written.into_iter().map(|(key, value)| {
            let range = Range::parse(&key);
            let why = || D::Error::custom(format!("\"{key}\" is no command_status: write 0x58 or 0x400-0x4FF"));
            Ok((range.ok_or_else(why)?, value))
        });
        entries.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_entry_counts() {
        let map: StatusMap<u8> =
            serde_json::from_str(r#"{ "0x400-0x4FF": 1, "0x401": 2, "0x400-0x410": 3, "88": 4 }"#).unwrap();
        assert_eq!(
            [0x401, 0x402, 0x411, 0x58, 0x59].map(|status| map.get(status).copied()),
            [Some(2), Some(3), Some(1), Some(4), None]
        );
        let shown = serde_json::to_string(&map).unwrap();
        assert_eq!(shown, r#"{"0x58":4,"0x400-0x410":3,"0x400-0x4FF":1,"0x401":2}"#);
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for key in ["", "0x", "x58", "0x5-0x4", "-1", "0x100000000"] {
            let text = format!("{{ \"{key}\": 1 }}");
            assert!(serde_json::from_str::<StatusMap<u8>>(&text).is_err(), "{key}");
        }
    }
}
