//! Whether a batch is stored, when nobody has said so.

use sambac_domain::OtpId;
use sqlx::AssertSqlSafe;

use super::update::last_of_each;
use super::{Batch, OtpChange};
use crate::query::{Query, query};
use crate::rows::{AccountEventRow, OtpRow, OutboxRow, WebhookDeliveryRow};
use crate::{Store, StoreError};

impl Store {
    /// Whether a batch was stored after all, although its commit was answered with [`StoreError::Unavailable`]: the
    /// connection may have broken after the commit and before the answer. Looks for one of the rows that it inserts, or at the codes that it
    /// changes; a batch that does neither counts as not stored, and may be written again.
    ///
    /// The commit may also be on its way still. Whoever commits a sealed batch holds the row of its shard until the end, and
    /// that is waited for.
    pub async fn contains(&self, batch: &Batch) -> Result<bool, StoreError> {
        self.pool().in_time(self.looks_for(batch)).await
    }

    async fn looks_for(&self, batch: &Batch) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        if let Some(fence) = batch.fences.first() {
            let wait = query("UPDATE ledger_shards SET epoch = epoch WHERE id = $1");
            wait.bind(&fence.shard).run(&mut work).await?;
        }
        if let Some(block) = batch.blocks.first() {
            let stored = query("SELECT hash FROM ledger_blocks WHERE id = $1").bind(&block.id);
            let stored = stored.all_in::<(Vec<u8>,)>(&mut work).await?;
            return Ok(stored.first().is_some_and(|(hash,)| *hash == block.hash));
        }
        if let Some((of, keys)) = first_row(batch) {
            let found = query(AssertSqlSafe(format!("SELECT id FROM {of}")));
            let found = keys.iter().fold(found, Query::bind);
            return Ok(!found.all_in::<(i64,)>(&mut work).await?.is_empty());
        }
        drop(work);
        self.has_codes(&batch.otp_updates).await
    }

    /// Whether codes are as these changes leave them. One that is checked counts its attempts, so it is not like that before.
    async fn has_codes(&self, changes: &[OtpChange]) -> Result<bool, StoreError> {
        let changed = last_of_each(changes, |change| change.0.id.raw());
        let ids: Vec<OtpId> = changed.iter().map(|change| change.0.id).collect();
        if ids.is_empty() {
            return Ok(false);
        }
        let rows = self.otps_by_ids(&ids).await?;
        Ok(changed.iter().all(|change| rows.iter().any(|row| row.id == change.0.id && is_alike(row, &change.0))))
    }
}

/// A row that it inserts: where it is, and by which keys.
fn first_row(batch: &Batch) -> Option<(&'static str, Vec<i64>)> {
    let by_id = |of: &'static str, id: i64| (of, vec![id]);
    (batch.messages.first().map(|row| by_id("messages WHERE id = $1", row.message.id.raw())))
        .or_else(|| batch.postings.first().map(|row| by_id("ledger_postings WHERE id = $1", row.id.raw())))
        .or_else(|| batch.cdrs.first().map(|row| by_id("cdr_sms WHERE id = $1", row.id.raw())))
        .or_else(|| batch.intents.first().map(|row| by_id("submit_intents WHERE id = $1", row.id.raw())))
        .or_else(|| batch.events.first().map(|row| by_id("message_events WHERE id = $1", row.id.raw())))
        .or_else(|| batch.orphans.first().map(|row| by_id("orphan_receipts WHERE id = $1", row.id)))
        .or_else(|| batch.mo_messages.first().map(|row| by_id("mo_messages WHERE id = $1", row.id.raw())))
        .or_else(|| batch.mo_segments.first().map(|row| by_id("mo_segments WHERE id = $1", row.id)))
        .or_else(|| batch.mo_deliveries.first().map(|row| by_id("mo_deliveries WHERE id = $1", row.id.raw())))
        .or_else(|| {
            let keys = |row: &AccountEventRow| vec![row.account_id.raw(), row.id.raw()];
            batch.account_events.first().map(|row| ("account_events WHERE account_id = $1 AND id = $2", keys(row)))
        })
        .or_else(|| {
            let keys = |row: &WebhookDeliveryRow| vec![row.webhook_id.raw(), row.id.raw()];
            batch
                .webhook_deliveries
                .first()
                .map(|row| ("webhook_deliveries WHERE webhook_id = $1 AND id = $2", keys(row)))
        })
        .or_else(|| {
            let keys = |row: &OutboxRow| vec![row.target.0, row.lane.0.into(), row.id];
            batch.outbox.first().map(|row| ("outbox WHERE target = $1 AND lane = $2 AND id = $3", keys(row)))
        })
}

/// In all that a change may set.
fn is_alike(row: &OtpRow, other: &OtpRow) -> bool {
    let counted = |row: &OtpRow| (row.state, row.attempts, row.sends, row.step, row.message_id);
    let timed = |row: &OtpRow| (row.resend_at, row.next_at, row.settle_due, row.ended_at);
    counted(row) == counted(other) && timed(row) == timed(other)
}
