//! Reading the work that waits.

use sambac_domain::{Lane, Msisdn, SegmentId, TargetId, Timestamp};

use sqlx::AssertSqlSafe;

use crate::query::{query, select, select_listed};
use crate::rows::{OutboxKind, OutboxRow};
use crate::{Store, StoreError};

/// A queue that has work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxTarget {
    /// Whose.
    pub target: TargetId,
    /// Which lane of it.
    pub lane: Lane,
}

impl Store {
    /// The next rows of one queue that are due now (`due_at` 0), in id order, after `after_id`.
    pub async fn outbox_page(
        &self,
        target: TargetId,
        lane: Lane,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        select::<OutboxRow>("WHERE target = $1 AND lane = $2 AND id > $3 AND due_at = 0 ORDER BY id LIMIT $4")
            .bind(&target)
            .bind(&lane)
            .bind(&after_id)
            .bind(&i64::from(limit))
            .all(self.pool())
            .await
    }

    /// The next rows of one queue, due or not, in id order, after `after_id` and before `before_id`.
    pub async fn outbox_waiting(
        &self,
        target: TargetId,
        lane: Lane,
        after_id: i64,
        before_id: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        select::<OutboxRow>("WHERE target = $1 AND lane = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5")
            .bind(&target)
            .bind(&lane)
            .bind(&after_id)
            .bind(&before_id)
            .bind(&i64::from(limit))
            .all(self.pool())
            .await
    }

    /// Rows that were put off and whose time has come, the longest due first.
    pub async fn outbox_due(&self, now: Timestamp, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        select::<OutboxRow>("WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at LIMIT $2")
            .bind(&now)
            .bind(&i64::from(limit))
            .all(self.pool())
            .await
    }

    /// The rows of these segments in the queues of one connector, in the order of their ids; of those that have none, nothing.
    pub async fn outbox_rows(&self, target: TargetId, segments: &[SegmentId]) -> Result<Vec<OutboxRow>, StoreError> {
        let ids: Vec<i64> = segments.iter().map(|segment| segment.raw()).collect();
        let on = format!("outbox.target = {} AND outbox.lane IN (0, 1, 2) AND outbox.id = v.column1", target.raw());
        select_listed(self.pool(), &ids, &on).await
    }

    /// Segments to this number that were put off, the longest due first.
    pub async fn outbox_waiting_for(&self, number: Msisdn, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        // A segment's id is its message's, with the number of the segment in the low octet.
        select::<OutboxRow>(
            "WHERE due_at > 0 AND kind = $1
                AND EXISTS (SELECT 1 FROM messages WHERE id = outbox.id - outbox.id % 256 AND destination = $2)
             ORDER BY due_at LIMIT $3",
        )
        .bind(&OutboxKind::Submit)
        .bind(&number)
        .bind(&i64::from(limit))
        .all(self.pool())
        .await
    }

    /// When the first of the rows that were put off is due; `None` when there are none.
    pub async fn outbox_next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let next = query("SELECT due_at FROM outbox WHERE due_at > 0 ORDER BY due_at LIMIT 1");
        Ok(next.first::<(Timestamp,)>(self.pool()).await?.map(|(due_at,)| due_at))
    }

    /// The queues that have work, due or not. Costs two looks into the index for each, not one for each row.
    pub async fn outbox_targets(&self) -> Result<Vec<OutboxTarget>, StoreError> {
        let mut found = Vec::new();
        let mut next = self.queue_after(TargetId(i64::MIN), Lane(u8::MAX)).await?;
        while let Some(queue) = next {
            found.push(queue);
            next = self.queue_after(queue.target, queue.lane).await?;
        }
        Ok(found)
    }

    /// The next lane of this target, or the first of the next. Asked as one, `(target, lane) > ($1, $2)`, SQLite would
    /// go through all rows of the queue that is left behind.
    async fn queue_after(&self, target: TargetId, lane: Lane) -> Result<Option<OutboxTarget>, StoreError> {
        let same = query("SELECT target, lane FROM outbox WHERE target = $1 AND lane > $2 ORDER BY lane LIMIT 1");
        let mut row = same.bind(&target).bind(&lane).first(self.pool()).await?;
        if row.is_none() {
            let next = query("SELECT target, lane FROM outbox WHERE target > $1 ORDER BY target, lane LIMIT 1");
            row = next.bind(&target).first(self.pool()).await?;
        }
        Ok(row.map(|(target, lane)| OutboxTarget { target, lane }))
    }

    /// How many rows one queue has. Counts them: for views and tests.
    pub async fn outbox_count(&self, target: TargetId, lane: Lane) -> Result<i64, StoreError> {
        let count = query("SELECT COUNT(*) FROM outbox WHERE target = $1 AND lane = $2").bind(&target).bind(&lane);
        Ok(count.first::<(i64,)>(self.pool()).await?.map_or(0, |(count,)| count))
    }

    /// The greatest id of any table, for an `IdSource` that must not repeat one. Notices that are done are gone,
    /// and their ids with them.
    pub async fn greatest_id(&self) -> Result<i64, StoreError> {
        let mut greatest = 0;
        for table in ID_TABLES {
            let last = query(AssertSqlSafe(format!("SELECT MAX(id) FROM {table}")));
            greatest = greatest.max(last.first::<(Option<i64>,)>(self.pool()).await?.and_then(|(id,)| id).unwrap_or(0));
        }
        for OutboxTarget { target, lane } in self.outbox_targets().await? {
            let last = query("SELECT MAX(id) FROM outbox WHERE target = $1 AND lane = $2").bind(&target).bind(&lane);
            greatest = greatest.max(last.first::<(Option<i64>,)>(self.pool()).await?.and_then(|(id,)| id).unwrap_or(0));
        }
        for account in self.accounts_with_events().await? {
            greatest =
                greatest.max(self.last_account_event(account).await?.map_or(0, sambac_domain::AccountEventId::raw));
        }
        Ok(greatest)
    }
}

/// Tables with a single id that an `IdSource` makes. Segments, charges and CDRs have their message's.
const ID_TABLES: [&str; 43] = [
    "tariffs",
    "cost_books",
    "networks",
    "number_prefixes",
    "operator_groups",
    "price_sheets",
    "rates",
    "accounts",
    "operators",
    "connectors",
    "routes",
    "smpp_accounts",
    "api_keys",
    "admin_keys",
    "issuers",
    "request_keys",
    "users",
    "user_sessions",
    "user_invitations",
    "user_passkeys",
    "webhooks",
    "balances",
    "ledger_postings",
    "holds",
    "ledger_commands",
    "payments",
    "payment_intents",
    "payment_events",
    "bank_transfers",
    "messages",
    "batches",
    "message_events",
    "submit_intents",
    "orphan_receipts",
    "mo_routes",
    "mo_messages",
    "mo_segments",
    "mo_deliveries",
    "otp_profiles",
    "otps",
    "signing_keys",
    "templates",
    "opt_outs",
];
