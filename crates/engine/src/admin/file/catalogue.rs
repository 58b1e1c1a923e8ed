//! What people know better of networks and numbers, as they write it.

use serde::{Deserialize, Serialize};

/// What a network is, over the table that is compiled in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Its MCC and MNC, unique.
    pub mcc_mnc: String,
    /// ISO 3166 code of its country.
    pub country: String,
    /// Its operator's name.
    pub operator: String,
    /// Who says so; `edited` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The day it was true, as in 2026-11-01; the day of the change if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
}

/// Whose numbers begin so, over the table that is compiled in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberPrefix {
    /// Digits with the country code first, unique.
    pub prefix: String,
    /// The network, or the MCC alone where no operator is meant.
    pub mcc_mnc: String,
    /// Who says so; `edited` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The day it was true; the day of the change if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
}

/// Networks that belong together, whatever their codes: what rates and price sheets name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorGroup {
    /// Its name, unique.
    pub name: String,
    /// Other names that price sheets have for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// MCC and MNC of its networks. A network is in one group at most.
    #[serde(default)]
    pub networks: Vec<String>,
    /// Who says so; `edited` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The day it was true; the day of the change if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
}
