//! Webhooks one by one.

use sambac_domain::{AccountId, TargetId, WebhookId};

use sqlx::AssertSqlSafe;

use crate::query::{query, select};
use crate::rows::WebhookRow;
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

impl Store {
    /// This account's webhooks, the oldest first.
    pub async fn webhooks_of(&self, account: AccountId) -> Result<Vec<WebhookRow>, StoreError> {
        select::<WebhookRow>("WHERE account_id = $1 ORDER BY id").bind(&account).all(self.pool()).await
    }

    /// One of this account's webhooks.
    pub async fn webhook(&self, account: AccountId, id: WebhookId) -> Result<Option<WebhookRow>, StoreError> {
        select::<WebhookRow>("WHERE account_id = $1 AND id = $2").bind(&account).bind(&id).first(self.pool()).await
    }

    /// Removes one of this account's webhooks. Answers whether there was one.
    pub async fn delete_webhook(&self, account: AccountId, webhook: WebhookId) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let delete = query("DELETE FROM webhooks WHERE account_id = $1 AND id = $2").bind(&account).bind(&webhook);
        if delete.run(&mut work).await? == 0 {
            return Ok(false);
        }
        // Messages from handsets go on to whoever is next.
        let next = query("UPDATE mo_deliveries SET give_up_at = 0 WHERE target = $1 AND state = 0");
        next.bind(&TargetId::from(webhook)).run(&mut work).await?;
        // What waits for it would wait for ever.
        query("DELETE FROM outbox WHERE target = $1").bind(&TargetId::from(webhook)).run(&mut work).await?;
        for table in ["webhook_deliveries", "webhook_dead_letters"] {
            let sql = format!("DELETE FROM {table} WHERE webhook_id = $1");
            query(AssertSqlSafe(sql)).bind(&webhook).run(&mut work).await?;
        }
        query("DELETE FROM webhook_failures WHERE id = $1").bind(&webhook).run(&mut work).await?;
        work.changed().await?;
        work.commit().await?;
        Ok(true)
    }
}

impl UnitOfWork {
    /// One of this account's webhooks, as it is in this unit of work.
    pub async fn webhook(&mut self, account: AccountId, id: WebhookId) -> Result<Option<WebhookRow>, StoreError> {
        let rows = select::<WebhookRow>("WHERE account_id = $1 AND id = $2").bind(&account).bind(&id);
        Ok(rows.all_in::<WebhookRow>(self).await?.into_iter().next())
    }

    /// How many webhooks this account has.
    pub async fn count_webhooks(&mut self, account: AccountId) -> Result<i64, StoreError> {
        query("SELECT COUNT(*) FROM webhooks WHERE account_id = $1").bind(&account).number(self).await
    }
}
