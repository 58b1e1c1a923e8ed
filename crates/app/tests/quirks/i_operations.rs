//! I. SMPP 5.0 and the less common operations.

mod alert;
mod congestion;
mod data_sm;
mod manage;
mod multi;
mod query;
mod recall;
