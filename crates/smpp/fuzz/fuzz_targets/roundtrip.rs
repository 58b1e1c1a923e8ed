//! Any body of any command: read, written, read again.

#![no_main]

#[path = "../checks.rs"]
#[expect(dead_code, reason = "the shared checks serve the other target too")]
mod checks;
#[path = "../guard.rs"]
mod guard;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| guard::within(guard::READING, octets, checks::round_trip));
