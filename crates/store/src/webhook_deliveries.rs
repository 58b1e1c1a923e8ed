//! What became of attempts to tell webhooks, and what they have not taken.

use sambac_domain::{AccountEventId, Timestamp, WebhookDeliveryId, WebhookId};

use crate::query::{query, select};
use crate::rows::{DeadLetterRow, WebhookDeliveryRow};
use crate::{Store, StoreError};

impl Store {
    /// Attempts to tell a webhook, the newest first: those before `before`, `limit` at most.
    pub async fn webhook_deliveries(
        &self,
        webhook: WebhookId,
        before: Option<WebhookDeliveryId>,
        limit: u32,
    ) -> Result<Vec<WebhookDeliveryRow>, StoreError> {
        let before = before.unwrap_or(WebhookDeliveryId::from_raw(i64::MAX));
        let rows = select::<WebhookDeliveryRow>("WHERE webhook_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        rows.bind(&webhook).bind(&before).bind(&i64::from(limit)).all(self.pool()).await
    }

    /// Keeps one attempt.
    pub async fn add_webhook_delivery(&self, row: &WebhookDeliveryRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.insert(row).await?;
        work.commit().await
    }

    /// What a webhook has not taken, the newest events first: those before `before`, `limit` at most.
    pub async fn dead_letters(
        &self,
        webhook: WebhookId,
        before: Option<AccountEventId>,
        limit: u32,
    ) -> Result<Vec<DeadLetterRow>, StoreError> {
        let before = before.unwrap_or(AccountEventId::from_raw(i64::MAX));
        let rows = select::<DeadLetterRow>("WHERE webhook_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        rows.bind(&webhook).bind(&before).bind(&i64::from(limit)).all(self.pool()).await
    }

    /// What a webhook has not taken of the events after this one that were given up since then, the oldest first.
    pub async fn dead_letters_since(
        &self,
        webhook: WebhookId,
        since: Timestamp,
        after: AccountEventId,
        limit: u32,
    ) -> Result<Vec<DeadLetterRow>, StoreError> {
        let rows = select::<DeadLetterRow>("WHERE webhook_id = $1 AND id > $2 AND at >= $3 ORDER BY id LIMIT $4");
        rows.bind(&webhook).bind(&after).bind(&since).bind(&i64::from(limit)).all(self.pool()).await
    }

    /// Drops attempts before this one, all but the newest `most`, and events before that one that were not taken.
    pub async fn drop_webhook_log(
        &self,
        webhook: WebhookId,
        before: WebhookDeliveryId,
        most: u32,
        events_before: AccountEventId,
    ) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        query("DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND id < $2")
            .bind(&webhook)
            .bind(&before)
            .run(&mut work)
            .await?;
        query(
            "DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND id <=
                (SELECT id FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
        )
        .bind(&webhook)
        .bind(&i64::from(most))
        .run(&mut work)
        .await?;
        query("DELETE FROM webhook_dead_letters WHERE webhook_id = $1 AND id < $2")
            .bind(&webhook)
            .bind(&events_before)
            .run(&mut work)
            .await?;
        work.commit().await
    }

    /// Since when each webhook takes nothing that does.
    pub async fn webhook_failures(&self) -> Result<Vec<(WebhookId, Timestamp)>, StoreError> {
        query("SELECT id, since FROM webhook_failures").all(self.pool()).await
    }

    /// Keeps since when a webhook takes nothing; `None`: it takes what it is told.
    pub async fn keep_webhook_failure(&self, id: WebhookId, since: Option<Timestamp>) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        match &since {
            Some(since) => {
                let keep = query(
                    "INSERT INTO webhook_failures (id, since) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET since = $2",
                );
                keep.bind(&id).bind(since).run(&mut work).await?;
            }
            None => drop(query("DELETE FROM webhook_failures WHERE id = $1").bind(&id).run(&mut work).await?),
        }
        work.commit().await
    }
}
