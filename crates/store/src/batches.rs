//! Requests with one text for many recipients: made whole, worked off in their order, and read by their account.

use sambac_domain::{AccountId, BatchId, ErrorCode, MessageState, Timestamp};

use crate::query::{query, select};
use crate::rows::{BatchRecipientRow, BatchRow, IdempotencyRow};
use crate::{Store, StoreError};

impl Store {
    /// Keeps a new one, and the answer under its client's key, if it gave one. Durable when this returns.
    pub async fn begin_batch(&self, row: &BatchRow, answer: Option<&IdempotencyRow>) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        query(
            "INSERT INTO batches (id, account_id, api_key_id, total, content, created_at, ended_at,
                canceled_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&row.id)
        .bind(&row.account_id)
        .bind(&row.api_key_id)
        .bind(&row.total)
        .bind(&row.content)
        .bind(&row.created_at)
        .bind(&row.ended_at)
        .bind(&row.canceled_at)
        .run(&mut work)
        .await?;
        if let Some(answer) = answer {
            query(
                "INSERT INTO idempotency_keys (account_id, key, fingerprint, message_id, response, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(&answer.account_id)
            .bind(&answer.key)
            .bind(&answer.fingerprint)
            .bind(&answer.message_id)
            .bind(&answer.response)
            .bind(&answer.created_at)
            .run(&mut work)
            .await?;
        }
        work.commit().await
    }

    /// All recipients are decided: what was to be sent is wiped. Answers whether it has ended, now or before: one that was called off does not when
    /// its caller does not know of that.
    pub async fn end_batch(&self, id: BatchId, at: Timestamp, is_called_off: bool) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let end = query(
            "UPDATE batches SET content = NULL, ended_at = $2
             WHERE id = $1 AND ended_at IS NULL AND (canceled_at IS NULL OR $3 = 1)",
        );
        let ended = end.bind(&id).bind(&at).bind(&i64::from(is_called_off)).run(&mut work).await? > 0;
        work.commit().await?;
        let open = query("SELECT COUNT(*) FROM batches WHERE id = $1 AND ended_at IS NULL").bind(&id);
        Ok(ended || open.first::<(i64,)>(self.pool()).await?.is_none_or(|(open,)| open == 0))
    }

    /// It is not wanted any more: no recipient that is left is to get a message. When it was called off before, that moment stays.
    pub async fn call_off_batch(&self, id: BatchId, at: Timestamp) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        let call_off = query("UPDATE batches SET canceled_at = $2 WHERE id = $1 AND canceled_at IS NULL");
        call_off.bind(&id).bind(&at).run(&mut work).await?;
        work.commit().await
    }

    /// For each of at most `most` accounts, its oldest one that has not ended.
    pub async fn oldest_open_batches(&self, most: u32) -> Result<Vec<(AccountId, BatchId)>, StoreError> {
        let open = "SELECT account_id, MIN(id) AS oldest FROM batches WHERE ended_at IS NULL
            GROUP BY account_id ORDER BY oldest LIMIT $1";
        query(open).bind(&i64::from(most)).all(self.pool()).await
    }

    /// How many of this account's have not ended.
    pub async fn count_open_batches(&self, account: AccountId) -> Result<i64, StoreError> {
        let open = query("SELECT COUNT(*) FROM batches WHERE ended_at IS NULL AND account_id = $1").bind(&account);
        Ok(open.first::<(i64,)>(self.pool()).await?.map_or(0, |(count,)| count))
    }

    /// One of this account's.
    pub async fn batch(&self, account: AccountId, id: BatchId) -> Result<Option<BatchRow>, StoreError> {
        select::<BatchRow>("WHERE account_id = $1 AND id = $2").bind(&account).bind(&id).first(self.pool()).await
    }

    /// How many of its recipients were decided, and how many of them taken.
    pub async fn batch_progress(&self, id: BatchId) -> Result<(i64, i64), StoreError> {
        let counts = query("SELECT COUNT(*), COUNT(message_id) FROM batch_recipients WHERE batch_id = $1").bind(&id);
        Ok(counts.first::<(i64, i64)>(self.pool()).await?.unwrap_or_default())
    }

    /// How many of its recipients were refused for this reason.
    pub async fn count_batch_refusals(&self, id: BatchId, error: ErrorCode) -> Result<i64, StoreError> {
        let count = query("SELECT COUNT(*) FROM batch_recipients WHERE batch_id = $1 AND error = $2");
        Ok(count.bind(&id).bind(&error).first::<(i64,)>(self.pool()).await?.map_or(0, |(count,)| count))
    }

    /// How many of its messages are in each stored state.
    pub async fn batch_states(&self, id: BatchId) -> Result<Vec<(MessageState, i64)>, StoreError> {
        let states = "SELECT messages.state, COUNT(*) FROM batch_recipients
            JOIN messages ON messages.id = batch_recipients.message_id
            WHERE batch_id = $1 GROUP BY messages.state ORDER BY messages.state";
        query(states).bind(&id).all(self.pool()).await
    }

    /// What became of its recipients from number `from` on, in their order, at most `limit`.
    pub async fn batch_recipients(
        &self,
        id: BatchId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<BatchRecipientRow>, StoreError> {
        select::<BatchRecipientRow>("WHERE batch_id = $1 AND no >= $2 ORDER BY no LIMIT $3")
            .bind(&id)
            .bind(&from)
            .bind(&limit)
            .all(self.pool())
            .await
    }
}
