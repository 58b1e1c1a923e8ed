//! A bound session of either side, whose peer sends any octets.

#![no_main]

#[path = "../guard.rs"]
#[expect(dead_code, reason = "the bound of reading is the other targets'")]
mod guard;
#[path = "../session_checks.rs"]
mod session_checks;

/// A session has a runtime, two pipes and buffers of its own.
const SESSION: usize = 4 * 1024 * 1024;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| guard::within(SESSION, octets, session_checks::session));
