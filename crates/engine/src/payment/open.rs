//! A new payment, and an account's payments.

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, PaymentId};
use sambac_domain::payment::{PaymentState, minor_units};
use sambac_domain::{Currency, Micros};
use sambac_store::rows::PaymentIntentRow;
use secrecy::SecretString;

use super::{Play, inbox, resolve};
use crate::Engine;
use crate::refusal::Refusal;
use crate::submit::Idempotency;

/// Payments of one account that wait at a time.
const OPEN_MAX: i64 = 100;
/// A payment at most, in micros.
const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// A payment to be made.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// For whose wallet.
    pub account: AccountId,
    /// How much, in micros.
    pub amount_micros: i64,
    /// Refused when the account has another one.
    pub currency: Option<Currency>,
    /// What the test provider is to play.
    pub play: Option<Play>,
    /// What makes a repetition known.
    pub idempotency: Option<Idempotency>,
}

/// A payment, for who has asked for it.
#[derive(Clone, Debug)]
pub struct OpenedPayment {
    /// As it is now.
    pub row: PaymentIntentRow,
    /// With what the payer's page goes to the provider.
    pub client_secret: Option<SecretString>,
    /// Whether it was made by an earlier request.
    pub replayed: bool,
}

impl Engine {
    /// Makes a payment at the provider, and tells how it is then. When the provider does not answer it is `unknown`, and found
    /// out about later.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was made then.
    pub async fn open_payment(&self, new: NewPayment) -> Result<OpenedPayment, Refusal> {
        let provider = self.0.payments.provider.clone().ok_or(ErrorCode::PaymentsOff)?;
        let currency = self.payable(&new)?;
        if new.play.is_some() && provider.name() != "test" {
            return Err(Refusal::new(ErrorCode::InvalidRequest, "only the test provider plays").at("/play"));
        }
        if let Some(earlier) = self.earlier(&new).await? {
            return Ok(earlier);
        }
        if self.0.draining.is_cancelled() {
            return Err(Refusal::new(ErrorCode::ServiceUnavailable, "the service is stopping"));
        }
        if self.0.store.count_open_payment_intents(new.account).await.map_err(unavailable)? >= OPEN_MAX {
            return Err(Refusal::new(ErrorCode::RateLimited, "too many payments of the account wait to be paid"));
        }
        let row = self.new_row(&new, provider.name(), currency);
        if !self.0.store.insert_payment_intent(&row).await.map_err(unavailable)? {
            return self.earlier(&new).await?.ok_or_else(|| ErrorCode::Internal.into());
        }
        if let Err(error) = resolve::resolve(&self.0, row.clone()).await {
            tracing::error!(%error, payment = %row.id, "what a provider said was not stored; it is asked again");
        }
        for webhook in provider.own_webhooks(&row, self.0.clock.now()) {
            let inner = Arc::clone(&self.0);
            self.0.tasks.spawn(async move { inbox::play(&inner, webhook).await });
        }
        let row = self.0.store.payment_intent(new.account, row.id).await.map_err(unavailable)?.unwrap_or(row);
        Ok(self.opened(row, false))
    }

    /// One of an account's payments.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when the database does not answer.
    pub async fn payment(&self, account: AccountId, id: PaymentId) -> Result<Option<PaymentIntentRow>, Refusal> {
        self.0.store.payment_intent(account, id).await.map_err(unavailable)
    }

    /// The currency of the account that pays, if it may pay so much.
    fn payable(&self, new: &NewPayment) -> Result<Currency, Refusal> {
        let currency = self.balance(new.account).ok_or(ErrorCode::NotFound)?.currency;
        if new.currency.is_some_and(|given| given != currency) {
            let detail = format!("the account pays in {currency}");
            return Err(Refusal::new(ErrorCode::CurrencyMismatch, detail).at("/currency"));
        }
        let bad = |detail: String| Err(Refusal::new(ErrorCode::InvalidRequest, detail).at("/amount"));
        match new.amount_micros {
            micros if micros > AMOUNT_MAX => bad(format!("must be at most {}", Micros(AMOUNT_MAX))),
            micros if minor_units(micros, currency).is_none() => {
                bad(format!("must be above zero and have no fraction of the smallest coin of {currency}"))
            }
            _ => Ok(currency),
        }
    }

    /// The payment that an earlier request with the same key has made.
    async fn earlier(&self, new: &NewPayment) -> Result<Option<OpenedPayment>, Refusal> {
        let Some(Idempotency { key, fingerprint }) = &new.idempotency else { return Ok(None) };
        let row = self.0.store.payment_intent_by_key(new.account, key).await.map_err(unavailable)?;
        match row {
            Some(row) if row.fingerprint != *fingerprint => Err(ErrorCode::IdempotencyMismatch.into()),
            row => Ok(row.map(|row| self.opened(row, true))),
        }
    }

    fn new_row(&self, new: &NewPayment, provider: &str, currency: Currency) -> PaymentIntentRow {
        let (now, settings) = (self.0.clock.now(), &self.0.settings.payments);
        let (key, fingerprint) =
            new.idempotency.clone().map_or((None, String::new()), |given| (Some(given.key), given.fingerprint));
        self.0.settings.seal.chain_key().prove(PaymentIntentRow {
            id: PaymentId::from_raw(self.0.ids.next(now)),
            account_id: new.account,
            provider: provider.to_owned(),
            provider_payment_id: None,
            state: PaymentState::Created,
            amount_micros: new.amount_micros,
            currency,
            client_secret: None,
            play: new.play.map(|play| play.as_str().to_owned()),
            why: None,
            idempotency_key: key,
            fingerprint,
            checks: 0,
            // By then the request that is about to be made has ended, or this process has.
            next_check_at: Some(now.saturating_add(settings.timeout.saturating_mul(2))),
            created_at: now,
            expires_at: now.saturating_add(settings.expires_after),
            ended_at: None,
            proof: None,
        })
    }

    fn opened(&self, row: PaymentIntentRow, replayed: bool) -> OpenedPayment {
        let sealed = row.client_secret.as_deref().filter(|_| !row.state.is_final());
        let client_secret = sealed.and_then(|sealed| self.0.settings.seal.open_text(row.id.raw(), sealed).ok());
        OpenedPayment { row, client_secret, replayed }
    }
}

/// The database does not answer.
#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err wants")]
pub(super) fn unavailable(error: sambac_store::StoreError) -> Refusal {
    tracing::error!(%error, "a payment could not be read or stored");
    ErrorCode::ServiceUnavailable.into()
}
