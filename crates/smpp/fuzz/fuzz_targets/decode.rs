//! Any octets through the framer and the decoder.

#![no_main]

#[path = "../checks.rs"]
#[expect(dead_code, reason = "the shared checks serve the other target too")]
mod checks;
#[path = "../guard.rs"]
mod guard;

libfuzzer_sys::fuzz_target!(|stream: &[u8]| guard::within(guard::READING, stream, checks::decode));
