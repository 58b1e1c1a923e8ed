//! Statements of operators: kept line by line, and compared with CDRs by the operator's own ids, or by day and network.

use sambac_domain::{Currency, Day, OperatorId, Timestamp};
use sqlx::AssertSqlSafe;

use super::Compared;
use crate::query::{query, select};
use crate::rows::{Record, StatementLine, StatementRow};
use crate::value::Value;
use crate::{Store, StoreError};

/// Lines in one statement of SQL: SQLite takes 32,766 parameters, and nothing is gained beyond some hundreds.
const LINES_AT_ONCE: usize = 64;

/// Which CDRs a statement is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Against {
    /// Its number.
    pub statement: i64,
    /// Whose CDRs.
    pub operator: OperatorId,
    /// Amounts in other currencies are not looked at.
    pub currency: Currency,
    /// From this moment on.
    pub from: Timestamp,
    /// Until before this one.
    pub to: Timestamp,
    /// Ids are looked for this long before and after, since both sides may count an end on another day.
    pub margin_micros: i64,
    /// CDRs with ids above this.
    pub ids_after: i64,
    /// And up to this.
    pub ids_until: i64,
    /// Amounts that differ by no more are the same.
    pub tolerance_micros: i64,
}

/// What both sides say of one thing, where they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// The operator's id; or the network, empty when it is not known.
    pub of: String,
    /// Days since 1970.
    pub day: i64,
    /// How many CDRs.
    pub ours: i64,
    /// What they should cost.
    pub cost_micros: i64,
    /// Of them, those of these days that cost something.
    pub due: i64,
    /// How many the statement has.
    pub theirs: i64,
    /// For how much.
    pub amount_micros: i64,
}

impl Store {
    /// The statement of a file with this hash.
    pub async fn statement_by_hash(&self, hash: &str) -> Result<Option<StatementRow>, StoreError> {
        select::<StatementRow>("WHERE hash = $1").bind(&hash.to_owned()).first(self.pool()).await
    }

    /// Keeps a statement, whose lines are there.
    pub async fn add_statement(&self, row: &StatementRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.upsert(row).await?;
        work.commit().await
    }

    /// Keeps lines of a statement.
    pub async fn add_statement_lines(&self, lines: &[StatementLine]) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for lines in lines.chunks(LINES_AT_ONCE) {
            let columns = StatementLine::COLUMNS;
            let tuples = work.dialect().tuples(0, lines.len(), columns.len());
            let sql = format!("INSERT INTO supplier_lines ({}) VALUES {tuples}", columns.join(", "));
            let mut values: Vec<Value<'_>> = Vec::with_capacity(lines.len() * columns.len());
            lines.iter().for_each(|line| line.values(&mut values));
            query(AssertSqlSafe(sql)).bind_all(values).run(&mut work).await?;
        }
        work.commit().await
    }

    /// Drops the lines of a statement that came to nothing.
    pub async fn drop_statement_lines(&self, statement: i64) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        query("DELETE FROM supplier_lines WHERE statement_id = $1").bind(&statement).run(&mut work).await?;
        work.commit().await
    }
}

impl Compared {
    /// Whether the lines of a statement are of messages, by the operator's ids.
    pub async fn has_message_ids(&mut self, statement: i64) -> Result<bool, StoreError> {
        let first = query("SELECT COUNT(*) FROM supplier_lines WHERE statement_id = $1 AND message_id IS NOT NULL");
        Ok(first.bind(&statement).number(&mut self.0).await? > 0)
    }

    /// Where a statement with ids and the CDRs differ: the first `limit`, in the order of ids, of those after `after`.
    pub async fn statement_by_ids(
        &mut self,
        against: &Against,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Sides>, StoreError> {
        let after = after.to_owned();
        let (early, late) = against.around();
        let rows = query(BY_IDS)
            .bind(&against.statement)
            .bind(&against.operator)
            .bind(&against.from)
            .bind(&against.to)
            .bind(&against.ids_after)
            .bind(&against.ids_until)
            .bind(&after)
            .bind(&against.tolerance_micros)
            .bind(&limit)
            .bind(&early)
            .bind(&late)
            .bind(&against.currency);
        Ok(rows.all_in::<(String, i64, i64, i64, i64, i64, i64)>(&mut self.0).await?.into_iter().map(sides).collect())
    }

    /// Where a statement with days and networks and the CDRs differ.
    pub async fn statement_by_days(&mut self, against: &Against) -> Result<Vec<Sides>, StoreError> {
        let rows = query(BY_DAYS)
            .bind(&against.statement)
            .bind(&against.operator)
            .bind(&against.from)
            .bind(&against.to)
            .bind(&against.ids_after)
            .bind(&against.ids_until)
            .bind(&against.tolerance_micros)
            .bind(&against.currency);
        Ok(rows.all_in::<(String, i64, i64, i64, i64, i64, i64)>(&mut self.0).await?.into_iter().map(sides).collect())
    }
}

impl Against {
    fn around(&self) -> (Timestamp, Timestamp) {
        let early = Timestamp(self.from.0.saturating_sub(self.margin_micros));
        (early, Timestamp(self.to.0.saturating_add(self.margin_micros)))
    }
}

impl Sides {
    /// Its day.
    #[must_use]
    pub fn day(&self) -> Day {
        Day::from_number(self.day)
    }
}

type Told = (String, i64, i64, i64, i64, i64, i64);

fn sides((of, day, ours, cost_micros, due, theirs, amount_micros): Told) -> Sides {
    Sides { of, day, ours, cost_micros, due, theirs, amount_micros }
}

/// An id that the operator has used more than once stands for all of them. What costs nothing need not be on a statement; what
/// nobody knows the cost of must.
const BY_IDS: &str = "
    SELECT s.message_id, CAST(COALESCE(MIN(s.our_day), MIN(s.their_day)) AS BIGINT), CAST(SUM(s.ours) AS BIGINT),
        CAST(SUM(s.cost) AS BIGINT), CAST(SUM(s.due) AS BIGINT), CAST(SUM(s.theirs) AS BIGINT), CAST(SUM(s.amount) AS BIGINT)
    FROM (
        SELECT smsc_message_id AS message_id, 1 AS ours,
            CASE WHEN cost_currency = $12 THEN COALESCE(cost_micros, 0) ELSE 0 END AS cost,
            CASE WHEN final_at >= $3 AND final_at < $4 AND (cost_micros IS NULL OR cost_micros > 0) THEN 1 ELSE 0 END AS due,
            0 AS theirs, 0 AS amount, final_at / 86400000000 AS our_day, CAST(NULL AS BIGINT) AS their_day
        FROM cdr_sms
        WHERE id > $5 AND id <= $6 AND operator_id = $2 AND smsc_message_id > $7 AND final_at >= $10 AND final_at < $11
        UNION ALL
        SELECT message_id, 0 AS ours, 0 AS cost, 0 AS due, count AS theirs, amount_micros AS amount,
            CAST(NULL AS BIGINT) AS our_day, day AS their_day
        FROM supplier_lines WHERE statement_id = $1 AND message_id > $7
    ) s
    GROUP BY s.message_id
    HAVING (SUM(s.theirs) = 0 AND SUM(s.due) > 0)
        OR (SUM(s.theirs) > 0 AND (SUM(s.ours) <> SUM(s.theirs) OR ABS(SUM(s.cost) - SUM(s.amount)) > $8))
    ORDER BY s.message_id
    LIMIT $9";

const BY_DAYS: &str = "
    SELECT s.network, CAST(s.day AS BIGINT), CAST(SUM(s.ours) AS BIGINT), CAST(SUM(s.cost) AS BIGINT),
        CAST(SUM(s.ours) AS BIGINT), CAST(SUM(s.theirs) AS BIGINT), CAST(SUM(s.amount) AS BIGINT)
    FROM (
        SELECT COALESCE(mcc_mnc, '') AS network, final_at / 86400000000 AS day, 1 AS ours,
            CASE WHEN cost_currency = $8 THEN COALESCE(cost_micros, 0) ELSE 0 END AS cost, 0 AS theirs, 0 AS amount
        FROM cdr_sms
        WHERE id > $5 AND id <= $6 AND operator_id = $2 AND final_at >= $3 AND final_at < $4
            AND (cost_micros > 0 OR (cost_micros IS NULL AND smsc_message_id IS NOT NULL))
        UNION ALL
        SELECT COALESCE(mcc_mnc, '') AS network, day, 0 AS ours, 0 AS cost, count AS theirs, amount_micros AS amount
        FROM supplier_lines WHERE statement_id = $1
    ) s
    GROUP BY s.network, s.day
    HAVING SUM(s.ours) <> SUM(s.theirs) OR ABS(SUM(s.cost) - SUM(s.amount)) > $7
    ORDER BY s.day, s.network";
