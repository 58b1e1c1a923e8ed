//! Amounts that other services set aside, and what their commands tell of them: a hold changes by commands alone.

use std::collections::HashSet;

use sambac_domain::{HoldId, Timestamp};
use sqlx::AssertSqlSafe;

use crate::query::{query, select_listed};
use crate::rows::{HoldRow, Record as _};
use crate::unit_of_work::UnitOfWork;
use crate::value::Field as _;
use crate::{Store, StoreError};

/// Ids in one statement.
const LISTED_MAX: usize = 256;
/// An id that no hold has.
const NO_ID: i64 = i64::MIN;

impl Store {
    /// These holds, in id order; unknown ids are left out. For the platform's own work: no account is asked.
    pub async fn holds_by_ids(&self, ids: &[HoldId]) -> Result<Vec<HoldRow>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.raw()).collect();
        select_listed(self.pool(), &ids, "holds.id = v.column1").await
    }

    /// Open holds whose time is over by `until`, the longest first, with their times; those after `after` in this order.
    pub async fn holds_due(
        &self,
        until: Timestamp,
        (expired_at, id): (Timestamp, HoldId),
        limit: u32,
    ) -> Result<Vec<(Timestamp, HoldId)>, StoreError> {
        let due = query(
            "SELECT expires_at, id FROM holds
             WHERE state = 0 AND expires_at <= $1 AND (expires_at > $2 OR (expires_at = $2 AND id > $3))
             ORDER BY expires_at, id LIMIT $4",
        );
        let limit = i64::from(limit);
        let due = due.bind(&until).bind(&expired_at).bind(&id).bind(&limit);
        due.all::<(Timestamp, HoldId)>(self.pool()).await
    }

    /// Those of these holds that are what their commands add up to: one that was put back to what it was at an earlier time is
    /// not, although a block vouches for it.
    pub async fn holds_told(&self, ids: &[HoldId]) -> Result<HashSet<HoldId>, StoreError> {
        let mut told = HashSet::with_capacity(ids.len());
        for ids in ids.chunks(LISTED_MAX) {
            let size = ids.len().next_power_of_two();
            let list = self.pool().dialect().tuples(0, size, 1);
            let sql = format!(
                "SELECT h.id FROM (VALUES {list}) AS v CROSS JOIN holds h CROSS JOIN ledger_commands c
                 WHERE h.id = v.column1 AND c.hold_id = h.id GROUP BY h.id HAVING {IS_TOLD}"
            );
            let ids: Vec<_> = ids.iter().map(|id| id.raw()).chain(std::iter::repeat(NO_ID)).take(size).collect();
            let values = ids.iter().map(i64::value).collect();
            let found = query(AssertSqlSafe(sql)).bind_all(values).all::<(HoldId,)>(self.pool()).await?;
            told.extend(found.into_iter().map(|(id,)| id));
        }
        Ok(told)
    }
}

impl HoldRow {
    /// Holds that are not what their commands add up to. Reads all holds and commands.
    pub(crate) async fn untold(work: &mut UnitOfWork, limit: i64) -> Result<Vec<Self>, StoreError> {
        let columns: Vec<_> = Self::COLUMNS.iter().map(|column| format!("h.{column}")).collect();
        let columns = columns.join(", ");
        let sql = format!(
            "SELECT {columns} FROM holds h LEFT JOIN ledger_commands c ON c.hold_id = h.id
             GROUP BY h.id HAVING NOT ({IS_TOLD}) ORDER BY h.id LIMIT $1"
        );
        query(AssertSqlSafe(sql)).bind(&limit).all_in::<Self>(work).await
    }
}

/// What the commands `c` of the hold `h` set aside, took, and gave back of that is what it says. What is left of an open one is
/// set aside still; of one that has ended, it was let go of. Refused commands have moved nothing.
const IS_TOLD: &str = "
    h.amount_micros = SUM(CASE WHEN c.verb IN ('hold', 'debit') THEN c.amount_micros ELSE 0 END)
    AND h.captured_micros = SUM(CASE WHEN c.verb IN ('capture', 'debit') THEN c.amount_micros ELSE 0 END)
    AND h.refunded_micros = SUM(CASE WHEN c.verb = 'refund' THEN c.amount_micros ELSE 0 END)
    AND SUM(CASE WHEN c.verb IN ('void', 'expire') THEN c.amount_micros ELSE COALESCE(c.released_micros, 0) END)
        = CASE WHEN h.state = 0 THEN 0 ELSE h.amount_micros - h.captured_micros END";
