//! Writes that are all kept or all dropped.
//!
//! A unit of work always begins as a writer (see [`crate::dialect`]). Dropping it without [`UnitOfWork::commit`]
//! undoes everything.

use std::sync::Arc;

use sambac_domain::Timestamp;
use sqlx::{Postgres, Sqlite};
use tokio::sync::Notify;

use crate::StoreError;
use crate::batch::{Batch, Statements};
use crate::chain::{Chain, Head};
use crate::change::Change;
use crate::constraint::store_error;
use crate::dialect::Dialect;
use crate::pool::Pool;

/// A transaction on whichever database is there.
pub struct UnitOfWork {
    pub(crate) transaction: Transaction,
    statements: Arc<Statements>,
    /// What it has changed of the configuration so far.
    pub(crate) changes: Vec<Change>,
    /// Who wants to know of the commit.
    committed: Option<Arc<Notify>>,
}

pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
    #[cfg(debug_assertions)]
    Simulated(crate::simulated::Lease),
}

impl UnitOfWork {
    pub(crate) async fn begin(pool: &Pool, statements: Arc<Statements>) -> Result<Self, StoreError> {
        pool.used();
        let (transaction, committed) = match pool {
            Pool::Sqlite { writer, checkpointer, .. } => {
                let transaction = writer.begin_with("BEGIN IMMEDIATE").await;
                (transaction.map(Transaction::Sqlite), Some(checkpointer.committed()))
            }
            Pool::Postgres { pool, .. } => (pool.begin().await.map(Transaction::Postgres), None),
            #[cfg(debug_assertions)]
            Pool::Simulated { connections, .. } => (Ok(Transaction::Simulated(connections.begin(true).await?)), None),
        };
        Ok(Self { transaction: transaction.map_err(store_error)?, statements, changes: Vec::new(), committed })
    }

    /// A unit of work that only reads: all of it as of one moment.
    pub(crate) async fn begin_reading(pool: &Pool, statements: Arc<Statements>) -> Result<Self, StoreError> {
        pool.used();
        let transaction = match pool {
            Pool::Sqlite { readers, .. } => readers.begin_with("BEGIN").await.map(Transaction::Sqlite),
            Pool::Postgres { pool, .. } => {
                // Who reads for somebody slow holds up nobody.
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                    SET LOCAL idle_in_transaction_session_timeout = 0";
                pool.begin_with(begin).await.map(Transaction::Postgres)
            }
            #[cfg(debug_assertions)]
            Pool::Simulated { connections, .. } => Ok(Transaction::Simulated(connections.begin(false).await?)),
        };
        Ok(Self { transaction: transaction.map_err(store_error)?, statements, changes: Vec::new(), committed: None })
    }

    /// Reads that must come to their end, however long that takes.
    pub(crate) async fn may_take_long(&mut self) -> Result<(), StoreError> {
        if let Transaction::Postgres(transaction) = &mut self.transaction {
            let settings = "SET LOCAL statement_timeout = '15min'";
            sqlx::raw_sql(settings).execute(&mut **transaction).await.map_err(store_error)?;
        }
        Ok(())
    }

    /// From here on whole tables are read. PostgreSQL is told to bring them together by hashes, which its statistics of a table
    /// that fills would keep it from, and may take its time.
    pub(crate) async fn read_whole_tables(&mut self) -> Result<(), StoreError> {
        if let Transaction::Postgres(transaction) = &mut self.transaction {
            let settings =
                "SET LOCAL enable_nestloop = off; SET LOCAL enable_seqscan = on; SET LOCAL statement_timeout = '15min'";
            sqlx::raw_sql(settings).execute(&mut **transaction).await.map_err(store_error)?;
        }
        Ok(())
    }

    /// Which database it is on.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.transaction {
            Transaction::Sqlite(_) => Dialect::Sqlite,
            Transaction::Postgres(_) => Dialect::Postgres,
            #[cfg(debug_assertions)]
            Transaction::Simulated(_) => Dialect::Sqlite,
        }
    }

    /// Writes a batch as part of this unit of work.
    pub async fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.write_with(batch, None).await.map(|_| ())
    }

    /// The same; a chain seals the batch, whose rows are numbered, and the head that it makes is given.
    pub(crate) async fn write_with(
        &mut self,
        batch: &Batch,
        chain: Option<(&Chain, Timestamp)>,
    ) -> Result<Option<Head>, StoreError> {
        let statements = Arc::clone(&self.statements);
        statements.write(self, batch, chain).await
    }

    /// Keeps everything: durable when this returns.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.transaction {
            Transaction::Sqlite(transaction) => transaction.commit().await,
            Transaction::Postgres(transaction) => transaction.commit().await,
            #[cfg(debug_assertions)]
            Transaction::Simulated(lease) => return lease.commit().await,
        }
        .map_err(store_error)?;
        if let Some(committed) = self.committed {
            committed.notify_one();
        }
        Ok(())
    }
}
