//! Reading and writing PDUs.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails in a test's helper fails the test"
)]

mod corpus;
mod differential;
mod every_pdu;
mod malformed;
mod masked;
mod round_trip;
