//! Reading segments, their charges, and the intents to submit them.

use sambac_domain::MessageId;

use crate::query::{select, select_listed};
use crate::rows::{ChargeRow, IntentRow, SegmentRow};
use crate::{Store, StoreError};

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

    /// All intents: what may have been on its way when the process ended.
    pub async fn intents(&self) -> Result<Vec<IntentRow>, StoreError> {
        select::<IntentRow>("ORDER BY id").all(self.pool()).await
    }
}

fn raw(messages: &[MessageId]) -> Vec<i64> {
    messages.iter().map(|id| id.raw()).collect()
}
