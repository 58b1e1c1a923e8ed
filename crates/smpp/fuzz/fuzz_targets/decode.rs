//! Any octets through the framer and the decoder.

#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code, reason = "each target uses one of the checks")]
mod checks;

libfuzzer_sys::fuzz_target!(|stream: &[u8]| checks::decode(stream));
