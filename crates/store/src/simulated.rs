//! SQLite as a simulation has it: every call is carried to its end where it is made, so that nothing else runs meanwhile and one
//! seed gives one run. A program that was built for users has none of this.
//!
//! What a database does to its callers comes from the [`Door`]: how long a call takes, in simulated time, and whether it fails,
//! before it was done or after.

use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::StoreError;
use crate::constraint::store_error;
use crate::pool::{Pool, STATEMENTS_CACHED, Uses};

/// A point that every call passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Something is about to be read, outside of any unit of work.
    Read,
    /// A unit of work is about to begin.
    Begin,
    /// A unit of work is about to be kept.
    Commit,
    /// A unit of work was kept; whoever asked for it does not know yet.
    Committed,
}

/// What happens at a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It goes on, after this time.
    Goes(Duration),
    /// The database is away.
    Fails,
    /// Nothing is heard any more: the process is about to be killed.
    Hangs,
}

/// Says what the database does.
pub trait Door: Send + Sync {
    /// A call passes here.
    fn pass(&self, passage: Passage) -> Event;
}

/// The connections.
pub(crate) struct Simulated {
    options: SqliteConnectOptions,
    writer: Arc<Home>,
    readers: Arc<Home>,
    door: Arc<dyn Door>,
}

/// Connections that nobody has.
struct Home {
    connections: Mutex<Vec<SqliteConnection>>,
    /// How many may be out.
    turns: Arc<Semaphore>,
}

/// A connection that somebody has; it comes home by itself, without what was not kept.
pub(crate) struct Lease {
    connection: Option<SqliteConnection>,
    home: Arc<Home>,
    door: Arc<dyn Door>,
    is_open: bool,
    _turn: OwnedSemaphorePermit,
}

impl std::fmt::Debug for Simulated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulated").field("path", &self.options.get_filename()).finish_non_exhaustive()
    }
}

/// Connects to the file, which is made when missing. Nothing of it is safe when the machine fails: only processes do here.
pub(crate) fn open(path: &Path, door: Arc<dyn Door>) -> Result<Pool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .page_size(8_192)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(true)
        .pragma("cache_size", "-16384")
        .statement_cache_capacity(STATEMENTS_CACHED)
        .disable_statement_logging();
    let (writer, readers) = (Home::new(1), Home::new(READERS));
    let pool = Simulated { options, writer, readers, door };
    // The writer comes first: it makes the write-ahead log.
    let first = pool.connect()?;
    pool.writer.give_back(first);
    Ok(Pool::Simulated { connections: Arc::new(pool), uses: Uses::default() })
}

const READERS: usize = 4;

impl Home {
    fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { connections: Mutex::default(), turns: Arc::new(Semaphore::new(most)) })
    }

    fn take(&self) -> Option<SqliteConnection> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, connection: SqliteConnection) {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

impl Simulated {
    /// A unit of work that writes, or one that reads.
    pub(crate) async fn begin(&self, writes: bool) -> Result<Lease, StoreError> {
        passes(&*self.door, if writes { Passage::Begin } else { Passage::Read }).await?;
        let (home, begin) = if writes { (&self.writer, "BEGIN IMMEDIATE") } else { (&self.readers, "BEGIN") };
        let mut lease = self.lease(home).await?;
        to_its_end(sqlx::raw_sql(begin).execute(lease.connection()?)).map_err(store_error)?;
        lease.is_open = true;
        Ok(lease)
    }

    /// A connection for one statement that reads.
    pub(crate) async fn reader(&self) -> Result<Lease, StoreError> {
        passes(&*self.door, Passage::Read).await?;
        self.lease(&self.readers).await
    }

    async fn lease(&self, home: &Arc<Home>) -> Result<Lease, StoreError> {
        let turn = Arc::clone(&home.turns).acquire_owned().await;
        let turn = turn.map_err(|_| StoreError::Unavailable("closed".to_owned()))?;
        let connection = match home.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let (home, door) = (Arc::clone(home), Arc::clone(&self.door));
        Ok(Lease { connection: Some(connection), home, door, is_open: false, _turn: turn })
    }

    fn connect(&self) -> Result<SqliteConnection, StoreError> {
        to_its_end(self.options.connect()).map_err(store_error)
    }
}

impl Lease {
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Unavailable("closed".to_owned()))
    }

    /// Keeps the unit of work.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        passes(&*self.door, Passage::Commit).await?;
        to_its_end(sqlx::raw_sql("COMMIT").execute(self.connection()?)).map_err(store_error)?;
        self.is_open = false;
        passes(&*self.door, Passage::Committed).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if self.is_open && to_its_end(sqlx::raw_sql("ROLLBACK").execute(&mut connection)).is_err() {
            return;
        }
        self.home.give_back(connection);
    }
}

async fn passes(door: &dyn Door, passage: Passage) -> Result<(), StoreError> {
    match door.pass(passage) {
        Event::Goes(Duration::ZERO) => Ok(()),
        Event::Goes(after) => {
            tokio::time::sleep(after).await;
            Ok(())
        }
        Event::Fails => Err(StoreError::Unavailable("the simulated database is away".to_owned())),
        Event::Hangs => std::future::pending().await,
    }
}

/// Does all of it here and now, whatever other thread it waits for.
pub(crate) fn to_its_end<F: Future>(work: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let (mut context, mut work) = (Context::from_waker(&waker), pin!(work));
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}
