//! Moves days of CDRs that have had their time in the table into files: each day at an hour when little is sent, and at once what
//! an interruption left half done.
//!
//! ```text
//! 2026-11-26, 13 months kept: what was accepted before 2025-10-01 goes into files.
//! ```

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::{Day, Timestamp};
use tokio::time::MissedTickBehavior;

use crate::alert::AlertKind;
use crate::cdr::archive::{Archive, ArchiveError, ArchiveFolder, Moved};
use crate::{Engine, Inner};

/// How often it is looked whether the hour has come.
const INTERVAL: Duration = Duration::from_secs(60);
/// How long nothing is tried after a failure.
const REST: Duration = Duration::from_secs(3_600);
/// For how many days there is a table ahead.
const DAYS_AHEAD: u16 = 8;
const HOUR_MICROS: i64 = 3_600_000_000;
const DAY: Duration = Duration::from_secs(86_400);
/// Whom the alert is of.
const SUBJECT: &str = "cdr";

/// For how long what is kept.
#[derive(Clone, Debug)]
pub struct RetentionSettings {
    /// Where days of CDRs go; `None`: there is no such place.
    pub archives: Option<ArchiveFolder>,
    /// Whole calendar months, beside the one under way, that CDRs stay in the table; 0: for ever.
    pub cdr_months: u32,
    /// Days that records stay in the table that were put back into it.
    pub restored_days: u32,
    /// The hour (UTC) at which days are moved.
    pub hour: u8,
    /// How long a text from a handset is kept after it was taken or given up, for clients that read it by the API.
    pub handset_text: Duration,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        let handset_text = Duration::from_secs(72 * 3_600);
        Self { archives: None, cdr_months: 0, restored_days: 0, hour: 0, handset_text }
    }
}

/// The first day that stays in the table.
#[must_use]
pub fn kept_from(today: Day, months: u32) -> Day {
    let first_of_month = |day: Day| Day::of(day.start().start_of_month());
    (0..months).fold(first_of_month(today), |first, _| first_of_month(first.plus(-1)))
}

/// Makes tables of days ahead, where CDRs have such, until the engine stops.
pub(crate) async fn make_days(inner: Arc<Inner>) {
    loop {
        match inner.store.make_cdr_days(Day::of(inner.clock.now()), DAYS_AHEAD).await {
            Ok(0) => {}
            Ok(days) => tracing::info!(days, "tables for CDRs of days to come were made"),
            // Until then their records go where those go that have no day.
            Err(error) => tracing::warn!(%error, "no table for CDRs of a day to come was made; it is tried again"),
        }
        tokio::select! {
            () = tokio::time::sleep(REST) => {}
            () = inner.stopping.cancelled() => return,
        }
    }
}

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    if inner.settings.retention.archives.is_none() {
        return;
    }
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut next = Timestamp::EPOCH;
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        let now = inner.clock.now();
        if now < next {
            continue;
        }
        tokio::select! {
            done = look(&inner) => next = told(&inner, now, &done),
            // What was begun is taken up by the next process.
            () = inner.stopping.cancelled() => return,
        }
    }
}

impl Engine {
    /// Moves what is due now, once.
    ///
    /// # Errors
    /// [`ArchiveError`]; what was not moved is in the table.
    pub async fn look_at_retention(&self) -> Result<Vec<Moved>, ArchiveError> {
        look(&self.0).await
    }
}

async fn look(inner: &Inner) -> Result<Vec<Moved>, ArchiveError> {
    let settings = &inner.settings.retention;
    let Some(folder) = &settings.archives else { return Ok(Vec::new()) };
    let archive =
        Archive::new(inner.store.clone(), inner.settings.seal.chain_key(), inner.clock.clone(), folder.clone());
    let mut moved = archive.finish_begun().await?;
    if settings.cdr_months == 0 {
        return Ok(moved);
    }
    let now = inner.clock.now();
    let until = kept_from(Day::of(now), settings.cdr_months);
    let mut failed = None;
    for day in archive.due(until, now.saturating_sub(DAY * settings.restored_days)).await? {
        match archive.archive(day).await {
            Ok(done) => moved.push(done),
            Err(ArchiveError::Busy) => return Err(ArchiveError::Busy),
            // One day that cannot be moved holds up no other.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(moved), Err)
}

/// Tells what came of it, and answers when it is tried again.
fn told(inner: &Inner, now: Timestamp, done: &Result<Vec<Moved>, ArchiveError>) -> Timestamp {
    match done {
        Ok(moved) => {
            for Moved { day, records, .. } in moved {
                tracing::info!(day = %day, records, "a day of CDRs was moved");
            }
            inner.alerts.clear(AlertKind::CdrArchive, SUBJECT, "what is due was moved");
            next_hour(now, inner.settings.retention.hour)
        }
        // Somebody at the command line is about it.
        Err(ArchiveError::Busy) => now.saturating_add(INTERVAL),
        Err(error) => {
            inner.alerts.raise(AlertKind::CdrArchive, SUBJECT, error.to_string());
            now.saturating_add(REST)
        }
    }
}

/// The next time that the clock shows this hour.
fn next_hour(now: Timestamp, hour: u8) -> Timestamp {
    let today = Day::of(now);
    let of = |day: Day| Timestamp(day.start().0.saturating_add(i64::from(hour).saturating_mul(HOUR_MICROS)));
    if of(today) > now { of(today) } else { of(today.plus(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days since 1970 of a day of 2026 or so.
    fn day(year: i64, month: u8, of_month: u8) -> Day {
        let found =
            (20_000..21_000).map(Day::from_number).find(|day| day.start().civil_date() == (year, month, of_month));
        found.expect("a day of these years")
    }

    #[test]
    fn whole_months_are_kept_beside_the_one_under_way() {
        assert_eq!(kept_from(day(2026, 11, 26), 13), day(2025, 10, 1));
        assert_eq!(kept_from(day(2026, 3, 31), 1), day(2026, 2, 1));
        assert_eq!(kept_from(day(2026, 1, 1), 1), day(2025, 12, 1));
        assert_eq!(kept_from(day(2026, 1, 31), 0), day(2026, 1, 1));
    }

    #[test]
    fn the_next_time_is_never_now() {
        let at = |day: Day, hours: i64| Timestamp(day.start().0 + hours * HOUR_MICROS);
        let today = day(2026, 11, 26);
        assert_eq!(next_hour(at(today, 2), 3), at(today, 3));
        assert_eq!(next_hour(at(today, 3), 3), at(today.plus(1), 3));
        assert_eq!(next_hour(at(today, 23), 0), at(today.plus(1), 0));
    }
}
