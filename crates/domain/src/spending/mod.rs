//! How much an account may spend, and what it has spent of that.
//!
//! Days and months are those of UTC. What is counted is what is asked for when a message is taken: the message, and the price of
//! all its segments. What is given back, because a charge was voided, is given back to the day on which the message was taken.

mod limits;
mod meter;

pub use limits::{Cap, Caps, SpendingLimits};
pub use meter::{Meter, Of, Period, Reached, Spent};
