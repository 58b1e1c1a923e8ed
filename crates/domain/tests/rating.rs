//! Rating by a file of examples, and what holds for all price lists.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at its first failure")]

#[path = "rating/golden.rs"]
mod golden;
#[path = "rating/properties.rs"]
mod properties;
