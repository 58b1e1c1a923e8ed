//! What the guard holds against a code.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::Micros;
use crate::number::Country;
use crate::stored;
use crate::throughput::Throughput;

/// What a rule of the guard looks at. The word outside is that of [`Rule::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The number's country is not on the list.
    Country,
    /// Too many codes to one number.
    Number,
    /// Too many codes under one key that the caller gave: an address, a device, a user.
    RateKey,
    /// Codes to a range of numbers are not verified.
    Range,
    /// Codes to a whole country are not verified any more.
    Conversion,
    /// Codes that nobody has verified have cost too much.
    CostAtRisk,
}

/// What a key of a caller stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateKeyKind {
    /// The address that a person asks from.
    Ip,
    /// The device.
    Device,
    /// The user.
    User,
}

/// What the guard does with a code that it holds something against. Text and serde form: `off`, `watch`, `stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardMode {
    /// It does not look.
    Off,
    /// It is counted and told, and sent.
    #[default]
    Watch,
    /// It is not sent.
    Stop,
}

/// The guard's settings. The default needs none: it knows no country and no cost, and stops what is not verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardSettings {
    /// What it does.
    pub mode: GuardMode,
    /// The countries that codes go to; any when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub countries: Option<Vec<Country>>,
    /// First digits of numbers that are never stopped, but for too many codes to one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub safe: Vec<String>,
    /// Codes to one number.
    pub per_number: Throughput,
    /// Codes of one address.
    pub per_ip: Throughput,
    /// Codes of one device.
    pub per_device: Throughput,
    /// Codes of one user.
    pub per_user: Throughput,
    /// Codes without a verification to a thousand neighbouring numbers before they are stopped. Wider ranges may have more.
    pub unverified_max: u16,
    /// What unverified codes of about an hour may cost, in the account's currency; without a bound when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_at_risk: Option<Micros>,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            mode: GuardMode::Watch,
            countries: None,
            safe: Vec::new(),
            per_number: per_hour(10, 5),
            per_ip: per_hour(60, 20),
            per_device: per_hour(20, 10),
            per_user: per_hour(20, 10),
            unverified_max: 8,
            cost_at_risk: None,
        }
    }
}

fn per_hour(count: u32, burst: u32) -> Throughput {
    format!("{count}/h burst {burst}").parse().unwrap_or(Throughput::per_s(1))
}

impl GuardSettings {
    /// The settings as they are stored; no text is the default.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_json(text: &str) -> Result<Self, String> {
        stored::read(text).map_err(|error| error.to_string())
    }

    /// As they are stored: the default is an empty text.
    #[must_use]
    pub fn to_json(&self) -> String {
        stored::written(self)
    }

    /// Whether nothing was chosen.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The bound of a kind of key.
    #[must_use]
    pub fn of_key(&self, kind: RateKeyKind) -> Throughput {
        match kind {
            RateKeyKind::Ip => self.per_ip,
            RateKeyKind::Device => self.per_device,
            RateKeyKind::User => self.per_user,
        }
    }
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Country, Self::Number, Self::RateKey, Self::Range, Self::Conversion, Self::CostAtRisk];

    /// The word outside.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country_not_listed",
            Self::Number => "number_velocity",
            Self::RateKey => "rate_key_velocity",
            Self::Range => "range_not_verified",
            Self::Conversion => "conversion_drop",
            Self::CostAtRisk => "cost_at_risk",
        }
    }
}

impl RateKeyKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ip, Self::Device, Self::User];

    /// The word outside.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Device => "device",
            Self::User => "user",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
