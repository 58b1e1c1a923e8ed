//! Development only: private PostgreSQL, RabbitMQ and Redis, scenario harness that runs the real binary, faults with an oracle.

pub mod faults;
pub mod postgres;
pub mod rabbit;
pub mod redis;
pub mod scenario;
pub mod sql;
mod unique;
mod watchdog;

pub use unique::unique;
