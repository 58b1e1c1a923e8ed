//! Named points at which a test kills the process, and steps that break on a number of a test's: a program that was built for users
//! has none.
//!
//! `TEST_KILL_AT=after_commit:5` ends it when the point is reached for the fifth time, as kill -9 would.
//! `TEST_LATER_STEP=adds` makes it a program of a later version, whose schema has one more step that only adds; `removes`: one that does not.
//! `TEST_BREAK_AT=intent:999000000001` panics in that step of whatever is to or from this number.

use sambac_domain::Msisdn;

/// The point is reached.
#[cfg(debug_assertions)]
pub fn reached(point: &str) {
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
pub const fn reached(_point: &str) {}

/// The step of the schema that a later version has.
#[cfg(debug_assertions)]
pub(crate) fn later_step() -> Option<(i64, &'static str)> {
    let adds = "ALTER TABLE messages ADD COLUMN later_note TEXT;
        CREATE TABLE later (id BIGINT PRIMARY KEY, message_id BIGINT NOT NULL);
        INSERT INTO schema_additions (version) VALUES (90001);";
    match std::env::var("TEST_LATER_STEP").ok()?.as_str() {
        "adds" => Some((90_001, adds)),
        "removes" => Some((90_002, "ALTER TABLE messages RENAME COLUMN later_note TO earlier_note;")),
        _ => None,
    }
}

/// There is none.
#[cfg(not(debug_assertions))]
pub(crate) const fn later_step() -> Option<(i64, &'static str)> {
    None
}

/// The step is about this number.
#[cfg(debug_assertions)]
pub fn breaks(step: &str, number: Msisdn) {
    use std::sync::OnceLock;
    static WANTED: OnceLock<Option<(String, String)>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("TEST_BREAK_AT").ok()?;
        let (step, number) = text.split_once(':')?;
        Some((step.to_owned(), number.to_owned()))
    });
    let is_it =
        |(wanted, digits): &&(String, String)| wanted == step && number.to_string().trim_start_matches('+') == digits;
    if wanted.as_ref().is_some_and(|wanted| is_it(&wanted)) {
        #[expect(clippy::panic, reason = "the test wants it")]
        {
            panic!("as a test wants it");
        }
    }
}

/// The step is about this number.
#[cfg(not(debug_assertions))]
pub const fn breaks(_step: &str, _number: Msisdn) {}
