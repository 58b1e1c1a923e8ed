//! Issuers of tokens outside, as people write them.

use serde::{Deserialize, Serialize};

use crate::issuer::IssuerSettings;

/// An issuer of tokens outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Its name, unique.
    pub name: String,
    /// What its tokens say of it (`iss`), to the letter.
    pub url: String,
    /// Whom its tokens are for (`aud`), to the letter.
    pub audience: String,
    /// Where its keys are: https, or http on this machine.
    pub jwks_url: String,
    /// Accounts that it may speak for.
    pub accounts: Vec<String>,
    /// `active`, `suspended` or `revoked`.
    #[serde(default = "active")]
    pub state: String,
    /// How its tokens are read, and what they are good for.
    pub tokens: IssuerSettings,
}

fn active() -> String {
    "active".to_owned()
}
