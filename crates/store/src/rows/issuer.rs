//! Whose word on who calls is taken.

use sambac_domain::{AccountId, IssuerId, Timestamp};

use super::row;
use super::words::AccessState;

row! {
    /// An issuer of tokens outside.
    IssuerRow in "issuers" {
        /// Its id.
        id: IssuerId,
        /// What it is called, unique.
        name: String,
        /// What its tokens say of it (`iss`), unique.
        url: String,
        /// Whom its tokens are for (`aud`).
        audience: String,
        /// Where its keys are.
        jwks_url: String,
        /// For whom it may speak.
        accounts: Vec<AccountId>,
        /// How its tokens are read, as JSON.
        settings: String,
        /// Whether it is believed.
        state: AccessState,
        /// When it was made.
        created_at: Timestamp,
    }
}
