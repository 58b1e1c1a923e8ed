//! Keys, as people write them: of the API and of the admin API.

use sambac_domain::Throughput;
use serde::{Deserialize, Serialize};

/// A REST API key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// What its owner calls it.
    pub name: String,
    /// Whose it is.
    pub account: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// `live` or `test`.
    #[serde(default = "live")]
    pub environment: String,
    /// `active`, `suspended` or `revoked`.
    #[serde(default = "active")]
    pub state: String,
    /// When it stops working, as 2026-11-23T10:00:00Z. This and what follows stays as it is when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Addresses and networks that it may be used from; empty: those of its account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_ips: Option<Vec<String>>,
    /// How often it may be used, as "100/s burst 20"; empty = no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<Throughput>,
}

/// A key of the admin API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminKey {
    /// Its name, unique.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// `active`, `suspended` or `revoked`.
    #[serde(default = "active")]
    pub state: String,
}

fn active() -> String {
    "active".to_owned()
}

fn live() -> String {
    "live".to_owned()
}
