//! Withdraws a message that its client does not want sent any more.

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, MessageId};
use sambac_store::{MessageView, StoreError};
use tokio::sync::oneshot;

use crate::Engine;
use crate::commit::{Withdraw, Write};
use crate::refusal::Refusal;
use crate::take_back;

impl Engine {
    /// Withdraws one of this account's messages, whole or not at all: while it waits with us, or from operators that take it back.
    /// What was held for it goes back. Gives the message as it is then.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]; [`ErrorCode::CannotCancel`] when it is on its way or has ended; [`ErrorCode::ServiceUnavailable`].
    pub async fn cancel(&self, account: AccountId, id: MessageId) -> Result<MessageView, Refusal> {
        let view = self.view(account, id).await?;
        if view.row.final_at.is_some() || !self.withdraw(id).await? {
            return Err(ErrorCode::CannotCancel.into());
        }
        self.view(account, id).await
    }

    async fn withdraw(&self, id: MessageId) -> Result<bool, Refusal> {
        let (done, count) = oneshot::channel();
        self.0.write(Write::Withdraw(Withdraw { messages: vec![id], done })).await;
        let withdrawn = count.await.map_err(|_| ErrorCode::ServiceUnavailable)?;
        if withdrawn > 0 {
            return Ok(true);
        }
        // Whoever asks may go before the operator has answered: what it has said is noted all the same.
        let inner = Arc::clone(&self.0);
        let recalled = self.0.tasks.spawn(async move { take_back::recall(&inner, &[id]).await }).await;
        Ok(recalled.map_err(|_| ErrorCode::ServiceUnavailable)? > 0)
    }

    async fn view(&self, account: AccountId, id: MessageId) -> Result<MessageView, Refusal> {
        let unread = |error: StoreError| {
            tracing::error!(%error, "a message was not read");
            Refusal::from(ErrorCode::ServiceUnavailable)
        };
        self.0.store.message(account, id).await.map_err(unread)?.ok_or_else(|| ErrorCode::NotFound.into())
    }
}
