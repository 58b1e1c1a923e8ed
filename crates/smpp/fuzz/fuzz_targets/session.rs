//! A bound session of either side, whose peer sends any octets.

#![no_main]

#[path = "../guard.rs"]
mod guard;
#[path = "../session_checks.rs"]
mod session_checks;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| guard::is_quick(octets, session_checks::session));
