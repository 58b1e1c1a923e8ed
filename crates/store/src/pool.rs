//! Connections to one of two databases, and how they are set up.
//!
//! SQLite has one writer connection, so that writers queue here instead of failing as busy, and a few readers.

use std::io::ErrorKind;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::{Instant, timeout, timeout_at};

use crate::StoreError;
use crate::checkpoint::Checkpointer;
use crate::constraint::store_error;
use crate::damage::{Damage, note_of};
use crate::dialect::Dialect;
use crate::wal;

/// Enough for every bulk statement in every size, so that each is prepared once per connection.
pub(crate) const STATEMENTS_CACHED: usize = 512;
const READERS: u32 = 4;
/// Every statement finds its rows by an index. Left to its statistics, which are old in a table that fills, PostgreSQL
/// reads such a table from end to end for a list of a hundred ids; and it would compile plans that run for a
/// millisecond.
///
/// A session whose client has gone without a word keeps its locks, that of the ledger's shard too, until the server notices: ten seconds
/// after the last statement of a unit of work, so that another node can go on, and in 25 seconds instead of two hours otherwise.
const POSTGRES_SETTINGS: [(&str, &str); 8] = [
    ("idle_in_transaction_session_timeout", "10s"),
    ("statement_timeout", "30s"),
    ("synchronous_commit", "on"),
    ("enable_seqscan", "off"),
    ("jit", "off"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

const POSTGRES_CONNECTIONS: u32 = 16;
/// Of whoever has some of his own.
const CONNECTIONS_APART: u32 = 4;
/// How long a server may take for a unit of work, or a read. One that takes longer has gone, whatever its connection says: its machine may have
/// lost its power.
const ANSWER_LIMIT: Duration = Duration::from_secs(45);
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Steps of SQLite's machine between two looks whether a read is to end: some hundred microseconds.
const LOOK_EVERY: i32 = 10_000;
/// How long statements that run may hold up the end.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// Between two attempts to reach a server that is about to be there.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The connections.
#[derive(Debug, Clone)]
pub(crate) enum Pool {
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        checkpointer: Arc<Checkpointer>,
        /// What reads ends at once.
        closing: Arc<AtomicBool>,
        uses: Uses,
    },
    Postgres {
        pool: PgPool,
        uses: Uses,
    },
    #[cfg(debug_assertions)]
    Simulated {
        connections: Arc<crate::simulated::Simulated>,
        uses: Uses,
    },
}

/// How often the database was turned to: reads, and units of work begun.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uses {
    count: Arc<AtomicU64>,
    damage: Damage,
}

impl Pool {
    /// Connects by URL: `sqlite:///path/file.db` (made when missing) or `postgres://…`.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        match url.split_once("://").map(|(scheme, rest)| (scheme.split(':').next().unwrap_or(scheme), rest)) {
            Some(("sqlite", path)) => open_sqlite(Path::new(path)).await,
            Some(("postgres" | "postgresql", _)) => open_postgres(url).await,
            _ => Err(StoreError::Unavailable("the URL must begin with sqlite:// or postgres://".to_owned())),
        }
    }

    /// The same, by a few connections of their own.
    pub(crate) fn apart(&self) -> Self {
        match self {
            Self::Postgres { pool, uses } => {
                let own = PgPoolOptions::new().max_connections(CONNECTIONS_APART).acquire_timeout(ACQUIRE_TIMEOUT);
                let options = PgConnectOptions::clone(&pool.connect_options());
                Self::Postgres { pool: own.connect_lazy_with(options), uses: uses.clone() }
            }
            shared => shared.clone(),
        }
    }

    /// Does this in the time that a server may take.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        match self.dialect() {
            Dialect::Sqlite => work.await,
            Dialect::Postgres => timeout(ANSWER_LIMIT, work)
                .await
                .unwrap_or_else(|_| Err(StoreError::Unavailable("the server does not answer any more".to_owned()))),
        }
    }

    /// Whether the URL names a file that is not there.
    pub(crate) fn is_missing(url: &str) -> bool {
        url.split_once("://").is_some_and(|(scheme, path)| scheme == "sqlite" && !Path::new(path).exists())
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres { .. } => Dialect::Postgres,
            #[cfg(debug_assertions)]
            Self::Simulated { .. } => Dialect::Sqlite,
        }
    }

    /// Counts a use.
    pub(crate) fn used(&self) {
        self.uses().count.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it was used.
    pub(crate) fn count_uses(&self) -> u64 {
        self.uses().count.load(Ordering::Relaxed)
    }

    /// What is known to be wrong with it.
    pub(crate) const fn damage(&self) -> &Damage {
        &self.uses().damage
    }

    const fn uses(&self) -> &Uses {
        match self {
            Self::Sqlite { uses, .. } | Self::Postgres { uses, .. } => uses,
            #[cfg(debug_assertions)]
            Self::Simulated { uses, .. } => uses,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, checkpointer, closing, .. } => {
                closing.store(true, Ordering::Relaxed);
                checkpointer.close().await;
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { pool, .. } => {
                // A statement that nobody waits for any more ends with its connection.
                let _ = timeout(CLOSE_LIMIT, pool.close()).await;
            }
            // Whoever simulates opens the file once, and has it outlive every process.
            #[cfg(debug_assertions)]
            Self::Simulated { .. } => {}
        }
    }
}

async fn open_sqlite(path: &Path) -> Result<Pool, StoreError> {
    make_private_file(path).await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    is_log_whole(path).await?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .page_size(8_192)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("wal_autocheckpoint", "8000")
        // What is removed from a page is written over with it; pages that become free are not written for that.
        .pragma("secure_delete", "FAST")
        .pragma("mmap_size", "0")
        .statement_cache_capacity(STATEMENTS_CACHED)
        .disable_statement_logging();
    // The writer comes first: it makes the write-ahead log that read-only connections need to find. Readers sort in
    // temporary files what is too much for their cache: a ledger check of a backlog must not fill the memory.
    let writing = options.clone().pragma("temp_store", "MEMORY").pragma("cache_size", "-16384");
    let writer = writer_pool().connect_with(writing).await.map_err(store_error)?;
    is_file_whole(path, &writer).await?;
    let damage = Damage::of_file(path);
    let checkpointer = sqlite_pool(1).connect_lazy_with(options.clone().pragma("cache_size", "-512"));
    let closing = Arc::new(AtomicBool::new(false));
    let readers = reader_pool(&closing).connect_lazy_with(options.read_only(true).pragma("cache_size", "-4096"));
    let checkpointer = Arc::new(Checkpointer::start(checkpointer, damage.clone()));
    Ok(Pool::Sqlite { writer, readers, checkpointer, closing, uses: Uses { damage, ..Uses::default() } })
}

/// SQLite would take a damaged log for one that ends there, and forget what comes behind.
async fn is_log_whole(path: &Path) -> Result<(), StoreError> {
    let of = path.to_owned();
    let found = tokio::task::spawn_blocking(move || wal::check(&of)).await;
    let found = found.map_err(|error| error.to_string()).and_then(|found| found.map_err(|error| error.to_string()));
    match found {
        Ok(None) => Ok(()),
        Ok(Some(wal::Damaged { frame, page, commits })) => Err(StoreError::Damaged(format!(
            "{}-wal: frame {frame} (page {page}) does not hold its checksum, and {commits} commits come after it, which would be \
             lost: bring the files back from a copy; or move the log away to go on without all that is in it, and compare \
             with what operators and clients have",
            path.display()
        ))),
        Err(error) => Err(StoreError::Unavailable(format!("{}-wal: {error}", path.display()))),
    }
}

/// Where the last process ended because something was wrong with the file, all of it is looked through before anything is done.
async fn is_file_whole(path: &Path, writer: &SqlitePool) -> Result<(), StoreError> {
    let note = note_of(path);
    let Ok(why) = tokio::fs::read_to_string(&note).await else { return Ok(()) };
    tracing::warn!(why, "the last process ended because of the database's files: they are looked through");
    let mut rows = sqlx::query_as::<_, (String,)>("PRAGMA integrity_check(20)").fetch(writer);
    let mut found = Vec::new();
    // It may stumble over what it looks for; what it has said by then is what a person needs.
    while let Some(row) = rows.next().await {
        let row = row.map_or_else(|error| error.to_string(), |(row,)| row);
        found.extend(row.lines().map(str::to_owned));
    }
    drop(rows);
    found.retain(|row| row != "ok");
    if found.is_empty() {
        tracing::warn!("the database's file is whole");
        return tokio::fs::remove_file(&note).await.map_err(|error| StoreError::Unavailable(error.to_string()));
    }
    Err(StoreError::Damaged(format!("{}: {}", path.display(), found.join("; "))))
}

/// The one connection that writes. When SQLite has rolled a transaction back by itself (disk full, I/O error), sqlx still
/// counts it as open, and every later unit of work would be refused: such a connection is closed and made anew.
fn writer_pool() -> SqlitePoolOptions {
    sqlite_pool(1).after_release(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

/// What they read can be broken off: adding up an hour's millions takes longer than a process may to end.
fn reader_pool(closing: &Arc<AtomicBool>) -> SqlitePoolOptions {
    let closing = Arc::clone(closing);
    sqlite_pool(READERS).after_connect(move |connection, _| {
        let closing = Arc::clone(&closing);
        Box::pin(async move {
            let goes_on = move || !closing.load(Ordering::Relaxed);
            connection.lock_handle().await?.set_progress_handler(LOOK_EVERY, goes_on);
            Ok(())
        })
    })
}

/// The connections stay open and are not asked whether they are alive: the database is in this process.
fn sqlite_pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Readable by the owner alone; the log files beside it take over its mode.
async fn make_private_file(path: &Path) -> std::io::Result<()> {
    let mut options = tokio::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await.map(drop)
}

async fn open_postgres(url: &str) -> Result<Pool, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?
        .application_name("sambac")
        .options(POSTGRES_SETTINGS)
        .statement_cache_capacity(STATEMENTS_CACHED)
        .disable_statement_logging();
    answers(&options).await?;
    let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(ACQUIRE_TIMEOUT);
    Ok(Pool::Postgres { pool: pool.connect_lazy_with(options), uses: Uses::default() })
}

/// Tries one connection, for the pool tells of its time only and not of what was wrong. A server that is about to be there is waited for.
async fn answers(options: &PgConnectOptions) -> Result<(), StoreError> {
    let end = Instant::now() + ACQUIRE_TIMEOUT;
    loop {
        let error = match timeout_at(end, PgConnection::connect_with(options)).await {
            Ok(Ok(connection)) => return connection.close().await.map_err(store_error),
            Ok(Err(error)) => error,
            Err(_) => return Err(StoreError::Unavailable("the server does not answer".to_owned())),
        };
        let is_coming = match &error {
            sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
            // It starts, or ends.
            sqlx::Error::Database(error) => error.code().is_some_and(|code| matches!(&*code, "57P03" | "57P01")),
            _ => false,
        };
        if !is_coming || Instant::now() + RETRY_PAUSE >= end {
            return Err(store_error(error));
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use crate::{Batch, Store, StoreError, rows};
    use sambac_domain::{EventId, MessageId, Timestamp};

    use super::*;

    fn batch(first: i64) -> Batch {
        let event = |id| rows::EventRow {
            id: EventId::from_raw(id),
            message_id: MessageId::from_raw(256),
            segment_no: 0,
            kind: "filling".repeat(100),
            at: Timestamp(0),
            detail: None,
        };
        Batch { events: (first..first + 500).map(event).collect(), ..Batch::default() }
    }

    /// As the ledger's check of an hour with millions of messages does.
    #[tokio::test]
    async fn what_reads_for_long_is_broken_off_at_the_end() {
        let path = std::env::temp_dir().join(format!("sambac-long-{}.db", sambac_testkit::unique()));
        let store = Store::open(&format!("sqlite://{}", path.display())).await.unwrap();
        store.migrate().await.unwrap();
        let Pool::Sqlite { readers, .. } = store.pool() else { panic!("this is SQLite") };
        let mut reader = readers.acquire().await.unwrap();
        let endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
        let reading = tokio::spawn(async move { sqlx::query(endless).fetch_one(&mut *reader).await.map(drop) });
        store.close().await;
        let ended = reading.await.unwrap().unwrap_err();
        assert!(ended.to_string().contains("interrupt"), "{ended}");
        std::fs::remove_file(path).unwrap();
    }

    #[tokio::test]
    async fn a_full_disk_is_survived_once_there_is_room_again() {
        let path = std::env::temp_dir().join(format!("sambac-full-{}.db", std::process::id()));
        let store = Store::open(&format!("sqlite://{}", path.display())).await.unwrap();
        store.migrate().await.unwrap();
        let Pool::Sqlite { writer, .. } = store.pool() else { panic!("this is SQLite") };
        sqlx::query("PRAGMA max_page_count = 40").execute(writer).await.unwrap();
        let refused = store.commit(&batch(1)).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert!(!store.contains(&batch(1)).await.unwrap());
        if let Ok(mut connection) = writer.acquire().await {
            sqlx::query("PRAGMA max_page_count = 100000").execute(&mut *connection).await.unwrap();
        }
        store.commit(&batch(1)).await.unwrap();
        assert!(store.contains(&batch(1)).await.unwrap());
        store.close().await;
        std::fs::remove_file(path).unwrap();
    }
}
