//! Who did what to the platform.

use sambac_domain::{AccountId, Timestamp};

use super::row;

row! {
    /// An entry of the audit log, as it was kept. Never changed itself.
    AuditRow in "audit_log" {
        /// Its number, from 1 without gaps.
        id: i64,
        /// When.
        at: Timestamp,
        /// Who: `admin key operations`, `api key key_…`, `command line (alice)`, `platform`, `outsider`.
        actor: String,
        /// What: `key.rotate`, `config.change` …
        action: String,
        /// To what: an id, a path, a name.
        subject: String,
        /// Whose, when it concerns an account.
        account_id: Option<AccountId>,
        /// From where, as far as that is known.
        address: String,
        /// What is particular to it: a JSON object. Never a secret, a message's text or a whole number.
        detail: String,
        /// Seals this entry and, through that of the one before, all earlier ones: SHA-256, hexadecimal.
        hash: String,
    }
}
