//! The one source of time. Production reads the system's clock; tests set their own, or let it go with tokio's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sambac_domain::time::Timestamp;
use tokio::time::Instant;

/// Tells the time in UTC microseconds; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Mock>>);

#[derive(Debug)]
struct Mock {
    micros: AtomicI64,
    /// Since when it goes; it stands still when there is none.
    goes_since: Option<Instant>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still at `start` until it is moved.
    pub fn mock(start: Timestamp) -> Self {
        Self(Some(Arc::new(Mock { micros: AtomicI64::new(start.0), goes_since: None })))
    }

    /// A clock that shows `start` now and goes with tokio's time, which simulations make jump from event to event.
    pub fn going(start: Timestamp) -> Self {
        Self(Some(Arc::new(Mock { micros: AtomicI64::new(start.0), goes_since: Some(Instant::now()) })))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(mock) => mock.now(),
            None => Timestamp(system_micros()),
        }
    }

    /// Moves a mock clock by `micros`, backwards too. The system's clock is not moved.
    pub fn advance_micros(&self, micros: i64) {
        if let Some(mock) = &self.0 {
            mock.micros.fetch_add(micros, Ordering::Relaxed);
        }
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
