//! Named points at which a test kills the process: a program that was built for users has none.
//!
//! `TEST_KILL_AT=after_commit:5` ends it when the point is reached for the fifth time, as kill -9 would.

/// The point is reached.
#[cfg(debug_assertions)]
pub(crate) fn reached(point: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static TIMES: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("TEST_KILL_AT").ok()?;
        let (point, times) = text.split_once(':')?;
        Some((point.to_owned(), times.parse().ok()?))
    });
    if let Some((_, times)) = wanted.as_ref().filter(|(wanted, _)| wanted == point)
        && TIMES.fetch_add(1, Ordering::Relaxed) + 1 == *times
    {
        std::process::abort();
    }
}

/// The point is reached.
#[cfg(not(debug_assertions))]
pub(crate) const fn reached(_point: &str) {}
