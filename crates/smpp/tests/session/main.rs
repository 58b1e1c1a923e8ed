//! Sessions, against a peer that each test plays, on paused time.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails in a test's helper fails the test"
)]

mod garbage;
mod life;
mod opening;
mod peer;
mod pressure;
mod requests;
mod storm;
mod strangers;
mod tapped;
