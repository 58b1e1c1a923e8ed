//! Calls a batch off: who has not had a turn gets none, and of the messages those are withdrawn that can be.

use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, BatchId, MessageId};
use sambac_domain::state::MessageState;
use sambac_store::StoreError;
use tokio::sync::oneshot;

use super::begin::unread;
use crate::commit::{Withdraw, Write};
use crate::refusal::Refusal;
use crate::{Engine, Inner, take_back};

/// Messages that are withdrawn in one commit.
const PAGE: u32 = 500;

impl Engine {
    /// Calls off one of this account's batches, and waits until that is done, but no longer than `limit`: what is left goes on by itself. Again for
    /// one that was called off is no error; then messages are withdrawn that could not be before.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::ServiceUnavailable`].
    pub async fn call_off_batch(&self, account: AccountId, id: BatchId, limit: Duration) -> Result<(), Refusal> {
        let store = &self.0.store;
        store.batch(account, id).await.map_err(|error| unread(&error))?.ok_or(ErrorCode::NotFound)?;
        store.call_off_batch(id, self.0.clock.now()).await.map_err(|error| unread(&error))?;
        // From here on it does not end without having been called off.
        if self.has_ended(account, id).await? {
            return withdraw_all(&self.0, id).await.map_err(|error| unread(&error));
        }
        self.0.batches.call_off(id);
        self.0.batches.due.notify_one();
        self.await_batch(account, id, limit).await;
        if self.has_ended(account, id).await? {
            self.0.batches.called_off().remove(&id);
        }
        Ok(())
    }

    async fn has_ended(&self, account: AccountId, id: BatchId) -> Result<bool, Refusal> {
        let row = self.0.store.batch(account, id).await.map_err(|error| unread(&error))?;
        Ok(row.is_none_or(|row| row.ended_at.is_some()))
    }
}

/// Withdraws all messages of a batch that wait with us, and those that operators take back.
///
/// # Errors
/// What the database said; some may be withdrawn then.
pub(super) async fn withdraw_all(inner: &Inner, id: BatchId) -> Result<(), StoreError> {
    let mut from = 0;
    loop {
        let rows = inner.store.batch_recipients(id, from, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        from = last.no.saturating_add(1);
        let messages: Vec<MessageId> = rows.iter().filter_map(|row| row.message_id).collect();
        withdraw(inner, messages).await?;
    }
}

async fn withdraw(inner: &Inner, messages: Vec<MessageId>) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let (done, count) = oneshot::channel();
    inner.write(Write::Withdraw(Withdraw { messages: messages.clone(), done })).await;
    // An error means that the group commit has ended.
    let _ = count.await;
    let left = inner.store.messages_by_ids(&messages).await?;
    let with_operators = left.into_iter().filter(|row| row.state == MessageState::Submitted && row.final_at.is_none());
    let with_operators: Vec<_> = with_operators.map(|row| row.id).collect();
    take_back::recall(inner, &with_operators).await;
    Ok(())
}
