//! How far a batch is, and what became of each recipient.

use std::collections::HashMap;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, BatchId, MessageId};
use sambac_domain::state::MessageState;
use sambac_store::rows::{BatchRecipientRow, BatchRow, MessageRow};

use super::begin::unread;
use crate::Engine;
use crate::refusal::Refusal;

/// A batch and its counts.
#[derive(Debug)]
pub struct BatchView {
    /// The batch.
    pub row: BatchRow,
    /// How many recipients were taken.
    pub accepted: i64,
    /// How many were refused.
    pub refused: i64,
    /// How many of its messages are in each stored state.
    pub states: Vec<(MessageState, i64)>,
}

/// What became of a recipient.
#[derive(Debug)]
pub struct DecidedRecipient {
    /// As it is stored.
    pub row: BatchRecipientRow,
    /// Its message, if it was taken.
    pub message: Option<MessageRow>,
}

impl Engine {
    /// One of this account's batches.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::ServiceUnavailable`].
    pub async fn batch(&self, account: AccountId, id: BatchId) -> Result<BatchView, Refusal> {
        let store = &self.0.store;
        let row = store.batch(account, id).await.map_err(|error| unread(&error))?.ok_or(ErrorCode::NotFound)?;
        let (decided, accepted) = store.batch_progress(id).await.map_err(|error| unread(&error))?;
        let states = store.batch_states(id).await.map_err(|error| unread(&error))?;
        Ok(BatchView { row, accepted, refused: decided.saturating_sub(accepted), states })
    }

    /// What became of the recipients of one of this account's batches, from number `from` on.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::ServiceUnavailable`].
    pub async fn batch_recipients(
        &self,
        account: AccountId,
        id: BatchId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<DecidedRecipient>, Refusal> {
        let store = &self.0.store;
        store.batch(account, id).await.map_err(|error| unread(&error))?.ok_or(ErrorCode::NotFound)?;
        let rows = store.batch_recipients(id, from, limit).await.map_err(|error| unread(&error))?;
        let ids: Vec<MessageId> = rows.iter().filter_map(|row| row.message_id).collect();
        let messages = store.messages_by_ids(&ids).await.map_err(|error| unread(&error))?;
        let mut messages: HashMap<_, _> = messages.into_iter().map(|message| (message.id, message)).collect();
        let decided = |row: BatchRecipientRow| {
            let message = row.message_id.and_then(|id| messages.remove(&id));
            DecidedRecipient { row, message }
        };
        Ok(rows.into_iter().map(decided).collect())
    }
}
