//! Reading messages from handsets, their parts and their deliveries, and tidying up after them.

use sambac_domain::{AccountId, ConnectorId, MoId, NoticeId, TargetId, Timestamp};
use sqlx::AssertSqlSafe;

use crate::query::{query, select, select_listed};
use crate::rows::{MoDeliveryRow, MoRow, MoSegmentRow, Record as _};
use crate::{Store, StoreError};

/// Which of an account's messages from handsets to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MoFilter {
    /// Only older ones than this: the last one of the page before.
    pub before: Option<MoId>,
    /// At most so many.
    pub limit: u32,
    /// Only from this handset.
    pub source: Option<String>,
    /// Only to this number.
    pub destination: Option<String>,
}

/// Which messages from handsets that no route took to list; newest first. Those whose octets were wiped are left out: nothing
/// can be done for them any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnroutedFilter {
    /// Only older ones than this: the last one of the page before.
    pub before: Option<MoId>,
    /// At most so many.
    pub limit: u32,
    /// Only those that came by this connector.
    pub connector_id: Option<ConnectorId>,
    /// Only from this handset.
    pub source: Option<String>,
    /// Only to this number.
    pub destination: Option<String>,
}

impl Store {
    /// One of this account's messages from handsets.
    pub async fn mo_message(&self, account: AccountId, id: MoId) -> Result<Option<MoRow>, StoreError> {
        select::<MoRow>("WHERE account_id = $1 AND id = $2").bind(&account).bind(&id).first(self.pool()).await
    }

    /// A page of this account's messages from handsets, newest first.
    pub async fn list_mo_messages(&self, account: AccountId, filter: &MoFilter) -> Result<Vec<MoRow>, StoreError> {
        let _place = self.place_to_search().await?;
        let before = filter.before.unwrap_or(MoId::from_raw(i64::MAX));
        select::<MoRow>(
            "WHERE account_id = $1 AND id < $2
                AND (CAST($3 AS TEXT) IS NULL OR source = $3)
                AND (CAST($4 AS TEXT) IS NULL OR destination = $4)
             ORDER BY id DESC LIMIT $5",
        )
        .bind(&account)
        .bind(&before)
        .bind(&filter.source)
        .bind(&filter.destination)
        .bind(&i64::from(filter.limit))
        .all(self.pool())
        .await
    }

    /// Messages that came in one piece under these fingerprints. For the platform's own work: no account is asked.
    pub async fn mo_messages_by_fingerprints(&self, fingerprints: &[i64]) -> Result<Vec<MoRow>, StoreError> {
        select_listed(self.pool(), fingerprints, "mo_messages.fingerprint = v.column1").await
    }

    /// Parts that came under these fingerprints, whatever became of them.
    pub async fn mo_segments_by_fingerprints(&self, fingerprints: &[i64]) -> Result<Vec<MoSegmentRow>, StoreError> {
        select_listed(self.pool(), fingerprints, "mo_segments.fingerprint = v.column1").await
    }

    /// The parts that are there of these unfinished messages.
    pub async fn mo_segments_of(&self, assemblies: &[i64]) -> Result<Vec<MoSegmentRow>, StoreError> {
        let open = "mo_segments.assembly = v.column1 AND mo_segments.mo_id IS NULL";
        select_listed(self.pool(), assemblies, open).await
    }

    /// Unfinished messages whose time is over by `now`; each may be named several times.
    pub async fn mo_assemblies_due(&self, now: Timestamp, limit: u32) -> Result<Vec<i64>, StoreError> {
        let due =
            query("SELECT assembly FROM mo_segments WHERE mo_id IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2");
        let rows = due.bind(&now).bind(&i64::from(limit)).all::<(i64,)>(self.pool()).await?;
        Ok(rows.into_iter().map(|(assembly,)| assembly).collect())
    }

    /// The message that a notice is to hand over; `None` when the notice was taken or given up.
    pub async fn mo_to_deliver(&self, notice: NoticeId) -> Result<Option<MoRow>, StoreError> {
        let columns = MoRow::COLUMNS.iter().map(|column| format!("m.{column}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT {columns} FROM mo_deliveries d JOIN mo_messages m ON m.id = d.mo_id WHERE d.id = $1 AND d.state = 0"
        );
        query(AssertSqlSafe(sql)).bind(&notice).first(self.pool()).await
    }

    /// Deliveries whose target's time is over by `now`.
    pub async fn mo_deliveries_due(&self, now: Timestamp, limit: u32) -> Result<Vec<MoDeliveryRow>, StoreError> {
        select::<MoDeliveryRow>("WHERE state = 0 AND give_up_at <= $1 ORDER BY give_up_at LIMIT $2")
            .bind(&now)
            .bind(&i64::from(limit))
            .all(self.pool())
            .await
    }

    /// Those of these deliveries that are open.
    pub async fn mo_deliveries_open(&self, notices: &[NoticeId]) -> Result<Vec<MoDeliveryRow>, StoreError> {
        let ids: Vec<i64> = notices.iter().map(|id| id.raw()).collect();
        select_listed(self.pool(), &ids, "mo_deliveries.id = v.column1 AND mo_deliveries.state = 0").await
    }

    /// A message's deliveries, the first first.
    pub async fn mo_deliveries_of(&self, id: MoId) -> Result<Vec<MoDeliveryRow>, StoreError> {
        select::<MoDeliveryRow>("WHERE mo_id = $1 ORDER BY id").bind(&id).all(self.pool()).await
    }

    /// A page of messages that no route has taken, newest first.
    pub async fn mo_messages_unrouted(&self, filter: &UnroutedFilter) -> Result<Vec<MoRow>, StoreError> {
        let before = filter.before.unwrap_or(MoId::from_raw(i64::MAX));
        // By when they ended, and body: that is what there is an index of, which holds a few days only.
        select::<MoRow>(
            "WHERE body IS NOT NULL AND ended_at > 0 AND state = 0 AND id < $1
                AND (CAST($2 AS BIGINT) IS NULL OR connector_id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR source = $3)
                AND (CAST($4 AS TEXT) IS NULL OR destination = $4)
             ORDER BY id DESC LIMIT $5",
        )
        .bind(&before)
        .bind(&filter.connector_id)
        .bind(&filter.source)
        .bind(&filter.destination)
        .bind(&i64::from(filter.limit))
        .all(self.pool())
        .await
    }

    /// Those of these messages that no route has taken and whose octets are still there.
    pub async fn mo_messages_unrouted_of(&self, ids: &[MoId]) -> Result<Vec<MoRow>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.raw()).collect();
        let unrouted = "mo_messages.id = v.column1 AND mo_messages.state = 0 AND mo_messages.body IS NOT NULL";
        select_listed(self.pool(), &ids, unrouted).await
    }

    /// How many messages wait for a target to take them, counted up to `most`.
    pub async fn mo_waiting_for(&self, target: TargetId, most: u32) -> Result<i64, StoreError> {
        let count = query(
            "SELECT COUNT(*) FROM (SELECT id FROM mo_deliveries WHERE target = $1 AND state = 0 LIMIT $2) AS waiting",
        );
        let count = count.bind(&target).bind(&i64::from(most)).first::<(i64,)>(self.pool()).await?;
        Ok(count.map_or(0, |(count,)| count))
    }

    /// How many messages no route has taken, of those whose text is still there.
    pub async fn mo_unrouted(&self) -> Result<i64, StoreError> {
        let count = query("SELECT COUNT(*) FROM mo_messages WHERE state = 0 AND body IS NOT NULL");
        Ok(count.first::<(i64,)>(self.pool()).await?.map_or(0, |(count,)| count))
    }

    /// Wipes the octets of messages that ended before `ended`, and removes the parts of messages that were put together
    /// before `joined`, by which their repetitions were known. Answers how many messages were wiped.
    pub async fn tidy_mo(&self, ended: Timestamp, joined: Timestamp) -> Result<u64, StoreError> {
        let mut work = self.begin().await?;
        let wipe = query(
            "UPDATE mo_messages SET body = NULL WHERE body IS NOT NULL AND ended_at < $1
                AND NOT EXISTS (SELECT 1 FROM mo_deliveries d WHERE d.mo_id = mo_messages.id AND d.state = 0)",
        );
        let wiped = wipe.bind(&ended).run(&mut work).await?;
        let joined_parts = query("DELETE FROM mo_segments WHERE mo_id IS NOT NULL AND received_at < $1");
        joined_parts.bind(&joined).run(&mut work).await?;
        work.commit().await?;
        Ok(wiped)
    }
}
