//! Top-ups: payments through a provider, and bank transfers that administrators book.
//!
//! A payment is stored before its provider hears of it, and the provider creates it once however often it is asked. What the
//! provider's webhook tells is never believed: it only makes us ask sooner. Money is credited in one place, the group commit
//! (`commit::credit`), under the payment's own id, whoever found out that it has come: the request itself, a webhook, the janitor,
//! or the next process after a crash.
//!
//! ```text
//! POST /v1/payments ─► stored: created ─► provider: create ─► pending ──┐
//!                                     └─ no answer ─► unknown ──────────┤ janitor: create again or fetch, by a schedule
//! webhook ─► signature ─► inbox (once) ─► "look now" ───────────────────┤
//!                                                                       └─► succeeded: one credit in the group commit
//! ```

mod inbox;
mod janitor;
mod open;
mod provider;
mod resolve;
mod settings;
mod signature;
mod stripe;
mod test_provider;
mod transfer;

use std::sync::Arc;

use tokio::sync::Notify;

pub use open::{NewPayment, OpenedPayment};
pub use settings::{PaymentSettings, ProviderSettings, ProviderUrl};
pub use test_provider::Play;
pub use transfer::NewTransfer;

pub(crate) use janitor::run as run_janitor;

use crate::webhook::ClientError;
use provider::Provider;

/// What payments need while the platform runs.
pub(crate) struct Payments {
    provider: Option<Arc<dyn Provider>>,
    /// Something is to be looked at now.
    wake: Notify,
    /// Held while it is decided whether one administrator is enough: what they booked before counts.
    transfers: tokio::sync::Mutex<()>,
}

impl Payments {
    pub(crate) fn new(settings: &PaymentSettings) -> Result<Self, ClientError> {
        let provider = provider::of(settings)?;
        Ok(Self { provider, wake: Notify::new(), transfers: tokio::sync::Mutex::new(()) })
    }

    /// The provider of this name, if it is the configured one.
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        self.provider.as_ref().filter(|provider| provider.name() == name).map(Arc::clone)
    }
}
