//! Signed requests (HTTP Message Signatures, RFC 9421): beside the key, which is shown, a signature by a secret that never travels.
//!
//! An API key has request keys (Ed25519, or HMAC-SHA256); a call with a signature is verified by them, and when one of them is required,
//! no call passes without. What is signed is the method, where it goes, the body by its digest (RFC 9530), a moment within five minutes
//! and a nonce that comes once.

mod base;
mod desk;
mod nonces;

pub use base::SignedRequest;
pub use desk::{NewRequestKeyOrder, RequestKeySecret};
pub(crate) use nonces::{Nonces, SPAN_NONCES_MAX};

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sambac_domain::ApiKeyId;
use sambac_domain::error::ErrorCode;
use sambac_store::rows::{RequestKeyRow, RequestNonceRow};
use secrecy::ExposeSecret as _;
use tokio::sync::oneshot;

use crate::commit::Write;
use crate::refusal::Refusal;
use crate::seal::Seal;
use crate::{Caller, Engine};

/// Seconds that a signature may be old.
const AGE_MAX_S: i64 = 300;
/// Seconds that it may be ahead of our clock.
const AHEAD_MAX_S: i64 = 30;
/// Characters of a nonce.
const NONCE_CHARS: std::ops::RangeInclusive<usize> = 16..=128;

/// How a request key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestAlgorithm {
    /// `ed25519`: we know the public half only.
    Ed25519,
    /// `hmac-sha256`: both know the secret.
    HmacSha256,
}

impl RequestAlgorithm {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Ed25519, Self::HmacSha256];

    /// Its name in the registry of HTTP signature algorithms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::HmacSha256 => "hmac-sha256",
        }
    }

    /// The algorithm of that name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == word)
    }
}

/// The request keys of all API keys, ready to verify.
#[derive(Default)]
pub(crate) struct RequestKeys(HashMap<ApiKeyId, Vec<RequestKey>>);

struct RequestKey {
    id: String,
    required: bool,
    /// `None`: what is stored cannot be read; nothing verifies by it.
    verifier: Option<Verifier>,
}

enum Verifier {
    Ed25519(Vec<u8>),
    Hmac(Box<hmac::Key>),
}

impl RequestKeys {
    pub(crate) fn new(rows: Vec<RequestKeyRow>, seal: &Seal) -> Self {
        let mut keys: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            let verifier = Verifier::of(&row, seal);
            if verifier.is_none() {
                tracing::error!(key = %row.id, "a request key cannot be read; nothing verifies by it");
            }
            let key = RequestKey { id: row.id.to_string(), required: row.required, verifier };
            keys.entry(row.api_key_id).or_default().push(key);
        }
        Self(keys)
    }

    fn of(&self, key: ApiKeyId) -> &[RequestKey] {
        self.0.get(&key).map_or(&[], Vec::as_slice)
    }
}

impl Verifier {
    fn of(row: &RequestKeyRow, seal: &Seal) -> Option<Self> {
        match RequestAlgorithm::parse(&row.algorithm)? {
            RequestAlgorithm::Ed25519 => URL_SAFE_NO_PAD.decode(&row.public_key).ok().map(Self::Ed25519),
            RequestAlgorithm::HmacSha256 => {
                let text = seal.open_text(row.id.raw(), &row.secret_sealed.as_ref()?.0).ok()?;
                let secret = STANDARD.decode(text.expose_secret()).ok()?;
                Some(Self::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret))))
            }
        }
    }

    fn algorithm(&self) -> RequestAlgorithm {
        match self {
            Self::Ed25519(_) => RequestAlgorithm::Ed25519,
            Self::Hmac(_) => RequestAlgorithm::HmacSha256,
        }
    }

    fn has_signed(&self, base: &str, signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(base.as_bytes(), signature).is_ok(),
            Self::Hmac(key) => hmac::verify(key, base.as_bytes(), signature).is_ok(),
        }
    }
}

impl Engine {
    /// Whether calls of this caller are signed: by its own will, or because they have to be. The nonce of one that is has to be
    /// kept ([`Engine::keep_nonce`]) before anything is done.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidRequestSignature`]: it has to be and is not, or it is and the signature does not hold.
    /// [`ErrorCode::RateLimited`] when more nonces came than can be remembered.
    pub fn check_signature(&self, caller: &Caller, request: &SignedRequest<'_>) -> Result<Option<NewNonce>, Refusal> {
        let snapshot = self.0.snapshot.load();
        let keys = snapshot.request_keys.of(caller.api_key_id);
        if !request.is_signed() {
            return match keys.iter().any(|key| key.required) {
                true => Err(refused("the request is not signed, and the key asks for it")),
                false => Ok(None),
            };
        }
        let now_s = self.0.clock.now().as_secs();
        let nonce = keys_verify(keys, request, now_s)?;
        match self.0.callers.nonces.take(caller.api_key_id, &nonce, now_s) {
            nonces::Taken::New(hash) => Ok(Some(NewNonce(hash))),
            nonces::Taken::Before => Err(refused("the nonce has come before")),
            nonces::Taken::NoRoom => Err(Refusal::new(ErrorCode::RateLimited, "too many signed requests to remember")),
        }
    }
}

impl Engine {
    /// Keeps a nonce, so that it is not taken again by any process.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when it was not stored.
    pub async fn keep_nonce(&self, nonce: NewNonce) -> Result<(), Refusal> {
        let expires_at = self.0.clock.now().saturating_add(Duration::from_secs(nonces::SPAN_S.unsigned_abs()));
        let (done, stored) = oneshot::channel();
        self.0.write(Write::Nonce { row: RequestNonceRow { hash: nonce.0.to_vec(), expires_at }, done }).await;
        stored.await.map_err(|_| ErrorCode::ServiceUnavailable.into())
    }
}

/// A nonce that has not come before.
pub struct NewNonce([u8; 16]);

/// The nonce of the signature that one of these keys has made.
fn keys_verify(keys: &[RequestKey], request: &SignedRequest<'_>, now_s: i64) -> Result<String, Refusal> {
    let inputs = request.inputs().map_err(refused)?;
    let known = |id: &str| keys.iter().find(|key| key.id == id).and_then(|key| key.verifier.as_ref());
    let mut own = inputs.iter().filter_map(|input| known(input.key_id()?).map(|verifier| (input, verifier)));
    let (input, verifier) = own.next().ok_or_else(|| refused("no signature names a request key of this API key"))?;
    if input.algorithm().is_some_and(|word| word != verifier.algorithm().as_str()) {
        return Err(refused("alg is not that of the request key"));
    }
    let created_s = input.created().ok_or_else(|| refused("created is missing"))?;
    if !(now_s - AGE_MAX_S..=now_s + AHEAD_MAX_S).contains(&created_s)
        || input.expires().is_some_and(|end| end <= now_s)
    {
        return Err(refused("created is not within five minutes, or expires is past"));
    }
    let nonce = input.nonce().filter(|nonce| NONCE_CHARS.contains(&nonce.len()));
    let nonce = nonce.ok_or_else(|| refused("nonce is missing, or not of 16 to 128 characters"))?.to_owned();
    request.covers_enough(input).map_err(refused)?;
    let (base, signature) = request.base(input).map_err(refused)?;
    if verifier.has_signed(&base, &signature) { Ok(nonce) } else { Err(refused("the signature does not hold")) }
}

fn refused(why: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequestSignature, why)
}

#[cfg(test)]
mod tests;
