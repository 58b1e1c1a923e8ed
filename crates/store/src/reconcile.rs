//! Reads what reconciliation compares, as of one moment and in pages: messages, segments, charges and CDRs side by side, by their
//! ids, and the postings that charges name.

mod breaks;
mod statement;

use sambac_domain::{AccountId, ConnectorId, OperatorId, PostingId, SegmentId, Timestamp};
use sqlx::AssertSqlSafe;

use crate::query::{query, select};
use crate::rows::{
    BalanceRow, CdrArchiveState, CdrRow, ChargeRow, ComparedMessage, ComparedSegment, PostingRow, Record, Row,
};
use crate::unit_of_work::UnitOfWork;
use crate::value::Field as _;
use crate::{Store, StoreError};

pub use breaks::Found;
pub use statement::{Against, Sides};

/// Ids of postings in one statement.
const LISTED_MAX: usize = 256;
/// Of an archive whose records are in the table again.
const RESTORED: CdrArchiveState = CdrArchiveState::Restored;
/// A number that no posting has.
const NO_ID: i64 = i64::MIN;
/// Postings that are told when their parts do not add up to them; more say nothing new.
const UNEVEN_MAX: i64 = 1_000;

/// One snapshot of the database, read only.
pub struct Compared(UnitOfWork);

/// Rows of messages that lie side by side, each kind in the order of its ids. Messages are whole.
#[derive(Debug, Default)]
pub struct ComparedPage {
    /// Messages.
    pub messages: Vec<ComparedMessage>,
    /// Their segments, and others.
    pub segments: Vec<ComparedSegment>,
    /// Likewise.
    pub charges: Vec<ChargeRow>,
    /// Likewise.
    pub cdrs: Vec<CdrRow>,
    /// Up to which id everything was read.
    pub until: i64,
}

/// What things are called.
#[derive(Debug, Default)]
pub struct ComparedNames {
    /// Accounts.
    pub accounts: Vec<(AccountId, String)>,
    /// Operators.
    pub operators: Vec<(OperatorId, String)>,
    /// Whose each connector is.
    pub connectors: Vec<(ConnectorId, OperatorId)>,
}

/// A posting that is not the sum of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnevenPosting {
    /// The posting; it may not be there.
    pub id: PostingId,
    /// Its amount, in micros.
    pub posted_micros: i64,
    /// What the charges, commands and payments that name it come to, in micros.
    pub parts_micros: i64,
}

impl Store {
    /// Begins to read: everything as of now, whatever is written meanwhile.
    pub async fn compare(&self) -> Result<Compared, StoreError> {
        let work = UnitOfWork::begin_reading(self.pool(), self.statements.clone()).await?;
        Ok(Compared(work))
    }
}

impl Compared {
    /// What things are called.
    pub async fn names(&mut self) -> Result<ComparedNames, StoreError> {
        Ok(ComparedNames {
            accounts: query("SELECT id, name FROM accounts ORDER BY id").all_in(&mut self.0).await?,
            operators: query("SELECT id, name FROM operators ORDER BY id").all_in(&mut self.0).await?,
            connectors: query("SELECT id, operator_id FROM connectors ORDER BY id").all_in(&mut self.0).await?,
        })
    }

    /// Days, by the acceptance of the messages, of which not all CDRs are in the table: days since 1970.
    pub async fn archived_days(&mut self) -> Result<Vec<i64>, StoreError> {
        let files = query("SELECT id FROM cdr_archives WHERE state <> $1 ORDER BY id").bind(&RESTORED);
        Ok(files.all_in::<(i64,)>(&mut self.0).await?.into_iter().map(|(day,)| day).collect())
    }

    /// Every ledger account.
    pub async fn balances(&mut self) -> Result<Vec<BalanceRow>, StoreError> {
        select::<BalanceRow>("ORDER BY id").all_in(&mut self.0).await
    }

    /// Whether a message or CDR with an id above `after`, up to `until`, has ended from `from` on and before `to`.
    pub async fn any_ended(&mut self, ids: (i64, i64), times: (Timestamp, Timestamp)) -> Result<bool, StoreError> {
        for table in ["messages", "cdr_sms"] {
            let sql = format!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE id > $1 AND id <= $2 AND final_at >= $3 AND final_at < $4 \
                 LIMIT 1) AS ended"
            );
            let ended = query(AssertSqlSafe(sql)).bind(&ids.0).bind(&ids.1).bind(&times.0).bind(&times.1);
            if ended.number(&mut self.0).await? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The next rows with ids above `after`, up to `until`: at most `limit` of each kind, and as far as that goes for all of them.
    pub async fn page(&mut self, after: i64, until: i64, limit: u32) -> Result<ComparedPage, StoreError> {
        let mut page = ComparedPage {
            messages: self.rows(after, until, limit).await?,
            segments: self.rows(after, until, limit).await?,
            charges: self.rows(after, until, limit).await?,
            cdrs: self.rows(after, until, limit).await?,
            until,
        };
        let full = usize::try_from(limit).unwrap_or(usize::MAX);
        let ends = [
            page.messages.last().filter(|_| page.messages.len() >= full).map(|row| row.id.raw()),
            page.segments.last().filter(|_| page.segments.len() >= full).map(|row| row.id.raw()),
            page.charges.last().filter(|_| page.charges.len() >= full).map(|row| row.id.raw()),
            page.cdrs.last().filter(|_| page.cdrs.len() >= full).map(|row| row.id.raw()),
        ];
        if let Some(end) = ends.into_iter().flatten().min() {
            // The last message may go on in the next page.
            page.cut((end & !0xff) - 1);
        }
        Ok(page)
    }

    async fn rows<R: Record + Row>(&mut self, after: i64, until: i64, limit: u32) -> Result<Vec<R>, StoreError> {
        let rows = select::<R>("WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3");
        rows.bind(&after).bind(&until).bind(&limit).all_in(&mut self.0).await
    }

    /// These postings, those that are there.
    pub async fn postings(&mut self, ids: &[PostingId]) -> Result<Vec<PostingRow>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(LISTED_MAX) {
            let size = ids.len().next_power_of_two();
            let columns = PostingRow::COLUMNS.iter().map(|column| format!("p.{column}")).collect::<Vec<_>>().join(", ");
            let sql = format!(
                "SELECT {columns} FROM (VALUES {list}) AS v CROSS JOIN ledger_postings p WHERE p.id = v.column1",
                list = self.0.dialect().tuples(0, size, 1),
            );
            let ids = ids.iter().map(|id| id.raw()).chain(std::iter::repeat(NO_ID)).take(size).collect::<Vec<_>>();
            let query = query(AssertSqlSafe(sql)).bind_all(ids.iter().map(|id| id.value()).collect());
            found.extend(query.all_in::<PostingRow>(&mut self.0).await?);
        }
        Ok(found)
    }

    /// Postings made with ids above `ids.0`, up to `ids.1`, that are not the sum of what names them, the first thousand. Charges
    /// are looked for from the id `charges_after` on.
    pub async fn uneven_postings(
        &mut self,
        ids: (i64, i64),
        charges_after: i64,
    ) -> Result<Vec<UnevenPosting>, StoreError> {
        self.0.read_whole_tables().await?;
        let rows = query(UNEVEN).bind(&ids.0).bind(&ids.1).bind(&charges_after).bind(&UNEVEN_MAX);
        let rows = rows.all_in::<(PostingId, i64, i64)>(&mut self.0).await?;
        let row = |(id, posted_micros, parts_micros)| UnevenPosting { id, posted_micros, parts_micros };
        Ok(rows.into_iter().map(row).collect())
    }
}

impl ComparedPage {
    /// Every segment that any of the rows is about, in order.
    #[must_use]
    pub fn segment_ids(&self) -> Vec<SegmentId> {
        let mut ids: Vec<SegmentId> = self.segments.iter().map(|row| row.id).collect();
        ids.extend(self.charges.iter().map(|row| row.id));
        ids.extend(self.cdrs.iter().map(|row| row.id));
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn cut(&mut self, until: i64) {
        self.messages.retain(|row| row.id.raw() <= until);
        self.segments.retain(|row| row.id.raw() <= until);
        self.charges.retain(|row| row.id.raw() <= until);
        self.cdrs.retain(|row| row.id.raw() <= until);
        self.until = until;
    }
}

const UNEVEN: &str = "
    SELECT s.id, CAST(SUM(s.posted) AS BIGINT), CAST(SUM(s.part) AS BIGINT)
    FROM (
        SELECT id, amount_micros AS posted, 0 AS part FROM ledger_postings WHERE id > $1 AND id <= $2
        UNION ALL
        SELECT hold_posting_id AS id, 0 AS posted, amount_micros AS part FROM charges
        WHERE id > $3 AND hold_posting_id > $1 AND hold_posting_id <= $2
        UNION ALL
        SELECT settle_posting_id AS id, 0 AS posted, amount_micros AS part FROM charges
        WHERE id > $3 AND settle_posting_id > $1 AND settle_posting_id <= $2
        UNION ALL
        SELECT correct_posting_id AS id, 0 AS posted, amount_micros AS part FROM charges
        WHERE id > $3 AND correct_posting_id > $1 AND correct_posting_id <= $2
        UNION ALL
        SELECT posting_id AS id, 0 AS posted, amount_micros AS part FROM ledger_commands
        WHERE posting_id > $1 AND posting_id <= $2
        UNION ALL
        SELECT release_posting_id AS id, 0 AS posted, released_micros AS part FROM ledger_commands
        WHERE release_posting_id > $1 AND release_posting_id <= $2
        UNION ALL
        SELECT posting_id AS id, 0 AS posted, amount_micros AS part FROM payments WHERE posting_id > $1 AND posting_id <= $2
    ) s
    GROUP BY s.id
    HAVING SUM(s.posted) <> SUM(s.part)
    ORDER BY s.id
    LIMIT $4";
