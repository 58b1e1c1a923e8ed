//! Any octets as a receipt.

#![no_main]

#[path = "../checks.rs"]
#[expect(dead_code, reason = "the shared checks serve the other target too")]
mod checks;
#[path = "../../../smpp/fuzz/guard.rs"]
mod guard;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| guard::within(guard::READING, octets, checks::receipt));
