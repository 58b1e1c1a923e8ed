//! Development only: private PostgreSQL and RabbitMQ, scenario harness that runs the real binary, faults with an oracle.

pub mod faults;
pub mod postgres;
pub mod rabbit;
pub mod scenario;
pub mod sql;
