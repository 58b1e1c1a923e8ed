//! Receipts that matched no segment when they arrived, and the rules by which the others were matched.

use sambac_domain::{ConnectorId, Timestamp};

use crate::query::{query, select, select_listed};
use crate::rows::OrphanRow;
use crate::{Store, StoreError};

/// Which orphan receipts to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrphanFilter {
    /// Only older ones than this: the last one of the page before.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
    /// Only from this connector.
    pub connector_id: Option<ConnectorId>,
    /// Only with this id, in one of its two places, as received.
    pub smsc_message_id: Option<String>,
    /// Only with this address, as received, on either side.
    pub address: Option<String>,
    /// Only those that arrived then or later.
    pub since: Option<Timestamp>,
    /// Only those that arrived before.
    pub until: Option<Timestamp>,
}

impl Store {
    /// Orphan receipts that carry one of these keys.
    pub async fn orphans_by_keys(&self, keys: &[i64]) -> Result<Vec<OrphanRow>, StoreError> {
        select_listed(self.pool(), keys, "orphan_receipts.receipt_key = v.column1").await
    }

    /// Orphan receipts that arrived at `since` or later and have an id above `after`, in id order, `limit` at most.
    pub async fn orphans_since(&self, since: Timestamp, after: i64, limit: u32) -> Result<Vec<OrphanRow>, StoreError> {
        select::<OrphanRow>("WHERE received_at >= $1 AND id > $2 ORDER BY id LIMIT $3")
            .bind(&since)
            .bind(&after)
            .bind(&i64::from(limit))
            .all(self.pool())
            .await
    }

    /// Those of these orphan receipts that are there.
    pub async fn orphans_of(&self, ids: &[i64]) -> Result<Vec<OrphanRow>, StoreError> {
        select_listed(self.pool(), ids, "orphan_receipts.id = v.column1").await
    }

    /// A page of orphan receipts, newest first.
    pub async fn orphans(&self, filter: &OrphanFilter) -> Result<Vec<OrphanRow>, StoreError> {
        let before = filter.before.unwrap_or(i64::MAX);
        select::<OrphanRow>(
            "WHERE id < $1
                AND (CAST($2 AS BIGINT) IS NULL OR connector_id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR smsc_message_id = $3 OR other_id = $3)
                AND (CAST($4 AS TEXT) IS NULL OR source = $4 OR destination = $4)
                AND (CAST($5 AS BIGINT) IS NULL OR received_at >= $5)
                AND (CAST($6 AS BIGINT) IS NULL OR received_at < $6)
             ORDER BY id DESC LIMIT $7",
        )
        .bind(&before)
        .bind(&filter.connector_id)
        .bind(&filter.smsc_message_id)
        .bind(&filter.address)
        .bind(&filter.since)
        .bind(&filter.until)
        .bind(&i64::from(filter.limit))
        .all(self.pool())
        .await
    }

    /// The rules, as the engine wrote them down, by which the receipt keys in the table were made; `None` before the first.
    pub async fn receipt_rules(&self) -> Result<Option<String>, StoreError> {
        let kept = query("SELECT value FROM platform WHERE key = 'receipt_rules'");
        Ok(kept.first::<(String,)>(self.pool()).await?.map(|(rules,)| rules))
    }

    /// Keeps the rules, once all keys are made by them.
    pub async fn keep_receipt_rules(&self, rules: &str) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        let keep = "INSERT INTO platform (key, value) VALUES ('receipt_rules', $1)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        query(keep).bind(&rules.to_owned()).run(&mut work).await?;
        work.commit().await
    }
}
