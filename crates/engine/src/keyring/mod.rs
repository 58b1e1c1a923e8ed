//! The API keys of clients: what each may do and from where, who makes and changes them, and when they were used.
//!
//! A key never gives what it does not have: [`Reach`] is what it has, and every key that it makes or changes stays within.

mod allowed;
mod desk;
mod reach;
mod uses;
mod wanted;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sambac_domain::Timestamp;
use sambac_store::rows::{AccessState, ApiKeyRow};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

pub use allowed::AllowedAddresses;
pub use desk::{KeyHolder, ROTATION_DEFAULT_S, ROTATION_MAX_S, SecretKey, ShownKey};
pub use reach::Reach;
pub(crate) use uses::run as run_uses;
pub use wanted::{KeyChange, NewKeyOrder};

use crate::Scope;
use crate::api_key::{Environment, PresentedKey};
use crate::rate::BURST_MS;
use crate::token_bucket::TokenBucket;

/// Uses are told to the minute.
const MINUTE_MICROS: i64 = 60_000_000;

/// A key as requests meet it: read once when the configuration is, and shared by all requests.
pub struct ClientKey {
    pub(crate) row: ApiKeyRow,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) environment: Option<Environment>,
    pub(crate) allowed: AllowedAddresses,
    /// `None`: what is stored does not parse, and the key cannot be used.
    pub(crate) limit: Option<Arc<TokenBucket>>,
    /// The minute in which it was last used here, as micros; 0 for never.
    used_at: Arc<AtomicI64>,
}

impl ClientKey {
    pub(crate) fn new(row: ApiKeyRow) -> Self {
        let limit = row.rate_limit.parse().inspect_err(|error| {
            tracing::error!(key = %row.id, %error, "the rate limit does not parse; the key cannot be used");
        });
        Self {
            scopes: row.scopes.iter().filter_map(|word| Scope::parse(word)).collect(),
            environment: Environment::parse(&row.environment),
            allowed: AllowedAddresses::parse(&row.allowed_ips),
            limit: limit.ok().map(|limit| Arc::new(TokenBucket::new(limit, BURST_MS, Instant::now()))),
            used_at: Arc::default(),
            row,
        }
    }

    /// The key as it is `now`, which goes on with the counters of `before`.
    pub(crate) fn after(before: &Self, now: &Self) -> Self {
        let same =
            |limit: &&Arc<TokenBucket>| now.limit.as_ref().is_some_and(|new| new.throughput() == limit.throughput());
        Self {
            row: now.row.clone(),
            scopes: now.scopes.clone(),
            environment: now.environment,
            allowed: now.allowed.clone(),
            limit: before.limit.as_ref().filter(same).or(now.limit.as_ref()).cloned(),
            used_at: Arc::clone(&before.used_at),
        }
    }

    /// Active, not past its end, and readable.
    pub(crate) fn is_usable(&self, now: Timestamp) -> bool {
        let row = &self.row;
        row.state == AccessState::Active && row.expires_at.is_none_or(|end| now < end) && self.limit.is_some()
    }

    /// Whether this is the key that was presented: by its secret, or by the one before while that lives.
    pub(crate) fn is(&self, presented: &PresentedKey, now: Timestamp) -> bool {
        let row = &self.row;
        let former = row.former_secret_hash.as_ref().filter(|_| row.former_until.is_some_and(|end| now < end));
        let is_known = presented.matches(&row.secret_hash.0) || former.is_some_and(|hash| presented.matches(&hash.0));
        is_known && self.environment == Some(presented.environment)
    }

    /// What a token says of the secret by which it was made: it ends with the secret.
    pub(crate) fn thumbprint(&self) -> String {
        thumbprint(&self.row.secret_hash.0)
    }

    /// Whether a token was made by a secret that lives now.
    pub(crate) fn has_thumbprint(&self, given: &str, now: Timestamp) -> bool {
        let row = &self.row;
        let former = row.former_secret_hash.as_ref().filter(|_| row.former_until.is_some_and(|end| now < end));
        [Some(&row.secret_hash), former].into_iter().flatten().any(|hash| thumbprint(&hash.0) == given)
    }

    /// Remembers that it is used.
    pub(crate) fn touch(&self, now: Timestamp) {
        let minute = now.0 - now.0.rem_euclid(MINUTE_MICROS);
        // A plain read first: nearly every use is in the minute of the one before.
        if self.used_at.load(Ordering::Relaxed) < minute {
            self.used_at.fetch_max(minute, Ordering::Relaxed);
        }
    }

    /// When it was last used here, as far as this process knows.
    pub(crate) fn used_at(&self) -> Option<Timestamp> {
        Some(self.used_at.load(Ordering::Relaxed)).filter(|at| *at > 0).map(Timestamp)
    }
}

/// Of a hash of 256 random bits: it tells nothing of them.
fn thumbprint(secret_hash: &str) -> String {
    let mut text = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("token of {secret_hash}")));
    text.truncate(16);
    text
}

#[cfg(test)]
impl ClientKey {
    /// A key of nobody with this rate limit.
    pub(crate) fn for_tests(rate_limit: &str) -> Self {
        Self::new(ApiKeyRow {
            id: sambac_domain::ApiKeyId::from_raw(256),
            account_id: sambac_domain::AccountId::from_raw(256),
            name: "test".to_owned(),
            environment: "live".to_owned(),
            secret_hash: sambac_store::Sealed::default(),
            scopes: Vec::new(),
            state: AccessState::Active,
            created_at: Timestamp(0),
            expires_at: None,
            former_secret_hash: None,
            former_until: None,
            allowed_ips: Vec::new(),
            rate_limit: rate_limit.to_owned(),
        })
    }
}
