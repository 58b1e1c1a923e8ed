//! One request, one message: an idempotency key gives the first answer again.
//!
//! The key is unique in the database, in the commit that stores the message. The claim in memory only keeps a second request
//! from racing the first one.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::AccountId;

use std::sync::{Arc, PoisonError};

use crate::refusal::Refusal;
use crate::submit::{SubmitRequest, Submitted};
use crate::{Engine, Inner};

/// Holds a key while its request is worked on.
pub(crate) struct Claim {
    inner: Arc<Inner>,
    claimed: (AccountId, String),
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.inner.idempotency_claims.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.claimed);
    }
}

impl Engine {
    /// Claims the request's key, if it has one.
    ///
    /// # Errors
    /// [`ErrorCode::IdempotencyInProgress`] while another request has it.
    pub(crate) fn claim_idempotency(&self, request: &SubmitRequest) -> Result<Option<Claim>, Refusal> {
        let Some(idempotency) = &request.idempotency else { return Ok(None) };
        self.claim_key(request.account_id, &idempotency.key).map(Some)
    }

    /// Claims a key of an account.
    ///
    /// # Errors
    /// [`ErrorCode::IdempotencyInProgress`] while another request has it.
    pub(crate) fn claim_key(&self, account: AccountId, key: &str) -> Result<Claim, Refusal> {
        let claimed = (account, key.to_owned());
        let mut claims = self.0.idempotency_claims.lock().unwrap_or_else(PoisonError::into_inner);
        if !claims.insert(claimed.clone()) {
            return Err(ErrorCode::IdempotencyInProgress.into());
        }
        Ok(Claim { inner: Arc::clone(&self.0), claimed })
    }

    /// The stored answer to an earlier request with the same key.
    ///
    /// # Errors
    /// [`ErrorCode::IdempotencyMismatch`] when that was another request.
    pub(crate) async fn replay(&self, request: &SubmitRequest) -> Result<Option<Submitted>, Refusal> {
        let Some(idempotency) = &request.idempotency else { return Ok(None) };
        let stored = self.0.store.idempotency(request.account_id, &idempotency.key).await.map_err(|error| {
            tracing::error!(%error, "an idempotency key was not read");
            Refusal::from(ErrorCode::ServiceUnavailable)
        })?;
        let Some(stored) = stored else { return Ok(None) };
        if stored.fingerprint != idempotency.fingerprint {
            return Err(ErrorCode::IdempotencyMismatch.into());
        }
        let submitted: Submitted = serde_json::from_str(&stored.response).map_err(|error| {
            tracing::error!(%error, message = %stored.message_id, "a stored answer cannot be read");
            Refusal::from(ErrorCode::Internal)
        })?;
        Ok(Some(Submitted { replayed: true, ..submitted }))
    }
}
