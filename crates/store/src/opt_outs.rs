//! Persons who want no more messages: written with a [`Batch`](crate::Batch), read here.

use sambac_domain::{AccountId, OptOutId};

use crate::query::{query, select};
use crate::rows::{OptOutRow, OptOutState};
use crate::{Store, StoreError};

/// Which of an account's to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptOutFilter {
    /// Only older ones than this: the last one of the page before.
    pub before: Option<OptOutId>,
    /// At most so many.
    pub limit: u32,
    /// Only of the number with this digest.
    pub number_digest: Option<Vec<u8>>,
    /// Only those in this state.
    pub state: Option<OptOutState>,
}

impl Store {
    /// One of this account's.
    pub async fn opt_out(&self, account: AccountId, id: OptOutId) -> Result<Option<OptOutRow>, StoreError> {
        select::<OptOutRow>("WHERE account_id = $1 AND id = $2").bind(&account).bind(&id).first(self.pool()).await
    }

    /// A page of this account's, newest first.
    pub async fn opt_outs_of(&self, account: AccountId, filter: &OptOutFilter) -> Result<Vec<OptOutRow>, StoreError> {
        let before = filter.before.unwrap_or(OptOutId::from_raw(i64::MAX));
        let state = filter.state.map_or("", OptOutState::as_str).to_owned();
        match &filter.number_digest {
            None => {
                select::<OptOutRow>(
                    "WHERE account_id = $1 AND id < $2 AND ($3 = '' OR state = $3) ORDER BY id DESC LIMIT $4",
                )
                .bind(&account)
                .bind(&before)
                .bind(&state)
                .bind(&filter.limit)
                .all(self.pool())
                .await
            }
            Some(digest) => {
                select::<OptOutRow>(
                    "WHERE number_digest = $1 AND account_id = $2 AND id < $3 AND ($4 = '' OR state = $4)
                     ORDER BY id DESC LIMIT $5",
                )
                .bind(digest)
                .bind(&account)
                .bind(&before)
                .bind(&state)
                .bind(&filter.limit)
                .all(self.pool())
                .await
            }
        }
    }

    /// What is said of a number for all senders (an empty one) or for one.
    pub async fn opt_out_of(
        &self,
        account: AccountId,
        number_digest: &Vec<u8>,
        sender: &str,
    ) -> Result<Option<OptOutRow>, StoreError> {
        let sender = sender.to_owned();
        let one = select::<OptOutRow>("WHERE number_digest = $1 AND account_id = $2 AND sender = $3");
        one.bind(number_digest).bind(&account).bind(&sender).first(self.pool()).await
    }

    /// Those of all accounts that hold, behind this id, in their order. For the platform's own work.
    pub async fn opt_outs_in_force(&self, after: OptOutId, limit: u32) -> Result<Vec<OptOutRow>, StoreError> {
        let state = OptOutState::Out;
        let page = select::<OptOutRow>("WHERE id > $1 AND state = $2 ORDER BY id LIMIT $3");
        page.bind(&after).bind(&state).bind(&limit).all(self.pool()).await
    }

    /// Forgets the number behind a digest, and what was noted with it; it is known again by the digest still. Answers how many had it.
    pub async fn erase_opt_outs(&self, number_digest: &Vec<u8>) -> Result<u64, StoreError> {
        let mut work = self.begin().await?;
        let erase = query(
            "UPDATE opt_outs SET number_sealed = NULL, note = '' WHERE number_digest = $1 AND number_sealed IS NOT NULL",
        );
        let erased = erase.bind(number_digest).run(&mut work).await?;
        work.commit().await.map(|()| erased)
    }
}
