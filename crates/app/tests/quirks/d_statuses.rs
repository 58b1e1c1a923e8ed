//! D. Refusals and throttling.
