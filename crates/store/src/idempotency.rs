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

    /// Forgets answers given before `before`. Answers how many.
    pub async fn purge_idempotency(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut work = self.begin().await?;
        let purged = query("DELETE FROM idempotency_keys WHERE created_at < $1").bind(&before).run(&mut work).await?;
        work.commit().await?;
        Ok(purged)
    }
}
