//! The API through its router, on a real engine over a SQLite database of its own: nothing is mocked. Every answer that a
//! test sees is held against the OpenAPI document.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod admin_access;
mod admin_catalogue;
mod admin_objects;
mod admin_operations;
mod admin_prices;
mod admin_versions;
mod audit;
mod batch;
mod cdr;
mod concealment;
mod document;
mod events;
mod idempotency;
mod key_networks;
mod keys;
mod listener;
mod malformed;
mod opt_outs;
mod otp;
mod otp_guard;
mod pages;
mod parameters;
mod passkeys;
mod platform;
mod quote;
mod rates;
mod read;
mod roles;
mod schedule;
mod schema;
mod send;
mod senders;
mod services;
mod services_access;
mod signed;
mod tags;
mod templates;
mod test_keys;
mod tokens;
mod users;
mod webhooks;
