//! Development only: private PostgreSQL, scenario harness that runs the real binary.

pub mod postgres;
pub mod scenario;
pub mod sql;
