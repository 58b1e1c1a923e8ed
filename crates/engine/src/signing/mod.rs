//! Signing keys: what we say and others verify is signed by one of them, as a compact JWS (EdDSA, Ed25519). Their public halves are
//! published as a JSON Web Key Set.
//!
//! The first is made when something is to be signed for the first time. One that has signed for `ROTATED_AFTER`, or that a person has
//! replaced, is followed by a new one; its public half stays published for `PUBLISHED_FOR`, so that old signatures can be verified.

mod key;
mod known;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use sambac_domain::error::ErrorCode;
use sambac_store::StoreError;
use serde::Serialize;

pub use key::PublicKey;

use crate::Engine;
use crate::refusal::Refusal;
use key::SigningKey;
use known::KnownKeys;

/// How long one key signs.
const ROTATED_AFTER: Duration = Duration::from_secs(90 * 86_400);
/// How long the public half of a key is published after it was made.
const PUBLISHED_FOR: Duration = Duration::from_secs(3 * 365 * 86_400);

/// How long it may take until a key that another process has made is taken up.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The key that signs now.
#[derive(Default)]
pub(crate) struct Signing {
    current: ArcSwapOption<SigningKey>,
    /// Held while a key is read or made.
    making: tokio::sync::Mutex<()>,
    /// Those that verify.
    known: ArcSwapOption<KnownKeys>,
    /// Held while these are read.
    reading: tokio::sync::Mutex<()>,
}

impl Engine {
    /// Signs claims; `kind` is the `typ` of the header, so that nothing signed for one purpose passes for another.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when no key can be read or kept, [`ErrorCode::Internal`] when none can be made.
    pub async fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, Refusal> {
        self.signing_key().await?.sign(kind, claims).ok_or_else(|| ErrorCode::Internal.into())
    }

    /// The public halves of all keys whose signatures may still be verified, newest first.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`].
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, Refusal> {
        let since = self.0.clock.now().saturating_sub(PUBLISHED_FOR);
        let rows = self.0.store.signing_keys().await.map_err(|error| unavailable(&error))?;
        Ok(rows.into_iter().filter(|row| row.created_at >= since).map(PublicKey::from).collect())
    }

    /// Makes another key, which signs from now on. What the one before has signed can still be verified.
    ///
    /// # Errors
    /// As [`Engine::sign`].
    pub async fn rotate_signing_key(&self) -> Result<PublicKey, Refusal> {
        let _making = self.0.signing.making.lock().await;
        let key = self.new_signing_key().await?;
        Ok(key.public())
    }

    async fn signing_key(&self) -> Result<Arc<SigningKey>, Refusal> {
        // Another process may have made a newer one.
        let newest = self.known_keys(READ_AGAIN_AFTER).await?.newest.as_ref().map(|row| row.id.to_string());
        let fresh = |key: &Arc<SigningKey>| {
            let is_young = self.0.clock.now().since(key.created_at()) < ROTATED_AFTER;
            is_young && newest.as_deref().is_none_or(|newest| newest <= key.id())
        };
        if let Some(key) = self.0.signing.current.load_full().filter(fresh) {
            return Ok(key);
        }
        let _making = self.0.signing.making.lock().await;
        if let Some(key) = self.0.signing.current.load_full().filter(fresh) {
            return Ok(key);
        }
        let rows = self.0.store.signing_keys().await.map_err(|error| unavailable(&error))?;
        let newest = rows.first().and_then(|row| SigningKey::opened(row, &self.0.settings.seal)).map(Arc::new);
        match newest.filter(fresh) {
            Some(key) => {
                self.0.signing.current.store(Some(Arc::clone(&key)));
                Ok(key)
            }
            None => self.new_signing_key().await,
        }
    }

    async fn new_signing_key(&self) -> Result<Arc<SigningKey>, Refusal> {
        let now = self.0.clock.now();
        let made = SigningKey::make(self.0.ids.next(now), now, &self.0.settings.seal);
        let (key, row) = made.ok_or_else(|| {
            tracing::error!("no signing key could be made");
            Refusal::from(ErrorCode::Internal)
        })?;
        self.0.store.insert_signing_key(&row).await.map_err(|error| unavailable(&error))?;
        tracing::info!(key = %row.id, "a signing key was made");
        let key = Arc::new(key);
        self.0.signing.current.store(Some(Arc::clone(&key)));
        self.0.signing.known.store(None);
        Ok(key)
    }
}

fn unavailable(error: &StoreError) -> Refusal {
    tracing::error!(%error, "signing keys were not read or kept");
    ErrorCode::ServiceUnavailable.into()
}
