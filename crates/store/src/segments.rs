//! Reading segments, their charges, and the intents to submit them.

use sambac_domain::{ConnectorId, MessageId, MessageState, Msisdn, SegmentId, Timestamp};

use crate::query::{query, select, select_listed};
use crate::rows::{ChargeRow, IntentRow, SegmentRow};
use crate::{Store, StoreError};

/// A segment, its connector, its message's destination and when it was submitted.
pub type AwaitingReceipt = (SegmentId, ConnectorId, Msisdn, Option<Timestamp>);

/// A segment and its number.
pub type DoubtedSegment = (SegmentId, Msisdn);

impl Store {
    /// The segments of these messages, in id order: message by message, each from its first.
    pub async fn segments_of(&self, messages: &[MessageId]) -> Result<Vec<SegmentRow>, StoreError> {
        let on = "segments.id > v.column1 AND segments.id < v.column1 + 256";
        select_listed(self.pool(), &raw(messages), on).await
    }

    /// The charges of these messages, likewise.
    pub async fn charges_of(&self, messages: &[MessageId]) -> Result<Vec<ChargeRow>, StoreError> {
        let on = "charges.id > v.column1 AND charges.id < v.column1 + 256";
        select_listed(self.pool(), &raw(messages), on).await
    }

    /// The segments that carry one of these receipt keys; the operator may have used an id more than once.
    pub async fn segments_by_receipt_keys(&self, keys: &[i64]) -> Result<Vec<SegmentRow>, StoreError> {
        select_listed(self.pool(), keys, "segments.receipt_key = v.column1").await
    }

    /// A connector's segments that the operator gave an id, above `after`, in id order.
    pub async fn segments_with_ids(
        &self,
        connector: ConnectorId,
        after: SegmentId,
        limit: u32,
    ) -> Result<Vec<SegmentRow>, StoreError> {
        select::<SegmentRow>("WHERE id > $1 AND connector_id = $2 AND smsc_message_id IS NOT NULL ORDER BY id LIMIT $3")
            .bind(&after)
            .bind(&connector)
            .bind(&i64::from(limit))
            .all(self.pool())
            .await
    }

    /// Segments that operators took and whose receipts are still to come: which, by which connector, to whom, submitted when.
    /// Those that live longest first. May take its time where many messages wait for something else.
    pub async fn segments_awaiting_receipts(&self, limit: u32) -> Result<Vec<AwaitingReceipt>, StoreError> {
        let mut work = self.begin_reading().await?;
        work.may_take_long().await?;
        query(
            "SELECT segments.id, segments.connector_id, messages.destination, segments.submitted_at
             FROM messages JOIN segments ON segments.id > messages.id AND segments.id < messages.id + 256
             WHERE messages.final_at IS NULL AND segments.state = $1
             ORDER BY messages.expires_at DESC LIMIT $2",
        )
        .bind(&MessageState::Submitted)
        .bind(&i64::from(limit))
        .all_in(&mut work)
        .await
    }

    /// Segments in doubt that nothing can be done for but wait for their receipts, as they are in no queue: which, by which
    /// connector, to whom, submitted when. Those that live longest first.
    pub async fn segments_in_doubt(&self, limit: u32) -> Result<Vec<AwaitingReceipt>, StoreError> {
        query(
            // The state is written out: only then is the index of these segments used.
            "SELECT segments.id, segments.connector_id, messages.destination, segments.submitted_at
             FROM segments JOIN messages ON messages.id = segments.id - segments.id % 256
             WHERE segments.state = 5 AND segments.final_at IS NULL AND messages.final_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.target = segments.connector_id
                    AND outbox.lane IN (0, 1, 2) AND outbox.id = segments.id)
             ORDER BY messages.expires_at DESC LIMIT $1",
        )
        .bind(&i64::from(limit))
        .all(self.pool())
        .await
    }

    /// Segments with ids above this of which something was sent and not answered, whatever became of them: which, to whom. The last come first.
    pub async fn segments_doubted(&self, above: i64, limit: u32) -> Result<Vec<DoubtedSegment>, StoreError> {
        query(
            "SELECT segments.id, messages.destination
             FROM segments JOIN messages ON messages.id = segments.id - segments.id % 256
             WHERE segments.possible_duplicate AND segments.id > $1
             ORDER BY segments.id DESC LIMIT $2",
        )
        .bind(&above)
        .bind(&i64::from(limit))
        .all(self.pool())
        .await
    }

    /// All intents: what may have been on its way when the process ended.
    pub async fn intents(&self) -> Result<Vec<IntentRow>, StoreError> {
        select::<IntentRow>("ORDER BY id").all(self.pool()).await
    }
}

fn raw(messages: &[MessageId]) -> Vec<i64> {
    messages.iter().map(|id| id.raw()).collect()
}
