//! Digests of what must not be guessed from its digest: a request with a one-time code in it has few unknown digits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sambac_domain::id::AccountId;
use sha2::Sha256;

use crate::Engine;

/// An id that no row has: what is sealed under it is a key of its own.
const KEY_ID: i64 = -1;

impl Engine {
    /// HMAC-SHA-256 of an account's request under a key that follows from the master key. The same request gives the same
    /// digest; without the master key it cannot be tried out.
    pub fn fingerprint(&self, account: AccountId, request: &[u8]) -> String {
        let key = self.0.settings.seal.seal_once(KEY_ID, b"fingerprint");
        // A key of any length will do for HMAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
        mac.update(&account.raw().to_be_bytes());
        mac.update(request);
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}
