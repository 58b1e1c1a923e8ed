//! Brings the schema to this program's version: forward only, one file per step.
//!
//! A version table says what was done. PostgreSQL gets an advisory lock, so that several processes may start at
//! once; in SQLite the transaction of a writer is lock enough.

use sqlx::AssertSqlSafe;

use crate::constraint::store_error;
use crate::dialect::Dialect;
use crate::query::query;
use crate::unit_of_work::Transaction;
use crate::{Store, StoreError};

/// Every step: its version and its text. Only append.
pub(crate) const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_foundation.sql")),
    (2, include_str!("../migrations/0002_client_profiles.sql")),
    (4, include_str!("../migrations/0004_account_throughput.sql")),
    (5, include_str!("../migrations/0005_message_options.sql")),
    (6, include_str!("../migrations/0006_receipts.sql")),
    (7, include_str!("../migrations/0007_answered_id.sql")),
    (8, include_str!("../migrations/0008_mo.sql")),
    (9, include_str!("../migrations/0009_admin.sql")),
];

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)";

/// Any number that nothing else in the database uses for its own lock.
const LOCK: &str = "SELECT pg_advisory_xact_lock(5342001110)";

impl Store {
    /// Runs the steps that this database has not seen, in one transaction. A database that is newer than this
    /// program is refused.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        let dialect = self.pool().dialect();
        if dialect == Dialect::Postgres {
            raw(&mut work.transaction, LOCK.to_owned()).await?;
        }
        raw(&mut work.transaction, dialect.schema(VERSIONS)).await?;
        let done = query("SELECT COALESCE(MAX(version), 0) FROM schema_versions").number(&mut work).await?;
        let newest = MIGRATIONS.last().map_or(0, |(version, _)| *version);
        if done > newest {
            return Err(StoreError::Migration(format!("the database is at {done}, this program at {newest}")));
        }
        for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > done) {
            raw(&mut work.transaction, dialect.schema(text)).await?;
            query("INSERT INTO schema_versions (version) VALUES ($1)").bind(version).run(&mut work).await?;
        }
        work.commit().await
    }
}

/// Runs a text of several statements without parameters.
async fn raw(transaction: &mut Transaction, text: String) -> Result<(), StoreError> {
    let text = sqlx::raw_sql(AssertSqlSafe(text));
    match transaction {
        Transaction::Sqlite(transaction) => text.execute(&mut **transaction).await.map(drop),
        Transaction::Postgres(transaction) => text.execute(&mut **transaction).await.map(drop),
    }
    .map_err(|error| StoreError::Migration(store_error(error).to_string()))
}
