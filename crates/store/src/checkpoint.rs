//! Copies SQLite's write-ahead log into the database beside the writer, so that the writer seldom does it itself.
//!
//! Left alone, SQLite makes the commit that fills the log copy all of it: tens of milliseconds in which nobody is
//! answered. A second connection that copies soon after each commit leaves the writer next to nothing to copy. The
//! writer's own limit stays: only it can start the log again from its beginning under constant load.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::constraint::store_error;
use crate::damage::Damage;

/// Time from a commit to the copying: what is written again and again meanwhile is copied once.
const DELAY: Duration = Duration::from_millis(200);

/// Passes until the copying has caught up with the writer.
const PASSES_MAX: u32 = 3;

/// The task that copies; it ends with this.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    committed: Arc<Notify>,
    connection: SqlitePool,
    task: JoinHandle<()>,
}

impl Checkpointer {
    /// Starts the task on a connection of its own.
    pub(crate) fn start(connection: SqlitePool, damage: Damage) -> Self {
        let committed = Arc::new(Notify::new());
        let task = tokio::spawn(run(connection.clone(), Arc::clone(&committed), damage));
        Self { committed, connection, task }
    }

    /// What to notify after each commit.
    pub(crate) fn committed(&self) -> Arc<Notify> {
        Arc::clone(&self.committed)
    }

    pub(crate) async fn close(&self) {
        self.task.abort();
        self.connection.close().await;
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(connection: SqlitePool, committed: Arc<Notify>, damage: Damage) {
    loop {
        committed.notified().await;
        tokio::time::sleep(DELAY).await;
        for _ in 0..PASSES_MAX {
            match damage.heed(copy(&connection).await.map_err(store_error)) {
                Ok(true) => break,
                Ok(false) => {}
                // The writer copies by itself when this does not: worth a line, no more.
                Err(error) => {
                    tracing::warn!(%error, "checkpoint failed");
                    break;
                }
            }
        }
    }
}

/// Copies what it can without making anyone wait. Answers whether nothing is left.
async fn copy(connection: &SqlitePool) -> Result<bool, sqlx::Error> {
    let checkpoint = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)");
    let (_busy, in_log, copied): (i64, i64, i64) = checkpoint.fetch_one(connection).await?;
    Ok(copied >= in_log)
}
