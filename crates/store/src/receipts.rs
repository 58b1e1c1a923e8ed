//! Receipts that matched no segment when they arrived.

use sambac_domain::Timestamp;

use crate::query::{select, select_listed};
use crate::rows::OrphanRow;
use crate::{Store, StoreError};

impl Store {
    /// Orphan receipts that carry one of these keys.
    pub async fn orphans_by_keys(&self, keys: &[i64]) -> Result<Vec<OrphanRow>, StoreError> {
        select_listed(self.pool(), keys, "orphan_receipts.receipt_key = v.column1").await
    }

    /// Orphan receipts that arrived at `since` or later, in id order, `limit` at most.
    pub async fn orphans_since(&self, since: Timestamp, limit: u32) -> Result<Vec<OrphanRow>, StoreError> {
        select::<OrphanRow>("WHERE received_at >= $1 ORDER BY id LIMIT $2")
            .bind(&since)
            .bind(&i64::from(limit))
            .all(self.pool())
            .await
    }
}
