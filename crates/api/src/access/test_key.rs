//! How far a test key reaches: to the numbers of the test network, and to nothing else that a person has. What is about any other
//! number is not there for it.

use sambac_domain::error::ErrorCode;
use sambac_domain::{BatchId, MessageId, Msisdn, OptOutId, OtpId, WebhookId};
use sambac_engine::api_key::Environment;
use sambac_engine::opt_out::OptOutView;
use sambac_engine::submit::Idempotency;
use sambac_store::rows::{MoRow, WebhookRow};

use super::Authorised;
use crate::problem::Problem;

/// Stands before the idempotency keys of test keys. A client's own never has a blank.
const TEST_PREFIX: &str = "test ";

impl<S> Authorised<S> {
    /// Whether the key is for tests.
    pub(crate) fn is_test(&self) -> bool {
        self.caller.environment == Environment::Test
    }

    /// Whether the key reaches what is about this number.
    pub(crate) fn reaches(&self, number: Msisdn) -> bool {
        !self.is_test() || number.is_test()
    }

    /// Refuses a message, as if it were not there, that the key does not reach.
    pub(crate) async fn reach_message(&self, id: MessageId) -> Result<(), Problem> {
        if !self.is_test() {
            return Ok(());
        }
        let found = self.engine.store().messages_by_ids(&[id]).await?;
        self.found(found.first().is_some_and(|row| row.account_id == self.account_id() && row.destination.is_test()))
    }

    /// Refuses a code, as if it were not there, that the key does not reach.
    pub(crate) async fn reach_otp(&self, id: OtpId) -> Result<(), Problem> {
        if !self.is_test() {
            return Ok(());
        }
        let found = self.engine.store().otp(self.account_id(), id).await?;
        self.found(found.is_some_and(|row| row.destination.is_test()))
    }

    /// Refuses a batch, as if it were not there, that was made by no test key which works still.
    pub(crate) async fn reach_batch(&self, id: BatchId) -> Result<(), Problem> {
        if !self.is_test() {
            return Ok(());
        }
        let Some(batch) = self.engine.store().batch(self.account_id(), id).await? else {
            return Err(ErrorCode::NotFound.into());
        };
        self.found(self.engine.is_test_key(batch.api_key_id))
    }

    /// One of the account's webhooks, that the key reaches.
    pub(crate) async fn webhook(&self, id: WebhookId) -> Result<WebhookRow, Problem> {
        let row = self.engine.webhook(self.account_id(), id).await?;
        if self.sees_webhook(&row) { Ok(row) } else { Err(ErrorCode::NotFound.into()) }
    }

    /// Refuses a webhook, as if it were not there, that the key does not reach.
    pub(crate) async fn reach_webhook(&self, id: WebhookId) -> Result<(), Problem> {
        if self.is_test() { self.webhook(id).await.map(drop) } else { Ok(()) }
    }

    /// Whether the key reaches a webhook of its account: a test key those of test keys.
    pub(crate) fn sees_webhook(&self, row: &WebhookRow) -> bool {
        !self.is_test() || row.environment == Environment::Test.as_str()
    }

    /// One of the account's opt-outs, that the key reaches.
    pub(crate) async fn opt_out(&self, id: OptOutId) -> Result<OptOutView, Problem> {
        let view = self.engine.opt_out(self.account_id(), id).await;
        let view = view.map_err(|refusal| Problem::new(refusal.code))?;
        if self.reaches_opt_out(&view) { Ok(view) } else { Err(ErrorCode::NotFound.into()) }
    }

    /// Whether the key reaches an opt-out of its account.
    pub(crate) fn reaches_opt_out(&self, view: &OptOutView) -> bool {
        !self.is_test() || view.number.is_some_and(Msisdn::is_test)
    }

    /// Refuses a number that the key does not reach.
    pub(crate) fn must_reach(&self, number: Msisdn, field: &str) -> Result<(), Problem> {
        let refusal =
            || Problem::from(ErrorCode::InvalidDestination).at(field, "a test key reaches test numbers (+999) only");
        if self.reaches(number) { Ok(()) } else { Err(refusal()) }
    }

    /// Refuses what only live keys may do.
    pub(crate) fn must_be_live(&self, what: &str) -> Result<(), Problem> {
        let refusal = || Problem::from(ErrorCode::Forbidden).detail(format!("a test key {what}"));
        if self.is_test() { Err(refusal()) } else { Ok(()) }
    }

    /// Whether the key reaches a message from a handset.
    pub(crate) fn reaches_source(&self, row: &MoRow) -> bool {
        !self.is_test() || Msisdn::from_digits(row.source.as_bytes()).is_ok_and(Msisdn::is_test)
    }

    /// A request that is answered once under this key: never with what a key of the other environment was answered.
    pub(crate) fn once(&self, key: Option<String>, fingerprint: impl FnOnce() -> String) -> Option<Idempotency> {
        let key = key.map(|key| if self.is_test() { format!("{TEST_PREFIX}{key}") } else { key })?;
        Some(Idempotency { key, fingerprint: fingerprint() })
    }

    fn found(&self, is_found: bool) -> Result<(), Problem> {
        if is_found { Ok(()) } else { Err(ErrorCode::NotFound.into()) }
    }
}
