//! D. Refusals and throttling.

mod server;
