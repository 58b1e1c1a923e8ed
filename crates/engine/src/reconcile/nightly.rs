//! The job that compares each day once it is over, in whichever process comes first, and keeps an eye on what is open.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::{Day, Timestamp};
use sambac_store::StoreError;

use super::{Days, run as compare_and_keep, tell};
use crate::ledger::holder;
use crate::{Engine, Inner};

/// How often it is looked whether it is time, and what is open.
const INTERVAL: Duration = Duration::from_secs(30);
/// Whoever has not ended after this has died.
const STALE: Duration = Duration::from_secs(6 * 3_600);
/// Days that are compared again each night: receipts and verifications that come later move money.
const AGAIN: i64 = 2;
/// Days that are made up for when no process ran at night.
const BACK_MAX: i64 = 31;

/// The hour of UTC from which the day before is compared; `None`: nobody does it by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NightlyHour(pub Option<u8>);

impl NightlyHour {
    /// Reads `0` to `23`, or `off`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "off" => Some(Self(None)),
            hour => hour.parse().ok().filter(|hour| *hour < 24).map(|hour| Self(Some(hour))),
        }
    }

    /// The day that is to be compared by now.
    fn due(self, now: Timestamp) -> Option<Day> {
        let hour = i64::from(self.0?);
        let before = Duration::from_secs(u64::try_from(hour * 3_600).unwrap_or_default());
        Some(Day::of(now.saturating_sub(before)).plus(-1))
    }
}

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        tokio::select! {
            done = look(&inner) => {
                if let Err(error) = done {
                    tracing::error!(%error, "yesterday was not reconciled");
                }
            }
            // What is begun is begun anew by the next process.
            () = inner.stopping.cancelled() => return,
        }
    }
}

impl Engine {
    /// Looks once whether yesterday is to be compared, and what is open.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look_at_reconciliation(&self) -> Result<(), StoreError> {
        look(&self.0).await
    }
}

async fn look(inner: &Inner) -> Result<(), StoreError> {
    if let Some(day) = inner.settings.reconcile_hour.due(inner.clock.now()) {
        reconcile(inner, day).await?;
    }
    tell(inner).await
}

/// Compares a day and those before it, unless somebody has.
async fn reconcile(inner: &Inner, day: Day) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let last = inner.store.last_reconciled_day().await?;
    if last.is_some_and(|last| last >= day) {
        return Ok(());
    }
    let holder = holder(inner.settings.node);
    if !inner.store.take_reconcile_run(day, (&holder, now, now.saturating_sub(STALE))).await? {
        return Ok(());
    }
    let from = last.map_or(day, |last| last.plus(1)).min(day).plus(-AGAIN).max(day.plus(-BACK_MAX));
    let report = compare_and_keep(&inner.store, Days { from, to: day }, now).await?;
    inner.store.end_reconcile_run(day, inner.clock.now()).await?;
    inner.metrics.reconciled();
    let (breaks, lines) = (report.breaks.len(), report.lines.len());
    tracing::info!(%from, to = %day, breaks, lines, "reconciled");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_due_when_the_hour_after_it_has_come() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let hour = NightlyHour::parse("2").unwrap();
        for (now, due) in [("2027-03-01T01:59:59Z", "2027-02-27"), ("2027-03-01T02:00:00Z", "2027-02-28")] {
            assert_eq!(hour.due(at(now)).unwrap().to_string(), due, "{now}");
        }
        assert_eq!(NightlyHour::parse("off").unwrap().due(at("2027-03-01T02:00:00Z")), None);
        for wrong in ["24", "-1", "", "two"] {
            assert_eq!(NightlyHour::parse(wrong), None, "{wrong}");
        }
    }
}
