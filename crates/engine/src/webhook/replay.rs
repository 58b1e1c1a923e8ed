//! Telling a webhook again: one event that is kept, or all that it has not taken since some time; and telling it a test.

use sambac_domain::account_event::EventType;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountEventId, AccountId, WebhookId};
use sambac_domain::time::Timestamp;
use sambac_store::StoreError;
use sambac_store::rows::{WebhookDeliveryRow, WebhookRow, WebhookState};
use tokio::sync::oneshot;

use super::told::Told;
use super::{attempt, deliver};
use crate::api_key::Environment;
use crate::commit::Write;
use crate::refusal::Refusal;
use crate::{Engine, feed};

/// Events that are told again in one commit.
const PAGE: u32 = 500;

impl Engine {
    /// Tells a webhook one event again, whether it has taken it or not.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] when there is no such webhook or event, [`ErrorCode::WrongState`] when the webhook is disabled.
    pub async fn replay_event(
        &self,
        account: AccountId,
        id: WebhookId,
        event: AccountEventId,
    ) -> Result<usize, Refusal> {
        let webhook = self.enabled_webhook(account, id).await?;
        let kept = self.0.store.account_event(account, event).await.map_err(|error| unavailable(&error))?;
        let is_for_tests = webhook.environment == Environment::Test.as_str();
        kept.filter(|row| !is_for_tests || feed::is_test(row)).ok_or(ErrorCode::NotFound)?;
        self.tell_again(account, id, vec![event]).await
    }

    /// Tells a webhook all that it was given up with since then. Answers how many events that is.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::WrongState`] when it is disabled.
    pub async fn replay_dead_letters(
        &self,
        account: AccountId,
        id: WebhookId,
        since: Timestamp,
    ) -> Result<usize, Refusal> {
        self.enabled_webhook(account, id).await?;
        let (mut told, mut after) = (0, AccountEventId::from_raw(0));
        loop {
            let page =
                self.0.store.dead_letters_since(id, since, after, PAGE).await.map_err(|error| unavailable(&error))?;
            let Some(last) = page.last() else { return Ok(told) };
            after = last.id;
            told += self.tell_again(account, id, page.iter().map(|row| row.id).collect()).await?;
        }
    }

    /// Tells a webhook a test now, also when it is disabled, and answers what became of it. It is tried once.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn test_webhook(&self, account: AccountId, id: WebhookId) -> Result<WebhookDeliveryRow, Refusal> {
        let webhook = self.webhook(account, id).await?;
        let now = self.0.clock.now();
        let event_id = AccountEventId::from_raw(self.0.ids.next(now));
        let kind = EventType::WebhookTest.as_str();
        let body =
            serde_json::json!({ "type": kind, "timestamp": now.rfc3339(), "data": { "webhook": id.to_string() } });
        let told = Told { id: event_id.to_string(), event_id: None, kind: kind.to_owned(), body: body.to_string() };
        let attempt = attempt::post(&self.0, &webhook, &told.id, told.body.clone()).await;
        let row = deliver::delivery(&self.0, id, &told, 0, &attempt);
        self.0.store.add_webhook_delivery(&row).await.map_err(|error| unavailable(&error))?;
        Ok(row)
    }

    async fn enabled_webhook(&self, account: AccountId, id: WebhookId) -> Result<WebhookRow, Refusal> {
        let webhook = self.webhook(account, id).await?;
        match webhook.state {
            WebhookState::Enabled => Ok(webhook),
            WebhookState::Disabled => {
                Err(Refusal::new(ErrorCode::WrongState, "the webhook is disabled; enable it first"))
            }
        }
    }

    async fn tell_again(
        &self,
        account: AccountId,
        webhook: WebhookId,
        events: Vec<AccountEventId>,
    ) -> Result<usize, Refusal> {
        let (done, told) = oneshot::channel();
        let again = Write::TellAgain { account_id: account, webhook, events, done };
        if !self.0.write(again).await {
            return Err(ErrorCode::ServiceUnavailable.into());
        }
        told.await.map_err(|_| ErrorCode::ServiceUnavailable.into())
    }
}

fn unavailable(error: &StoreError) -> Refusal {
    tracing::error!(%error, "events of a webhook were not read");
    ErrorCode::ServiceUnavailable.into()
}
