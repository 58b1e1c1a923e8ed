//! Answers kept for requests that are repeated with the same Idempotency-Key.

use sambac_domain::{AccountId, Timestamp};

use crate::query::{query, select};
use crate::rows::IdempotencyRow;
use crate::{Store, StoreError};

impl Store {
    /// The answer kept for this account's `key`.
    pub async fn idempotency(&self, account: AccountId, key: &str) -> Result<Option<IdempotencyRow>, StoreError> {
        let key = key.to_owned();
        select::<IdempotencyRow>("WHERE account_id = $1 AND key = $2")
            .bind(&account)
            .bind(&key)
            .first(self.pool())
            .await
    }

    /// Forgets answers given before `before`, the oldest first, `limit` at most. Answers how many.
    pub async fn purge_idempotency(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let (mut work, limit) = (self.begin().await?, i64::from(limit));
        let purge = query(
            "DELETE FROM idempotency_keys WHERE (account_id, key) IN (SELECT account_id, key FROM idempotency_keys
                WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
        );
        let purged = purge.bind(&before).bind(&limit).run(&mut work).await?;
        work.commit().await?;
        Ok(purged)
    }
}
