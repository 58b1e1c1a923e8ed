//! Webhooks as their owners make, change, rotate and remove them.

use std::time::Duration;

use sambac_domain::account_event::EventType;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, WebhookId};
use sambac_domain::time::Timestamp;
use sambac_store::rows::{WebhookRow, WebhookState};
use sambac_store::{Sealed, StoreError, UnitOfWork};
use secrecy::{ExposeSecret as _, SecretString};

use super::secret::{NewSecret, Scheme};
use crate::Engine;
use crate::api_key::Environment;
use crate::refusal::Refusal;

/// Webhooks that one account may have.
const WEBHOOKS_MAX: i64 = 10;
/// Characters of a description.
const DESCRIPTION_CHARS_MAX: usize = 200;
/// How long a secret signs beside its successor when nobody says how long, in seconds.
pub const WEBHOOK_ROTATION_DEFAULT_S: u32 = 86_400;
/// And at most, in seconds.
pub const WEBHOOK_ROTATION_MAX_S: u32 = 30 * 86_400;

/// A webhook to make.
#[derive(Clone, Debug)]
pub struct WebhookOrder {
    /// Where events go.
    pub url: String,
    /// Of which types; empty: of all.
    pub events: Vec<String>,
    /// What its owner says of it.
    pub description: String,
    /// How it is signed.
    pub scheme: Scheme,
    /// Whether it is told of all events, or of those about numbers of the test network.
    pub environment: Environment,
}

/// What is to change of a webhook.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Where events go.
    pub url: Option<String>,
    /// Of which types; empty: of all.
    pub events: Option<Vec<String>>,
    /// What its owner says of it.
    pub description: Option<String>,
    /// Whether it is called.
    pub enabled: Option<bool>,
}

/// A webhook whose secret is new.
pub struct SecretWebhook {
    /// As it is stored.
    pub row: WebhookRow,
    /// Verifies our signatures; shown only now. `None` when its public key does.
    pub secret: Option<SecretString>,
}

impl Engine {
    /// Sends an account's events to an address from now on.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidWebhook`] when the URL is not allowed or there are too many, [`ErrorCode::InvalidRequest`] for an event that
    /// there is not.
    pub async fn register_webhook(&self, account: AccountId, order: WebhookOrder) -> Result<SecretWebhook, Refusal> {
        let url = self.checked_url(&order.url)?;
        checked_events(&order.events)?;
        checked_description(&order.description)?;
        let mut work = self.begin_webhooks().await?;
        if work.count_webhooks(account).await.map_err(|error| unavailable(&error))? >= WEBHOOKS_MAX {
            let text = format!("an account may have {WEBHOOKS_MAX} webhooks");
            return Err(Refusal::new(ErrorCode::InvalidWebhook, text).at("/url"));
        }
        let now = self.0.clock.now();
        let id = WebhookId::from_raw(self.0.ids.next(now));
        let (secret, sealed) = self.new_webhook_secret(id, order.scheme)?;
        let row = WebhookRow {
            id,
            account_id: account,
            url,
            secret_sealed: sealed,
            state: WebhookState::Enabled,
            created_at: now,
            description: order.description,
            events: order.events,
            public_key: secret.public_key.clone(),
            former_secret_sealed: None,
            former_public_key: String::new(),
            former_until: None,
            disabled_reason: String::new(),
            disabled_at: None,
            environment: order.environment.as_str().to_owned(),
        };
        self.keep_webhook(work, &row).await?;
        Ok(SecretWebhook { row, secret: secret.into_shown() })
    }

    /// One webhook of an account.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn webhook(&self, account: AccountId, id: WebhookId) -> Result<WebhookRow, Refusal> {
        let row = self.0.store.webhook(account, id).await.map_err(|error| unavailable(&error))?;
        row.ok_or_else(|| ErrorCode::NotFound.into())
    }

    /// Changes what is named. One that is enabled again begins with what waits for it.
    ///
    /// # Errors
    /// As [`Engine::register_webhook`]; [`ErrorCode::NotFound`].
    pub async fn change_webhook(
        &self,
        account: AccountId,
        id: WebhookId,
        change: WebhookChange,
    ) -> Result<WebhookRow, Refusal> {
        let mut work = self.begin_webhooks().await?;
        let mut row = own(&mut work, account, id).await?;
        if let Some(url) = &change.url {
            row.url = self.checked_url(url)?;
        }
        if let Some(events) = change.events {
            checked_events(&events)?;
            row.events = events;
        }
        if let Some(description) = change.description {
            checked_description(&description)?;
            row.description = description;
        }
        if let Some(enabled) = change.enabled {
            switch(&mut row, enabled, "", self.0.clock.now());
        }
        self.keep_webhook(work, &row).await?;
        Ok(row)
    }

    /// Makes a new secret for a webhook. The one that it has now signs for `keep_s` seconds more, beside the new one; one that was
    /// kept before that does not.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]; [`ErrorCode::InvalidRequest`] when it is to be kept for too long.
    pub async fn rotate_webhook(
        &self,
        account: AccountId,
        id: WebhookId,
        keep_s: u32,
        scheme: Option<Scheme>,
    ) -> Result<SecretWebhook, Refusal> {
        if keep_s > WEBHOOK_ROTATION_MAX_S {
            let text = format!("must be from 0 to {WEBHOOK_ROTATION_MAX_S}");
            return Err(Refusal::new(ErrorCode::InvalidRequest, text).at("/keep_s"));
        }
        let mut work = self.begin_webhooks().await?;
        let mut row = own(&mut work, account, id).await?;
        let scheme = scheme.unwrap_or_else(|| Scheme::of_public_key(&row.public_key));
        let (secret, sealed) = self.new_webhook_secret(id, scheme)?;
        let former = std::mem::replace(&mut row.secret_sealed, sealed);
        let former_key = std::mem::replace(&mut row.public_key, secret.public_key.clone());
        let until = self.0.clock.now().saturating_add(Duration::from_secs(keep_s.into()));
        (row.former_secret_sealed, row.former_public_key, row.former_until) =
            if keep_s > 0 { (Some(former), former_key, Some(until)) } else { (None, String::new(), None) };
        self.keep_webhook(work, &row).await?;
        Ok(SecretWebhook { row, secret: secret.into_shown() })
    }

    /// Sends an account's events to this webhook no longer; false when the account has no such webhook.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when the database does not answer.
    pub async fn remove_webhook(&self, account: AccountId, id: WebhookId) -> Result<bool, Refusal> {
        let removed = self.0.store.delete_webhook(account, id).await.map_err(|error| unavailable(&error))?;
        if removed {
            self.reload().await;
        }
        Ok(removed)
    }

    fn checked_url(&self, url: &str) -> Result<String, Refusal> {
        let url = self.0.webhook_client.guard.check(url);
        url.map(String::from).map_err(|why| Refusal::new(ErrorCode::InvalidWebhook, why.to_string()).at("/url"))
    }

    fn new_webhook_secret(&self, id: WebhookId, scheme: Scheme) -> Result<(NewSecret, Sealed<String>), Refusal> {
        let secret = NewSecret::generate(scheme).ok_or_else(|| internal("no randomness"))?;
        let sealed = self.0.settings.seal.seal_text(id.raw(), secret.text.expose_secret()).map_err(internal)?;
        Ok((secret, Sealed(sealed)))
    }

    /// While it lasts nobody else changes the configuration, so that what was counted and read stays true.
    async fn begin_webhooks(&self) -> Result<UnitOfWork, Refusal> {
        self.0.store.begin_configuration().await.map_err(|error| unavailable(&error))
    }

    async fn keep_webhook(&self, mut work: UnitOfWork, row: &WebhookRow) -> Result<(), Refusal> {
        work.upsert_webhook(row).await.map_err(|error| unavailable(&error))?;
        work.commit().await.map_err(|error| unavailable(&error))?;
        self.reload().await;
        Ok(())
    }
}

/// Calls it or not, and says why not when its owner did not wish so.
pub(crate) fn switch(row: &mut WebhookRow, enabled: bool, reason: &str, now: Timestamp) {
    let was_enabled = row.state == WebhookState::Enabled;
    row.state = if enabled { WebhookState::Enabled } else { WebhookState::Disabled };
    if enabled || was_enabled {
        row.disabled_reason = if enabled { String::new() } else { reason.to_owned() };
        row.disabled_at = (!enabled).then_some(now);
    }
}

async fn own(work: &mut UnitOfWork, account: AccountId, id: WebhookId) -> Result<WebhookRow, Refusal> {
    let row = work.webhook(account, id).await.map_err(|error| unavailable(&error))?;
    row.ok_or_else(|| ErrorCode::NotFound.into())
}

fn checked_events(words: &[String]) -> Result<(), Refusal> {
    match words.iter().position(|word| EventType::parse(word).is_none()) {
        None => Ok(()),
        Some(place) => Err(invalid(format!("/events/{place}"), "there is no event of this type")),
    }
}

fn checked_description(text: &str) -> Result<(), Refusal> {
    let is_fine = text.chars().count() <= DESCRIPTION_CHARS_MAX && !text.chars().any(char::is_control);
    let wrong = || invalid("/description".to_owned(), "must be up to 200 characters without control characters");
    is_fine.then_some(()).ok_or_else(wrong)
}

fn invalid(field: String, why: &str) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, why).at(field)
}

fn internal(error: impl std::fmt::Display) -> Refusal {
    tracing::error!(%error, "no secret could be made");
    ErrorCode::Internal.into()
}

fn unavailable(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the webhook was not read or stored");
    ErrorCode::ServiceUnavailable.into()
}
