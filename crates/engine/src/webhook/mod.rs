//! Webhooks: events to the client by HTTP POST, signed after Standard Webhooks, tried again until they are taken.

mod attempt;
mod client;
mod deliver;
mod endpoint;
mod guard;
mod health;
mod keeper;
mod pace;
mod replay;
mod secret;
mod supervisor;
mod told;

pub use client::ClientError;
pub use endpoint::{SecretWebhook, WEBHOOK_ROTATION_DEFAULT_S, WEBHOOK_ROTATION_MAX_S, WebhookChange, WebhookOrder};
pub use secret::Scheme;

pub(crate) use client::Client;
pub(crate) use endpoint::switch;
pub(crate) use keeper::run as run_keeper;
pub(crate) use secret::NewSecret;
pub(crate) use supervisor::{Registry, apply_snapshot};
