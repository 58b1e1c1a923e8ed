//! Optional parameters that clients give, written by a connector's dictionary.
//!
//! ```
//! use sambac_domain::profile::{GivenTlv, Profile, TlvKey, TlvSubject, TlvValue};
//!
//! let profile = Profile::parse(r#"{ "tlvs": { "out": [{ "tag": "0x1400", "name": "entity", "kind": "c_string" }] } }"#).unwrap();
//! let given = [GivenTlv { key: TlvKey::Name("entity".into()), value: TlvValue::Text("1101".into()) }];
//! let written = profile.tlvs.written(&given, &TlvSubject::default()).unwrap();
//! assert_eq!(written, [(0x1400, b"1101\0".to_vec())]);
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use super::tlv::{TlvKind, TlvRule, TlvSettings};

/// A parameter as a client gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenTlv {
    /// Which.
    pub key: TlvKey,
    /// Its value.
    pub value: TlvValue,
}

/// What a client calls a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlvKey {
    /// By a name of the dictionary.
    Name(String),
    /// By its tag.
    Tag(u16),
}

impl TlvKey {
    /// A tag when it is written like one (`0x1400`), else a name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        hex.and_then(|hex| u16::from_str_radix(hex, 16).ok()).map_or_else(|| Self::Name(text.to_owned()), Self::Tag)
    }
}

impl fmt::Display for TlvKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Tag(tag) => write!(f, "0x{tag:04X}"),
        }
    }
}

/// A value: text that the dictionary's kind makes octets of, or octets as an ESME sent them. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlvValue {
    /// As written by a person or program.
    Text(String),
    /// As on the wire.
    Octets(Vec<u8>),
}

impl fmt::Debug for TlvValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} octets)", text.len()),
            Self::Octets(octets) => write!(f, "Octets({} octets)", octets.len()),
        }
    }
}

/// What `{sender}` and its like stand for in a value of the dictionary.
#[derive(Debug, Clone, Copy, Default)]
pub struct TlvSubject<'a> {
    /// The sender.
    pub sender: &'a str,
    /// The destination's digits.
    pub destination: &'a str,
    /// Our id of the message.
    pub message_id: &'a str,
    /// Our id of the account.
    pub account: &'a str,
}

/// Why a message cannot go with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// One that the operator needs was not given.
    #[error("the optional parameter {0} is required")]
    Missing(String),
    /// A value that is not of the parameter's kind.
    #[error("the optional parameter {name} must be {expected}")]
    Malformed {
        /// What it is called.
        name: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A value that is too long.
    #[error("the optional parameter {name} is longer than {octets_max} octets")]
    TooLong {
        /// What it is called.
        name: String,
        /// The most octets.
        octets_max: u16,
    },
}

impl TlvSettings {
    /// The parameters that a message goes with: tags and values, the dictionary's in its order, then those passed on.
    ///
    /// # Errors
    /// [`TlvError`], which names the parameter.
    pub fn written(&self, given: &[GivenTlv], subject: &TlvSubject<'_>) -> Result<Vec<(u16, Vec<u8>)>, TlvError> {
        let mut written = Vec::new();
        for rule in &self.out {
            let Some(tag) = rule.tag_number() else { continue };
            if let Some(value) = rule.value_of(given, subject)? {
                written.push((tag, value));
            }
        }
        for tlv in given.iter().filter(|tlv| self.pass_unknown && self.rule_of(&tlv.key).is_none()) {
            if let (TlvKey::Tag(tag), value) = (&tlv.key, &tlv.value) {
                written.push((*tag, value.octets().to_vec()));
            }
        }
        Ok(written)
    }

    /// Whether this connector has a use for a parameter.
    #[must_use]
    pub fn takes(&self, key: &TlvKey) -> bool {
        self.rule_of(key).is_some() || self.pass_unknown && matches!(key, TlvKey::Tag(_))
    }

    fn rule_of(&self, key: &TlvKey) -> Option<&TlvRule> {
        self.out.iter().find(|rule| rule.is_meant(key))
    }
}

impl TlvRule {
    fn is_meant(&self, key: &TlvKey) -> bool {
        match key {
            TlvKey::Name(name) => self.name == *name,
            TlvKey::Tag(tag) => self.tag_number() == Some(*tag),
        }
    }

    fn value_of(&self, given: &[GivenTlv], subject: &TlvSubject<'_>) -> Result<Option<Vec<u8>>, TlvError> {
        let given = given.iter().find(|tlv| self.is_meant(&tlv.key)).map(|tlv| tlv.value.clone());
        let value = given.or_else(|| self.value.as_deref().map(|template| TlvValue::Text(filled(template, subject))));
        match value {
            Some(value) => self.encoded(&value).map(Some),
            None if self.required => Err(TlvError::Missing(self.name.clone())),
            None => Ok(None),
        }
    }

    fn encoded(&self, value: &TlvValue) -> Result<Vec<u8>, TlvError> {
        let malformed = |expected| TlvError::Malformed { name: self.name.clone(), expected };
        let integer = |octets: usize, expected| {
            let number = value.integer().ok_or_else(|| malformed(expected))?;
            let bytes = number.to_be_bytes();
            let (high, low) = bytes.split_at(4 - octets);
            if high.iter().all(|octet| *octet == 0) { Ok(low.to_vec()) } else { Err(malformed(expected)) }
        };
        let mut octets = match self.kind {
            TlvKind::Int1 => return integer(1, "a number up to 255"),
            TlvKind::Int2 => return integer(2, "a number up to 65535"),
            TlvKind::Int4 => return integer(4, "a number up to 4294967295"),
            TlvKind::CString | TlvKind::Text => trimmed(value.octets()).to_vec(),
            TlvKind::Octets => match value {
                TlvValue::Text(text) => from_hex(text).ok_or_else(|| malformed("octets in hexadecimal"))?,
                TlvValue::Octets(octets) => octets.clone(),
            },
        };
        if matches!(self.kind, TlvKind::CString | TlvKind::Text) && octets.contains(&0) {
            return Err(malformed("a text without NUL"));
        }
        if self.octets_max > 0 && octets.len() > usize::from(self.octets_max) {
            return Err(TlvError::TooLong { name: self.name.clone(), octets_max: self.octets_max });
        }
        octets.extend((self.kind == TlvKind::CString).then_some(0));
        Ok(octets)
    }
}

impl TlvValue {
    fn octets(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Octets(octets) => octets,
        }
    }

    /// A number in digits or as `0x…`; on the wire of 1, 2 or 4 octets.
    fn integer(&self) -> Option<u32> {
        match self {
            Self::Text(text) => match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => text.parse().ok(),
            },
            Self::Octets(octets) if matches!(octets.len(), 1 | 2 | 4) => {
                Some(octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
            }
            Self::Octets(_) => None,
        }
    }
}

/// Without the NUL that an ESME may have sent at the end.
fn trimmed(octets: &[u8]) -> &[u8] {
    octets.strip_suffix(&[0]).unwrap_or(octets)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let octet = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    odd.is_empty().then(|| pairs.iter().map(octet).collect()).flatten()
}

fn filled(template: &str, subject: &TlvSubject<'_>) -> String {
    let values = [
        ("{sender}", subject.sender),
        ("{destination}", subject.destination),
        ("{message_id}", subject.message_id),
        ("{account}", subject.account),
    ];
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn settings(rules: &str) -> TlvSettings {
        Profile::parse(&format!("{{ \"tlvs\": {rules} }}")).expect(rules).tlvs
    }

    fn named(name: &str, text: &str) -> GivenTlv {
        GivenTlv { key: TlvKey::parse(name), value: TlvValue::Text(text.to_owned()) }
    }

    #[test]
    fn values_are_written_by_their_kind() {
        for (kind, text, expected) in [
            ("int1", "255", Ok(vec![255])),
            ("int2", "0x0102", Ok(vec![1, 2])),
            ("int4", "258", Ok(vec![0, 0, 1, 2])),
            ("c_string", "ab", Ok(b"ab\0".to_vec())),
            ("text", "ab", Ok(b"ab".to_vec())),
            ("octets", "0aFF", Ok(vec![0x0A, 0xFF])),
            ("int1", "256", Err("the optional parameter x must be a number up to 255")),
            ("octets", "abc", Err("the optional parameter x must be octets in hexadecimal")),
            ("text", "a\0b", Err("the optional parameter x must be a text without NUL")),
            ("text", "abcd", Err("the optional parameter x is longer than 3 octets")),
        ] {
            let rules =
                format!(r#"{{ "out": [{{ "tag": "0x1400", "name": "x", "kind": "{kind}", "octets_max": 3 }}] }}"#);
            let written = settings(&rules).written(&[named("x", text)], &TlvSubject::default());
            let values = written.map(|tlvs| tlvs[0].1.clone()).map_err(|error| error.to_string());
            assert_eq!(values, expected.map_err(str::to_owned), "{kind} {text:?}");
        }
    }

    #[test]
    fn octets_of_an_esme_fit_the_same_rules() {
        let rules = settings(
            r#"{ "out": [
                { "tag": "0x1400", "name": "id", "kind": "c_string" },
                { "tag": "0x1401", "name": "number", "kind": "int2" }
            ] }"#,
        );
        let octets = |tag, value: &[u8]| GivenTlv { key: TlvKey::Tag(tag), value: TlvValue::Octets(value.to_vec()) };
        let given = [octets(0x1400, b"7\0"), octets(0x1401, &[9]), octets(0x1500, b"x")];
        let written = rules.written(&given, &TlvSubject::default()).unwrap();
        assert_eq!(written, [(0x1400, b"7\0".to_vec()), (0x1401, vec![0, 9])], "unknown ones stay here");
        let passing = TlvSettings { pass_unknown: true, ..rules };
        assert_eq!(passing.written(&given, &TlvSubject::default()).unwrap()[2], (0x1500, b"x".to_vec()));
        assert!(passing.takes(&TlvKey::Tag(0x1500)) && !passing.takes(&TlvKey::parse("unheard_of")));
    }

    #[test]
    fn missing_ones_have_a_default_or_are_refused_by_name() {
        let rules = settings(
            r#"{ "out": [
                { "tag": "0x1402", "name": "trace", "kind": "text", "value": "{account}/{message_id} {sender}>{destination}" },
                { "tag": "0x1400", "name": "dlt_entity_id", "kind": "c_string", "required": true }
            ] }"#,
        );
        let subject = TlvSubject { sender: "Bank", destination: "4477", message_id: "m", account: "a" };
        let missing = rules.written(&[], &subject).unwrap_err();
        assert_eq!(missing.to_string(), "the optional parameter dlt_entity_id is required");
        let written = rules.written(&[named("0x1400", "1")], &subject).unwrap();
        assert_eq!(written[0], (0x1402, b"a/m Bank>4477".to_vec()));
    }
}
