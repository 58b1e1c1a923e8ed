//! Keys by which requests are signed.

use sambac_domain::{ApiKeyId, RequestKeyId, Timestamp};

use super::row;
use crate::Sealed;

row! {
    /// A key that signs requests of an API key.
    RequestKeyRow in "request_keys" {
        /// Its id, by which signatures name it.
        id: RequestKeyId,
        /// Whose requests it signs.
        api_key_id: ApiKeyId,
        /// How: `ed25519` or `hmac-sha256`.
        algorithm: String,
        /// Its public half, base64url; empty when both know a secret.
        public_key: String,
        /// That secret, encrypted.
        secret_sealed: Option<Sealed<String>>,
        /// Whether no call of the API key passes without a signature.
        required: bool,
        /// When it was made.
        created_at: Timestamp,
    }
}

row! {
    /// A nonce of a signed request that has come.
    RequestNonceRow in "request_nonces" {
        /// Hash of the API key and the nonce.
        hash: Vec<u8>,
        /// From when on its signature holds no more.
        expires_at: Timestamp,
    }
}
