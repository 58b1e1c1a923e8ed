//! Keys that sign what others verify.

use sambac_domain::{SigningKeyId, Timestamp};

use super::row;
use crate::Sealed;

row! {
    /// A key that signs.
    SigningKeyRow in "signing_keys" {
        /// Its id, by which what it has signed names it.
        id: SigningKeyId,
        /// Its algorithm by the registry of JSON Web Algorithms: `EdDSA`.
        algorithm: String,
        /// Its public half, base64url.
        public_key: String,
        /// Its private half, encrypted.
        private_sealed: Sealed<String>,
        /// When it was made.
        created_at: Timestamp,
    }
}
