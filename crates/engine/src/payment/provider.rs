//! What a payment provider can do for us, whoever it is.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::Currency;
use sambac_domain::id::PaymentId;
use sambac_domain::time::Timestamp;
use sambac_store::rows::PaymentIntentRow;
use secrecy::SecretString;

use super::settings::{PaymentSettings, ProviderSettings};
use super::stripe::Stripe;
use super::test_provider::TestProvider;
use crate::webhook::ClientError;

/// What comes of asking a provider.
pub(super) type Asked<'a> = Pin<Box<dyn Future<Output = Result<Told, Fault>> + Send + 'a>>;

/// A payment provider.
pub(super) trait Provider: Send + Sync {
    /// The word for it, in the database and outside.
    fn name(&self) -> &'static str;

    /// Makes the payment there, or tells of the one that the same request made before: it may be sent again and again.
    fn create<'a>(&'a self, payment: &'a PaymentIntentRow) -> Asked<'a>;

    /// How the payment with the provider's id `id` is now.
    fn fetch<'a>(&'a self, payment: &'a PaymentIntentRow, id: &'a str) -> Asked<'a>;

    /// Calls it off.
    fn cancel<'a>(&'a self, payment: &'a PaymentIntentRow, id: &'a str) -> Asked<'a>;

    /// What its webhooks are signed with.
    fn webhook_secret(&self) -> &SecretString;

    /// Webhooks that it plays itself, when it is none that could send any.
    fn own_webhooks(&self, _payment: &PaymentIntentRow, _now: Timestamp) -> Vec<OwnWebhook> {
        Vec::new()
    }
}

/// What a provider says of a payment.
#[derive(Debug)]
pub(super) struct Told {
    /// Its id there.
    pub(super) id: String,
    /// Our id, as it was given with the payment.
    pub(super) payment: Option<PaymentId>,
    /// How far it is.
    pub(super) state: Standing,
    /// How much: what was received, once it has succeeded.
    pub(super) amount_micros: i64,
    /// Of the amount.
    pub(super) currency: Currency,
    /// With what the payer's page goes to the provider.
    pub(super) client_secret: Option<SecretString>,
    /// Why it was declined, for a person.
    pub(super) why: Option<String>,
}

/// How far a payment is at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It waits for the payer or a bank.
    Waiting,
    /// The money has come.
    Succeeded,
    /// The last attempt to pay was refused.
    Declined,
    /// It was called off.
    Canceled,
}

/// Why a provider did not say anything of a payment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// No answer, or one that says nothing: it may have done what it was asked for.
    #[error("{0}")]
    Unanswered(String),
    /// It says that it does not do this.
    #[error("{0}")]
    Refused(String),
}

/// A webhook to be played.
pub(super) struct OwnWebhook {
    /// In how long.
    pub(super) after: Duration,
    pub(super) signature: String,
    pub(super) body: Vec<u8>,
}

/// The configured provider.
pub(super) fn of(settings: &PaymentSettings) -> Result<Option<Arc<dyn Provider>>, ClientError> {
    Ok(match &settings.provider {
        ProviderSettings::None => None,
        ProviderSettings::Test => Some(Arc::new(TestProvider::new())),
        ProviderSettings::Stripe { url, key, webhook_secret } => {
            let stripe = Stripe::new(url.clone(), key.clone(), webhook_secret.clone(), settings.timeout)?;
            Some(Arc::new(stripe))
        }
    })
}
