//! Receipts told once more: for a client that has lost what it was told.

use sambac_domain::id::{IdSource, MessageId, SmppAccountId};
use sambac_domain::time::Timestamp;
use sambac_store::{EndedFilter, StoreError};
use tokio::sync::oneshot;

use crate::commit::{Write, to_replay};
use crate::submit::VALIDITY_MAX;
use crate::{Engine, relay};

/// Messages taken up at once.
const PAGE: u32 = 200;

impl Engine {
    /// Puts the receipts of messages that ended from `from` on and before `until` into the client's queue again, as far as it
    /// asked for receipts, and returns how many. They are delivered like new ones, kept as long, and marked in the outbox.
    ///
    /// # Errors
    /// What the database said; some may be in the queue then.
    pub async fn replay_receipts(
        &self,
        account: SmppAccountId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<usize, StoreError> {
        let Some(row) = self.snapshot().smpp_account_by_id(account).map(|account| account.row.clone()) else {
            return Ok(0);
        };
        // No message lives longer than its validity and the wait for its receipt.
        let longest = VALIDITY_MAX.saturating_add(self.0.settings.receipt_grace).saturating_mul(2);
        let after = MessageId::from_raw(IdSource::first_at(from.saturating_sub(longest)));
        let mut page =
            EndedFilter { account_id: row.account_id, smpp_account_id: account, after, from, until, limit: PAGE };
        let mut count = 0;
        loop {
            let rows = self.0.store.ended_messages(&page).await?;
            let Some(last) = rows.last() else { return Ok(count) };
            page.after = last.id;
            let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
            let mut ended = relay::load_messages(&self.0, &ids).await?;
            ended.retain(|live| to_replay(live).is_some());
            count += ended.len();
            let (done, stored) = oneshot::channel();
            if !self.0.write(Write::Replay { ended, done }).await || stored.await.is_err() {
                return Ok(count);
            }
        }
    }
}
