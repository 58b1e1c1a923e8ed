//! Tokens that were verified lately: verifying a signature again with every call would be most of the work.
//!
//! Only what the token itself says is remembered. Whether its key may still be used is asked with every call.

use std::sync::Arc;

use quick_cache::sync::Cache;
use sambac_domain::{AccountId, ApiKeyId, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::Scope;
use crate::issuer::Issuer;

/// Tokens that are remembered at most.
const TOKENS_MAX: usize = 10_000;

/// What a good token says.
pub(crate) struct Verified {
    /// Whom it stands for.
    pub(crate) holder: Holder,
    pub(crate) scopes: Arc<[Scope]>,
    /// From then on it is not believed without being looked at again.
    pub(crate) expires_at: Timestamp,
}

/// Whom a token stands for.
pub(crate) enum Holder {
    /// A key of ours.
    Key {
        /// Which.
        id: ApiKeyId,
        /// Of the key's secret by which it was made.
        thumbprint: String,
    },
    /// Whoever an issuer outside says.
    Issuer {
        /// The issuer as it was then.
        issuer: Arc<Issuer>,
        /// For whom it speaks.
        account: AccountId,
        /// Who it is, as the audit log names it.
        subject: Arc<str>,
    },
}

/// The tokens that were verified lately, by hash: a token itself is a secret.
pub(crate) struct VerifiedTokens(Cache<[u8; 32], Arc<Verified>>);

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(Cache::new(TOKENS_MAX))
    }
}

impl VerifiedTokens {
    pub(super) fn find(&self, text: &str, now: Timestamp) -> Option<Arc<Verified>> {
        self.0.get(&hash(text)).filter(|verified| now < verified.expires_at)
    }

    pub(super) fn keep(&self, text: &str, verified: &Arc<Verified>) {
        self.0.insert(hash(text), Arc::clone(verified));
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
