//! What the database says, read by statements of our own and as it is: the other side of the comparison.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// An account's two sums, or one of the platform's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Its number.
    pub id: i64,
    /// The account's name; empty: the platform's.
    pub account: String,
    /// `wallet`, `held`, `revenue` …
    pub kind: String,
    /// Credits minus debits.
    pub micros: i64,
    /// How far below zero the account may go.
    pub credit_limit_micros: i64,
}

/// A movement of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Its number.
    pub id: i64,
    /// Who gives.
    pub debit_id: i64,
    /// Who gets.
    pub credit_id: i64,
    /// How much.
    pub micros: i64,
    /// Why.
    pub kind: String,
    /// The block with which it was written.
    pub block_id: i64,
}

/// A hold as it is at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRow {
    /// Its amount.
    pub amount: i64,
    /// Taken of it.
    pub captured: i64,
    /// Given back of that.
    pub refunded: i64,
    /// 0 open, 1 captured, 2 voided, 3 expired.
    pub state: i64,
    /// The account's name.
    pub account: String,
}

/// A stored answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRow {
    /// The account's name.
    pub account: String,
    /// The key.
    pub key: String,
    /// What it was about.
    pub hold: Option<i64>,
    /// Whether it was carried out.
    pub done: bool,
    /// What it moved.
    pub micros: i64,
    /// As a part of which posting.
    pub posting_id: Option<i64>,
    /// What went back with it.
    pub released: i64,
    /// As a part of which posting.
    pub release_posting_id: Option<i64>,
}

/// The charge of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRow {
    /// The message.
    pub message: i64,
    /// Its price.
    pub micros: i64,
    /// What was taken.
    pub captured: i64,
    /// 0 held, 1 captured, 2 voided, 3 corrected.
    pub state: i64,
    /// The posting that holds it.
    pub hold_posting: i64,
    /// The posting that ends it.
    pub settle_posting: Option<i64>,
}

/// All that there is of money.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Every sum.
    pub balances: Vec<Balance>,
    /// Every movement, the oldest first.
    pub postings: Vec<Posting>,
    /// Every hold, by its number.
    pub holds: HashMap<i64, HoldRow>,
    /// Every stored answer.
    pub commands: Vec<CommandRow>,
    /// Every charge of a segment.
    pub charges: Vec<ChargeRow>,
}

/// Runs a query on whichever database it is and hands over every row.
macro_rules! each {
    ($reader:expr, $sql:expr, |$row:ident: $shape:ty| $body:expr) => {{
        let sql = AssertSqlSafe($sql);
        match &mut $reader.connection {
            Connection::Sqlite(connection) => {
                let mut rows = sqlx::query_as::<_, $shape>(sql).fetch(connection);
                while let Some($row) = rows.try_next().await.context($sql)? {
                    $body;
                }
            }
            Connection::Postgres(connection) => {
                let mut rows = sqlx::query_as::<_, $shape>(sql).fetch(connection);
                while let Some($row) = rows.try_next().await.context($sql)? {
                    $body;
                }
            }
        }
    }};
}

pub(in crate::faults) use each;

pub(in crate::faults) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A connection that only reads, while the platform runs or not.
pub struct Reader {
    pub(in crate::faults) connection: Connection,
}

impl Reader {
    /// Connects.
    ///
    /// # Errors
    /// When there is no database.
    pub async fn open(url: &str) -> Result<Self> {
        let connection = if url.starts_with("sqlite:") {
            Connection::Sqlite(SqliteConnection::connect(url).await?)
        } else {
            Connection::Postgres(PgConnection::connect(url).await?)
        };
        Ok(Self { connection })
    }

    /// The one number that a query gives.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn number(&mut self, sql: &'static str) -> Result<i64> {
        let mut found = 0;
        each!(self, sql, |row: (i64,)| found = row.0);
        Ok(found)
    }

    /// Everything.
    ///
    /// # Errors
    /// When a query fails or its rows are of another shape.
    pub async fn books(&mut self) -> Result<Books> {
        let mut books = Books::default();
        each!(self, BALANCES, |row: (i64, String, String, i64, i64)| {
            let (id, account, kind, micros, credit_limit_micros) = row;
            books.balances.push(Balance { id, account, kind, micros, credit_limit_micros });
        });
        each!(self, POSTINGS, |row: (i64, i64, i64, i64, String, i64)| {
            let (id, debit_id, credit_id, micros, kind, block_id) = row;
            books.postings.push(Posting { id, debit_id, credit_id, micros, kind, block_id });
        });
        each!(self, HOLDS, |row: (i64, i64, i64, i64, i64, String)| {
            let (id, amount, captured, refunded, state, account) = row;
            books.holds.insert(id, HoldRow { amount, captured, refunded, state, account });
        });
        each!(self, COMMANDS, |row: (String, String, Option<i64>, String, i64, Option<i64>, i64, Option<i64>)| {
            let (account, key, hold, answer, micros, posting_id, released, release_posting_id) = row;
            let done = answer.starts_with("{\"Ok\"");
            let command = CommandRow { account, key, hold, done, micros, posting_id, released, release_posting_id };
            books.commands.push(command);
        });
        each!(self, CHARGES, |row: (i64, i64, i64, i64, i64, Option<i64>)| {
            let (message, micros, captured, state, hold_posting, settle_posting) = row;
            books.charges.push(ChargeRow { message, micros, captured, state, hold_posting, settle_posting });
        });
        Ok(books)
    }
}

const BALANCES: &str = "SELECT b.id, COALESCE(a.name, ''), b.kind, b.balance_micros, COALESCE(a.credit_limit_micros, 0)
    FROM balances b LEFT JOIN accounts a ON a.id = b.account_id";
const POSTINGS: &str =
    "SELECT id, debit_id, credit_id, amount_micros, kind, block_id FROM ledger_postings ORDER BY block_id, id";
const HOLDS: &str =
    "SELECT h.id, h.amount_micros, h.captured_micros, h.refunded_micros, CAST(h.state AS BIGINT), a.name
    FROM holds h JOIN accounts a ON a.id = h.account_id";
const COMMANDS: &str = "SELECT a.name, c.key, c.hold_id, SUBSTR(c.answer, 1, 8), c.amount_micros, c.posting_id,
    c.released_micros, c.release_posting_id FROM ledger_commands c JOIN accounts a ON a.id = c.account_id";
const CHARGES: &str = "SELECT id / 256 * 256, amount_micros, captured_micros, CAST(state AS BIGINT), hold_posting_id,
    settle_posting_id FROM charges";
