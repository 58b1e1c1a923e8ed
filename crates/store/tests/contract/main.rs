//! Every public function of the store, on SQLite and on PostgreSQL. A missing server fails these tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at its first failure")]

mod account_events;
mod alerts;
mod api_keys;
mod audit;
mod batch;
mod batches;
mod both;
mod breakages;
mod cdr_archives;
mod cdrs;
mod chain;
mod configuration;
mod connector_orders;
mod coverage;
mod erasures;
mod events;
mod fixture;
mod guards;
mod idempotency;
mod known_as;
mod leases;
mod ledger;
mod life;
mod messages;
mod mirror;
mod mo;
mod open;
mod opt_outs;
mod otps;
mod outbox;
mod payments;
mod prices;
mod receipts;
mod reconcile;
mod request_nonces;
mod spending;
mod statements;
mod templates;
mod transactions;
mod uncertain;
mod users;
mod versions;
mod webhooks;
