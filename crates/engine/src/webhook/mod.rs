//! Webhooks: events to the client by HTTP POST, signed after Standard Webhooks, tried again until they are taken.

mod account;
mod client;
mod deliver;
mod guard;
mod received;
mod register;
mod supervisor;

pub use client::ClientError;
pub use register::NewWebhook;

pub(crate) use client::Client;
pub(crate) use supervisor::{Registry, apply_snapshot};
