//! A new batch: checked as far as all recipients have it in common, stored whole, and waited for.

use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ApiKeyId, BatchId, MessageId};
use sambac_domain::time::Timestamp;
use sambac_store::rows::{BatchRow, IdempotencyRow};
use sambac_store::{Sealed, StoreError};
use tokio::time::{Instant, timeout_at};

use super::content::Common;
use super::{BatchContent, OPEN_MAX, RECIPIENTS_MAX};
use crate::Engine;
use crate::refusal::Refusal;
use crate::snapshot::{Account, Snapshot};
use crate::submit::Idempotency;

impl Engine {
    /// Stores a batch: from then on it is worked off, whatever happens. Tells its id, and whether an earlier request with the
    /// same key made it.
    ///
    /// # Errors
    /// A [`Refusal`] with the catalogue's entry; nothing is stored then.
    pub async fn begin_batch(
        &self,
        (account, api_key): (AccountId, ApiKeyId),
        mut content: BatchContent,
        idempotency: Option<Idempotency>,
    ) -> Result<(BatchId, bool), Refusal> {
        let _claim = idempotency.as_ref().map(|it| self.claim_key(account, &it.key)).transpose()?;
        if let Some(stored) = self.stored_batch(account, idempotency.as_ref()).await? {
            return Ok((stored, true));
        }
        let now = self.0.clock.now();
        self.checked(account, api_key, &mut content, now)?;
        self.may_begin(account).await?;
        let id = BatchId::from_raw(self.0.ids.next(now));
        // A struct of texts and numbers always serialises.
        let plain = serde_json::to_vec(&content).unwrap_or_default();
        let row = BatchRow {
            id,
            account_id: account,
            api_key_id: api_key,
            total: u32::try_from(content.recipients.len()).unwrap_or(u32::MAX),
            content: Some(Sealed(self.0.settings.seal.seal_once(id.raw(), &plain))),
            created_at: now,
            ended_at: None,
            canceled_at: None,
        };
        let answer = idempotency.map(|it| IdempotencyRow {
            account_id: account,
            key: it.key,
            fingerprint: it.fingerprint,
            // Its number: a batch has no message of its own.
            message_id: MessageId::from_raw(id.raw()),
            response: String::new(),
            created_at: now,
        });
        self.0.store.begin_batch(&row, answer.as_ref()).await.map_err(|error| unread(&error))?;
        self.0.batches.due.notify_one();
        Ok((id, false))
    }

    /// What all recipients have in common, checked, with the version of its template that is taken.
    pub(super) fn checked(
        &self,
        account: AccountId,
        api_key: ApiKeyId,
        content: &mut BatchContent,
        now: Timestamp,
    ) -> Result<Common, Refusal> {
        content.common((account, api_key), now)?;
        if let Some(template) = &mut content.template {
            // What is approved meanwhile is for later batches.
            template.version = Some(template.find(&self.snapshot(), account)?.0);
        }
        if content.recipients.is_empty() || content.recipients.len() > RECIPIENTS_MAX {
            let detail = format!("a batch has from 1 to {RECIPIENTS_MAX} recipients");
            return Err(Refusal::new(ErrorCode::InvalidRequest, detail).at("/recipients"));
        }
        content.common((account, api_key), now)
    }

    /// Waits until all recipients of a batch are decided, but no longer than `limit`: what is left goes on by itself.
    pub async fn await_batch(&self, account: AccountId, id: BatchId, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let moved = self.0.batches.moved.notified();
            tokio::pin!(moved);
            // From here on no news is missed.
            moved.as_mut().enable();
            match self.0.store.batch(account, id).await {
                Ok(Some(row)) if row.ended_at.is_none() => {}
                _ => return,
            }
            if timeout_at(deadline, moved).await.is_err() {
                return;
            }
        }
    }

    /// The batch of an earlier request with the same key.
    async fn stored_batch(&self, account: AccountId, given: Option<&Idempotency>) -> Result<Option<BatchId>, Refusal> {
        let Some(given) = given else { return Ok(None) };
        let stored = self.0.store.idempotency(account, &given.key).await.map_err(|error| unread(&error))?;
        match stored {
            Some(stored) if stored.fingerprint != given.fingerprint => Err(ErrorCode::IdempotencyMismatch.into()),
            stored => Ok(stored.map(|stored| BatchId::from_raw(stored.message_id.raw()))),
        }
    }

    async fn may_begin(&self, account: AccountId) -> Result<(), Refusal> {
        if self.0.draining.is_cancelled() {
            return Err(Refusal::new(ErrorCode::ServiceUnavailable, "the service is stopping"));
        }
        active(&self.snapshot(), account)?;
        let open = self.0.store.count_open_batches(account).await.map_err(|error| unread(&error))?;
        if open >= OPEN_MAX {
            let detail = format!("the account has {open} batches under way; wait until one has ended");
            return Err(Refusal::new(ErrorCode::RateLimited, detail));
        }
        Ok(())
    }
}

/// The account, if it may send.
pub(super) fn active(snapshot: &Snapshot, account: AccountId) -> Result<&Account, Refusal> {
    let found = snapshot.account(account).filter(|account| account.active);
    found.ok_or_else(|| ErrorCode::AccountSuspended.into())
}

pub(super) fn unread(error: &StoreError) -> Refusal {
    tracing::error!(%error, "a batch was not read or written");
    ErrorCode::ServiceUnavailable.into()
}
