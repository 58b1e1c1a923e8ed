//! Registering and removing webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, WebhookId};
use sambac_store::rows::{WebhookRow, WebhookState};
use sambac_store::{Sealed, StoreError};
use secrecy::{ExposeSecret, SecretString};

use crate::Engine;
use crate::refusal::Refusal;

/// Webhooks that one account may have.
const WEBHOOKS_MAX: usize = 10;

/// A webhook that was just registered.
pub struct NewWebhook {
    /// Its id.
    pub id: WebhookId,
    /// Where events go.
    pub url: String,
    /// Verifies our signatures; shown only now. In the form of Standard Webhooks, `whsec_…`.
    pub secret: SecretString,
}

impl Engine {
    /// Sends an account's events to `url` from now on.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidWebhook`] when the URL is not allowed or there are too many.
    pub async fn register_webhook(&self, account: AccountId, url: &str) -> Result<NewWebhook, Refusal> {
        let url = self.0.webhook_client.guard.check(url);
        let url = url.map_err(|why| Refusal::new(ErrorCode::InvalidWebhook, why.to_string()).at("/url"))?.to_string();
        let _changing = self.0.webhook_changes.lock().await;
        let present = self.0.store.webhooks_of(account).await.map_err(|error| unavailable(&error))?;
        if present.len() >= WEBHOOKS_MAX {
            return Err(Refusal::new(ErrorCode::InvalidWebhook, "an account may have 10 webhooks").at("/url"));
        }
        let now = self.0.clock.now();
        let id = WebhookId::from_raw(self.0.ids.next(now));
        let secret = new_secret()?;
        let sealed = self.0.settings.seal.seal_text(id.raw(), secret.expose_secret()).map_err(internal)?;
        let row = WebhookRow {
            id,
            account_id: account,
            url: url.clone(),
            secret_sealed: Sealed(sealed),
            state: WebhookState::Enabled,
            created_at: now,
        };
        self.0.store.upsert_webhook(&row).await.map_err(|error| unavailable(&error))?;
        self.reload().await;
        Ok(NewWebhook { id, url, secret })
    }

    /// Sends an account's events to this webhook no longer; false when the account has no such webhook.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when the database does not answer.
    pub async fn remove_webhook(&self, account: AccountId, id: WebhookId) -> Result<bool, Refusal> {
        let _changing = self.0.webhook_changes.lock().await;
        let removed = self.0.store.delete_webhook(account, id).await.map_err(|error| unavailable(&error))?;
        if removed {
            self.reload().await;
        }
        Ok(removed)
    }
}

fn new_secret() -> Result<SecretString, Refusal> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(internal)?;
    Ok(SecretString::from(format!("whsec_{}", STANDARD.encode(bytes))))
}

fn internal(error: impl std::fmt::Display) -> Refusal {
    tracing::error!(%error, "no secret could be made");
    ErrorCode::Internal.into()
}

fn unavailable(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the webhook was not stored");
    ErrorCode::ServiceUnavailable.into()
}
