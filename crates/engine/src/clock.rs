//! The one source of time. Production reads the system's clock; tests set their own, or let it go with tokio's.
//!
//! A platform does not let anybody set the time under it: messages would expire by the thousand, or live for ever. Its own clock
//! follows the system's through what corrections there are all the time, and through a pause of a machine that stood still. When the
//! system's is set back, or far ahead, it goes on as it went, an alert says so, and a restart takes the system's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sambac_domain::time::Timestamp;
use tokio::time::Instant;

use crate::Inner;
use crate::alert::AlertKind;

/// Tells the time in UTC microseconds; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Steady(Arc<Steady>),
    Mock(Arc<Mock>),
}

#[derive(Debug)]
struct Mock {
    micros: AtomicI64,
    /// Since when it goes; it stands still when there is none.
    goes_since: Option<Instant>,
}

/// Goes with the system's clock unless that jumps.
#[derive(Debug)]
struct Steady {
    begun: std::time::Instant,
    /// What it shows is what has passed since, and this.
    base_us: AtomicI64,
}

/// Set back by no more than this, it is followed: corrections of a clock that goes wrong.
const BACK_MAX_US: i64 = 1_000_000;
/// Set ahead by no more than this, it is followed: a machine that was stopped to be copied or moved. What expired meanwhile has.
const AHEAD_MAX_US: i64 = 15 * 60 * 1_000_000;
/// How often it is looked whether the two differ.
const INTERVAL: Duration = Duration::from_secs(1);
/// Whom the alert is of.
const SUBJECT: &str = "clock";

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The system's clock as long as nobody sets it.
    pub fn steady() -> Self {
        Self(Source::Steady(Arc::new(Steady::begin(system_micros()))))
    }

    /// A clock that stands still at `start` until it is moved.
    pub fn mock(start: Timestamp) -> Self {
        Self(Source::Mock(Arc::new(Mock { micros: AtomicI64::new(start.0), goes_since: None })))
    }

    /// A clock that shows `start` now and goes with tokio's time, which simulations make jump from event to event.
    pub fn going(start: Timestamp) -> Self {
        Self(Source::Mock(Arc::new(Mock { micros: AtomicI64::new(start.0), goes_since: Some(Instant::now()) })))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp(system_micros()),
            Source::Steady(steady) => Timestamp(steady.now(system_micros())),
            Source::Mock(mock) => mock.now(),
        }
    }

    /// How far the system's clock is ahead of this one, in microseconds, since it was set; 0: it was not.
    fn held_us(&self) -> i64 {
        match &self.0 {
            Source::Steady(steady) => {
                let system = system_micros();
                system - steady.now(system)
            }
            Source::System | Source::Mock(_) => 0,
        }
    }

    /// Moves a mock clock by `micros`, backwards too. The system's clock is not moved.
    pub fn advance_micros(&self, micros: i64) {
        if let Source::Mock(mock) = &self.0 {
            mock.micros.fetch_add(micros, Ordering::Relaxed);
        }
    }
}

impl Steady {
    fn begin(system_us: i64) -> Self {
        Self { begun: std::time::Instant::now(), base_us: AtomicI64::new(system_us) }
    }

    fn now(&self, system_us: i64) -> i64 {
        self.at(i64::try_from(self.begun.elapsed().as_micros()).unwrap_or(i64::MAX), system_us)
    }

    /// So long after its beginning, when the system's clock shows this.
    fn at(&self, passed_us: i64, system_us: i64) -> i64 {
        let own = self.base_us.load(Ordering::Relaxed).saturating_add(passed_us);
        if !(-BACK_MAX_US..=AHEAD_MAX_US).contains(&system_us.saturating_sub(own)) {
            return own;
        }
        self.base_us.store(system_us.saturating_sub(passed_us), Ordering::Relaxed);
        system_us
    }
}

/// Tells a person that the system's clock was set, for as long as the platform does not follow it. Runs until the engine stops.
pub(crate) async fn watch(inner: Arc<Inner>) {
    if !matches!(inner.clock.0, Source::Steady(_)) {
        return;
    }
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        let ahead_s = inner.clock.held_us() / 1_000_000;
        if ahead_s == 0 {
            inner.alerts.clear(AlertKind::ClockSet, SUBJECT, "it shows what the platform's shows");
            continue;
        }
        let how = if ahead_s > 0 { "ahead" } else { "back" };
        let text = format!(
            "the system's clock was set {how} by {} s: the platform goes on by its own; set it right, or restart the platform to take it",
            ahead_s.abs()
        );
        inner.alerts.holds(AlertKind::ClockSet, SUBJECT, text);
    }
}

impl Mock {
    fn now(&self) -> Timestamp {
        let shown = Timestamp(self.micros.load(Ordering::Relaxed));
        self.goes_since.map_or(shown, |since| shown.saturating_add(since.elapsed()))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
fn system_micros() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3_600 * SECOND;

    /// What passes is by what it began with, whatever the system's clock is set to; once that is right again it is followed.
    #[test]
    fn it_goes_on_when_the_systems_clock_is_set() {
        let start = 1_767_225_600 * SECOND;
        let clock = Steady::begin(start);
        for set in [-2 * HOUR, HOUR, 24 * HOUR, -2 * SECOND, 16 * 60 * SECOND] {
            assert_eq!(clock.at(10 * SECOND, start + 10 * SECOND + set), start + 10 * SECOND, "{set}");
        }
        assert_eq!(clock.at(20 * SECOND, start + 20 * SECOND + 7), start + 20 * SECOND + 7);
    }

    /// Corrections, and the minutes that a machine stood still, are followed.
    #[test]
    fn it_follows_what_happens_every_day() {
        let clock = Steady::begin(0);
        assert_eq!(clock.at(HOUR, HOUR - SECOND / 2), HOUR - SECOND / 2);
        assert_eq!(clock.at(2 * HOUR, 2 * HOUR + SECOND / 2), 2 * HOUR + SECOND / 2);
        let paused = 2 * HOUR + 10 * 60 * SECOND;
        assert_eq!(clock.at(2 * HOUR, paused), paused);
        assert_eq!(clock.at(2 * HOUR + 5, paused - HOUR), paused + 5, "set back, from where it was");
    }
}
