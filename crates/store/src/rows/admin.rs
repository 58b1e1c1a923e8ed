//! Who may use the admin API, and what they changed.

use sambac_domain::{AdminKeyId, Timestamp};

use super::row;
use super::words::AccessState;
use crate::Sealed;

row! {
    /// A key of the admin API: everything but the secret itself.
    AdminKeyRow in "admin_keys" {
        /// Its id, part of the key's text.
        id: AdminKeyId,
        /// What it is called, unique.
        name: String,
        /// Hash of the secret.
        secret_hash: Sealed<String>,
        /// What it may do.
        scopes: Vec<String>,
        /// Whether it may be used.
        state: AccessState,
        /// When it was made.
        created_at: Timestamp,
        /// When it stops working.
        expires_at: Option<Timestamp>,
    }
}

row! {
    /// A change of the configuration, as it was kept. Never changed itself.
    ConfigVersionRow in "config_versions" {
        /// Its number, from 1 without gaps.
        id: i64,
        /// Who made it.
        author: String,
        /// How: `update connector alpha-1`, `apply site.toml`, `rollback to 3`.
        reason: String,
        /// A JSON list of [`crate::Change`].
        changes: String,
        /// When.
        created_at: Timestamp,
    }
}

row! {
    /// What a person must know of.
    AlertRow in "alerts" {
        /// Its kind and subject: `connector_setup/alpha`.
        id: String,
        /// What it is about.
        kind: String,
        /// What it is of.
        subject: String,
        /// What happened, the last time.
        text: String,
        /// When it was opened.
        first_at: Timestamp,
        /// When it was raised the last time.
        last_at: Timestamp,
        /// How often since it was opened.
        count: i64,
        /// Who has acknowledged it.
        acknowledged_by: Option<String>,
        /// When.
        acknowledged_at: Option<Timestamp>,
        /// When it was cleared; open until then.
        cleared_at: Option<Timestamp>,
    }
}
