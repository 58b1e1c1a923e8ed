//! The one source of time. Production reads the system's clock; tests set their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sambac_domain::time::Timestamp;

/// Tells the time in UTC microseconds; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still at `start` until it is moved.
    pub fn mock(start: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(start.0))))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(mock) => Timestamp(mock.load(Ordering::Relaxed)),
            None => Timestamp(system_micros()),
        }
    }

    /// Moves a mock clock by `micros`, backwards too. The system's clock is not moved.
    pub fn advance_micros(&self, micros: i64) {
        if let Some(mock) = &self.0 {
            mock.fetch_add(micros, Ordering::Relaxed);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
fn system_micros() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}
