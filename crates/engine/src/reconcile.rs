//! Reconciliation: messages, charges, postings and CDRs tell of the same segments and the same money, account by account, operator by
//! operator, day by day. What differs is a break, which is kept until a person has explained it or a later run no longer finds it.
//!
//! ```text
//! let report = reconcile::run(&store, days, clock.now()).await?;
//! report.breaks.is_empty()
//! ```

mod judge;
mod nightly;
mod report;
pub mod supplier;
mod walk;

use sambac_domain::{Day, Timestamp};
use sambac_store::rows::{BreakRow, BreakSource, BreakState};
use sambac_store::{Found, Store, StoreError};

use crate::admin::refusal;
use crate::alert::AlertKind;
use crate::refusal::Refusal;
use crate::{Engine, Inner};

pub use judge::BreakKind;
pub use nightly::NightlyHour;
pub(crate) use nightly::run as run_nightly;
pub use report::{Counted, Key, Line, Report};
pub use walk::compare;

/// Days that one run may compare.
pub const DAYS_MAX: i64 = 400;
/// Whom the alert is of.
const SUBJECT: &str = "reconciliation";

/// Days of UTC, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: Day,
    /// The last.
    pub to: Day,
}

/// Days that cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the last day comes after the first, at most 400 days are compared at once")]
pub struct DaysError;

impl Days {
    /// From one day to another.
    ///
    /// # Errors
    /// The last comes before the first, or there are more than [`DAYS_MAX`].
    pub fn new(from: Day, to: Day) -> Result<Self, DaysError> {
        let days = Self { from, to };
        (0..DAYS_MAX).contains(&to.since(from)).then_some(days).ok_or(DaysError)
    }

    const fn start(self) -> Timestamp {
        self.from.start()
    }

    const fn end(self) -> Timestamp {
        self.to.plus(1).start()
    }
}

/// Compares, in one snapshot, and keeps what differs.
///
/// # Errors
/// The database does not answer.
pub async fn run(store: &Store, days: Days, at: Timestamp) -> Result<Report, StoreError> {
    let report = compare(store, days).await?;
    let Days { from, to } = days;
    store
        .keep_breaks(&Found { source: BreakSource::Platform, from, to, operator: None, breaks: &report.breaks, at })
        .await?;
    Ok(report)
}

/// Every break in this state, or in any, as far as `limit` goes, beginning after the id `after`.
///
/// # Errors
/// The database does not answer.
pub async fn breaks(
    store: &Store,
    state: Option<BreakState>,
    after: &str,
    limit: u32,
) -> Result<Vec<BreakRow>, StoreError> {
    store.breaks(state, after, limit).await
}

impl Engine {
    /// Compares these days now, keeps what differs, and raises or clears the alert.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn reconcile(&self, days: Days) -> Result<Report, Refusal> {
        let report = run(&self.0.store, days, self.0.clock.now()).await.map_err(|error| refusal::store(&error))?;
        tell(&self.0).await.map_err(|error| refusal::store(&error))?;
        self.0.metrics.reconciled();
        Ok(report)
    }

    /// A page of the breaks: those after the id `after`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn breaks(&self, state: Option<BreakState>, after: &str, limit: u32) -> Result<Vec<BreakRow>, Refusal> {
        breaks(&self.0.store, state, after, limit).await.map_err(|error| refusal::store(&error))
    }

    /// Keeps why a break is there, and who says so.
    ///
    /// # Errors
    /// [`sambac_domain::ErrorCode::NotFound`] when there is no such break or it is gone; or the database does not answer.
    pub async fn explain_break(&self, id: &str, reason: &str, by: &str) -> Result<BreakRow, Refusal> {
        let explained = self.0.store.explain_break(id, (reason, by, self.0.clock.now())).await;
        let explained = explained.map_err(|error| refusal::store(&error))?;
        let row = explained.ok_or(sambac_domain::ErrorCode::NotFound)?;
        tell(&self.0).await.map_err(|error| refusal::store(&error))?;
        Ok(row)
    }
}

/// Counts what is open, whoever has found or explained it.
async fn tell(inner: &Inner) -> Result<(), StoreError> {
    let open = inner.store.count_open_breaks().await?;
    inner.metrics.breaks_open(open);
    if open == 0 {
        inner.alerts.clear(AlertKind::ReconcileBreak, SUBJECT, "no break is open any more");
    } else {
        let text = format!("{open} breaks are open: `sambac reconcile breaks` lists them");
        inner.alerts.holds(AlertKind::ReconcileBreak, SUBJECT, text);
    }
    Ok(())
}
