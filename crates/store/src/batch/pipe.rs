//! While the database works on one statement of a batch, the parameters of the next are put together.
//!
//! Both are done by the same task, so nothing is handed over between threads but what the driver hands over anyway. Putting
//! parameters together was measured to be a tenth of a commit's time as long as the database had to wait for it.

use std::sync::Arc;

use futures_util::future::try_join;
use sambac_domain::Timestamp;
use sambac_domain::planted::{Bug, planted};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use tokio::sync::mpsc;

use super::{Batch, Fence, Statements};
use crate::StoreError;
use crate::chain::{Chain, Head, Sealed};
use crate::constraint::store_error;
#[cfg(debug_assertions)]
use crate::simulated::to_its_end;
use crate::unit_of_work::{Transaction, UnitOfWork};

/// Statements that are ready before the database asks for them, besides the one in the making.
const AHEAD: usize = 1;

/// A statement with all that it needs.
pub(super) struct Ready {
    text: Arc<str>,
    parameters: Parameters,
    /// How many rows it must change, and what its refusal is called when it changes fewer.
    must_change: Option<(u64, &'static str)>,
}

/// What a statement's placeholders stand for.
pub(super) enum Parameters {
    Sqlite(SqliteArguments),
    Postgres(PgArguments),
}

/// Takes statements in the order in which they are to be run.
pub(super) struct Pipe {
    statements: mpsc::Sender<Ready>,
}

impl Pipe {
    /// Puts a statement in; waits while others are ahead of it.
    pub(super) async fn put(&self, text: Arc<str>, parameters: Parameters, must_change: Option<(u64, &'static str)>) {
        // The other end is gone only after an error, which the whole batch ends with.
        let _ = self.statements.send(Ready { text, parameters, must_change }).await;
    }
}

impl Ready {
    async fn run(self, work: &mut UnitOfWork) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(self.text);
        let changed = match (&mut work.transaction, self.parameters) {
            (Transaction::Sqlite(transaction), Parameters::Sqlite(parameters)) => {
                let query = sqlx::query_with(sql, parameters);
                query.execute(&mut **transaction).await.map(|done| done.rows_affected())
            }
            (Transaction::Postgres(transaction), Parameters::Postgres(parameters)) => {
                let query = sqlx::query_with(sql, parameters);
                query.execute(&mut **transaction).await.map(|done| done.rows_affected())
            }
            #[cfg(debug_assertions)]
            (Transaction::Simulated(lease), Parameters::Sqlite(parameters)) => {
                let query = sqlx::query_with(sql, parameters);
                to_its_end(query.execute(lease.connection()?)).map(|done| done.rows_affected())
            }
            _ => return Err(StoreError::Statement("parameters are for the other database".to_owned())),
        };
        let changed = changed.map_err(store_error)?;
        match self.must_change {
            Some((_, "ledger_shards")) if planted(Bug::FenceIgnored) => Ok(()),
            Some((rows, name)) if rows != changed => Err(StoreError::Conflict(name)),
            _ => Ok(()),
        }
    }
}

impl Statements {
    /// Writes a batch as part of a unit of work. With a chain and a time, it is sealed meanwhile; gives the head then.
    pub(crate) async fn write(
        &self,
        work: &mut UnitOfWork,
        batch: &Batch,
        chain: Option<(&Chain, Timestamp)>,
    ) -> Result<Option<Head>, StoreError> {
        let (statements, mut ready) = mpsc::channel(AHEAD);
        let pipe = Pipe { statements };
        let run = async move {
            while let Some(statement) = ready.recv().await {
                statement.run(work).await?;
            }
            Ok(())
        };
        // The database first: what it waits for is ready.
        try_join(run, self.put_all(pipe, batch, chain)).await.map(|(_, head)| head)
    }

    async fn put_all(
        &self,
        pipe: Pipe,
        batch: &Batch,
        chain: Option<(&Chain, Timestamp)>,
    ) -> Result<Option<Head>, StoreError> {
        // A process that lost its shard writes nothing, and whoever takes the shard waits for the end of this.
        self.fence(&pipe, &batch.fences).await;
        if let Some((chain, _)) = chain {
            self.shard_locks.put_all_of(&pipe, &[chain.fence()], "ledger_shards").await;
        }
        self.insert_all(&pipe, batch).await;
        let head = match chain {
            Some((chain, at)) => Some(self.seal(&pipe, chain.sealed(batch, at)).await),
            None => None,
        };
        self.update_all(&pipe, batch).await?;
        self.delete_all(&pipe, batch).await;
        Ok(head)
    }

    async fn seal(&self, pipe: &Pipe, sealed: Sealed) -> Head {
        let Sealed { block, fence, head } = sealed;
        if block.is_some() {
            self.blocks.put(pipe, block.as_slice()).await;
            self.fence(pipe, &[fence]).await;
        }
        head
    }

    async fn fence(&self, pipe: &Pipe, fences: &[Fence]) {
        self.fences.put_all_of(pipe, fences, "ledger_shards").await;
    }
}
