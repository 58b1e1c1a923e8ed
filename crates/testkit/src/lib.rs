//! Development only: private PostgreSQL, scenario harness that runs the real binary, faults with an oracle.

pub mod faults;
pub mod postgres;
pub mod scenario;
pub mod sql;
