//! SQL: unit of work, queries and migrations for SQLite and PostgreSQL from one text.
//!
//! A [`Store`] reads by itself and writes in units of work. The hot path hands it whole [`Batch`]es.
//!
//! ```no_run
//! # async fn example() -> Result<(), sambac_store::StoreError> {
//! use sambac_store::{Batch, Store};
//! let store = Store::open("sqlite:///var/lib/sambac/sambac.db").await?;
//! store.migrate().await?;
//! store.commit(&Batch::default()).await?;
//! # Ok(()) }
//! ```

mod account_events;
mod alerts;
mod api_keys;
pub mod audit;
mod batch;
mod batches;
mod breakages;
mod cdr_archives;
mod cdr_days;
mod cdrs;
pub mod chain;
mod change;
mod checkpoint;
mod configuration;
mod configuration_versions;
mod connector_orders;
mod constraint;
mod damage;
mod dialect;
mod erasures;
mod error;
mod field;
mod holds;
mod idempotency;
mod inspect;
pub mod kill_point;
mod leases;
mod ledger;
mod master_key_check;
mod messages;
mod migrate;
pub mod mirror;
mod mo;
mod opt_outs;
mod otp_funnel;
mod otp_profiles;
mod otp_stops;
mod otps;
mod outbox;
mod passkeys;
mod payments;
mod pool;
mod prices;
mod query;
mod receipts;
mod reconcile;
mod searches;
mod segments;
mod signing_keys;
#[cfg(debug_assertions)]
pub mod simulated;
mod spending;
mod statements;
mod templates;
mod trial;
mod uncertain;
mod unit_of_work;
mod users;
mod value;
mod wal;
mod webhook_deliveries;
mod webhooks;

mod request_keys;
pub mod rows;

use std::sync::Arc;

pub use batch::{
    BalanceDelta, Batch, BodySwap, ChargeCorrection, Fence, Lengths, MessageFinal, MoDelivered, MoEnd, MoJoined,
    MoRerouted, NewCdr, NewCharge, NewEvent, NewIdempotency, NewIntent, NewOrphan, NewOutbox, NewPosting, NewSegment,
    OtpChange, OtpTold, OutboxMove, PaymentSucceeded, RedactedNumber, SegmentUpdate, Settlement, TransferBooked,
};
pub use cdrs::{CdrFilter, CdrOrder, CdrPage, UsageRow};
pub use chain::{Chain, ChainKey, Head};
pub use change::{Change, ChangedRow};
pub use configuration::Configuration;
pub use erasures::Erased;
pub use error::StoreError;
pub use field::Sealed;
pub use inspect::PostgresFacts;
pub use messages::{EndedFilter, Expiring, MessageFilter, MessageView};
pub use mo::{MoFilter, UnroutedFilter};
pub use opt_outs::OptOutFilter;
pub use otp_funnel::{FunnelCounts, FunnelKey};
pub use outbox::OutboxTarget;
pub use receipts::OrphanFilter;
pub use reconcile::{Against, Compared, ComparedNames, ComparedPage, Found, Sides, UnevenPosting};
pub use rows::NewMessage;
pub use segments::{AwaitingReceipt, DoubtedSegment};
pub use statements::{StatementLine, TrialLine};
pub use trial::RunningSums;
pub use uncertain::{Uncertain, UncertainTotal};
pub use unit_of_work::UnitOfWork;
pub use users::UsersOf;

use batch::Statements;
use pool::Pool;
use searches::Searches;

/// The database. Cheap to clone: clones share the connections.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    statements: Arc<Statements>,
    searches: Searches,
}

impl Store {
    /// Connects by URL: `sqlite:///path/file.db` (made when missing, readable by its owner alone) or
    /// `postgres://…`. The schema is not looked at: see [`Store::migrate`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self::of(Pool::open(url).await?))
    }

    /// The same database, where it is a server's by a few connections of its own: whoever has this waits for nobody who reads for long.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { pool: self.pool.apart(), ..self.clone() }
    }

    /// A SQLite database for a simulation, whose every call passes the door.
    #[cfg(debug_assertions)]
    pub fn open_simulated(path: &std::path::Path, door: Arc<dyn simulated::Door>) -> Result<Self, StoreError> {
        Ok(Self::of(simulated::open(path, door)?))
    }

    fn of(pool: Pool) -> Self {
        let (statements, searches) = (Arc::new(Statements::new(pool.dialect())), Searches::new(pool.dialect()));
        Self { pool, statements, searches }
    }

    /// Connects to a database that is there; `None` when there is none, and nothing is made then. A server's database counts as
    /// there when it can be reached: see [`Store::missing_steps`].
    pub async fn open_existing(url: &str) -> Result<Option<Self>, StoreError> {
        if Pool::is_missing(url) { Ok(None) } else { Self::open(url).await.map(Some) }
    }

    /// Starts a unit of work. In SQLite it waits for the one before to end.
    pub async fn begin(&self) -> Result<UnitOfWork, StoreError> {
        UnitOfWork::begin(&self.pool, Arc::clone(&self.statements)).await
    }

    /// How often this database was turned to from here: reads, and units of work begun.
    pub fn uses(&self) -> u64 {
        self.pool.count_uses()
    }

    /// Ends when something is wrong with the files under it, with what: nothing may be written from then on.
    pub async fn damaged(&self) -> String {
        self.pool.damage().known().await
    }

    /// Waits for units of work under way and closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) const fn pool(&self) -> &Pool {
        &self.pool
    }
}
