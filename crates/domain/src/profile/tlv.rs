//! Optional parameters (smsc-quirks, section H): a dictionary per connector, as vendors mean different things by one tag.

use serde::{Deserialize, Serialize};

use super::ProfileError;
use super::section::section;

/// How a parameter's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlvKind {
    /// One octet.
    Int1,
    /// Two octets.
    Int2,
    /// Four octets.
    Int4,
    /// Text with a NUL at its end.
    CString,
    /// Text without a NUL.
    Text,
    /// Octets, written in hexadecimal.
    Octets,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlvRule {
    /// Its tag, as `0x1400`.
    pub tag: String,
    /// What clients call it: they give its value under this name, or under its tag.
    pub name: String,
    /// How it is written.
    pub kind: TlvKind,
    /// Its value when the client gives none. `{sender}`, `{destination}`, `{message_id}` and `{account}` stand for the message's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Whether a message without it is refused.
    #[serde(default)]
    pub required: bool,
    /// The most octets of its value; 0 = no limit.
    #[serde(default)]
    pub octets_max: u16,
}

impl TlvRule {
    /// Its tag as a number; `None` when it is written wrongly.
    #[must_use]
    pub fn tag_number(&self) -> Option<u16> {
        match self.tag.strip_prefix("0x").or_else(|| self.tag.strip_prefix("0X")) {
            Some(hex) => u16::from_str_radix(hex, 16).ok(),
            None => self.tag.parse().ok(),
        }
    }
}

section! {
    /// Optional parameters of our own choice, and what the operator's mean.
    TlvSettings {
        /// What is sent with each message: a list of { tag, name, kind, value, required, octets_max }.
        out: Vec<TlvRule> = Vec::new(), ["Q-H1", "Q-H2"];
        /// What incoming parameters are called: a list of { tag, name, kind }. Others are kept under their tag.
        incoming: Vec<TlvRule> = Vec::new(), ["Q-H2", "Q-H4", "Q-H5", "Q-H6", "Q-H7", "Q-H9"];
        /// Whether parameters that a client gave and no rule names are passed on.
        pass_unknown: bool = false, ["Q-H6"];
    }
}

impl TlvSettings {
    pub(super) fn check(&self, faults: &mut Vec<ProfileError>) {
        let lists = [("tlvs.out", &self.out), ("tlvs.incoming", &self.incoming)];
        for (setting, rules) in lists {
            if let Some(rule) = rules.iter().find(|rule| rule.tag_number().is_none()) {
                faults.push(ProfileError::new(setting, format!("\"{}\" is no tag: write 0x1400", rule.tag)));
            }
        }
    }
}
