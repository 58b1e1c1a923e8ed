//! What accounts are told of, read in the order in which it was committed.
//!
//! One process writes events, in batches that are stored one after the other: whoever has read up to an id has seen all before it.

use sambac_domain::{AccountEventId, AccountId, Msisdn};

use crate::query::{query, select};
use crate::rows::AccountEventRow;
use crate::{Store, StoreError};

/// Rows that one step removes.
const WINDOW: i64 = 5_000;

impl Store {
    /// An account's events after this one, in order, `limit` at most.
    pub async fn account_events_after(
        &self,
        account: AccountId,
        after: AccountEventId,
        limit: u32,
    ) -> Result<Vec<AccountEventRow>, StoreError> {
        let rows = select::<AccountEventRow>("WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3");
        rows.bind(&account).bind(&after).bind(&i64::from(limit)).all(self.pool()).await
    }

    /// One of an account's events.
    pub async fn account_event(
        &self,
        account: AccountId,
        id: AccountEventId,
    ) -> Result<Option<AccountEventRow>, StoreError> {
        let row = select::<AccountEventRow>("WHERE account_id = $1 AND id = $2").bind(&account).bind(&id);
        row.first(self.pool()).await
    }

    /// The last event of an account; `None` when it has none.
    pub async fn last_account_event(&self, account: AccountId) -> Result<Option<AccountEventId>, StoreError> {
        let last = query("SELECT id FROM account_events WHERE account_id = $1 ORDER BY id DESC LIMIT 1");
        Ok(last.bind(&account).first::<(AccountEventId,)>(self.pool()).await?.map(|(id,)| id))
    }

    /// Whose events there are. Costs a look into the index for each account, not for each event.
    pub async fn accounts_with_events(&self) -> Result<Vec<AccountId>, StoreError> {
        let mut found: Vec<AccountId> = Vec::new();
        loop {
            let after = found.last().copied().unwrap_or(AccountId::from_raw(i64::MIN));
            let next = query("SELECT account_id FROM account_events WHERE account_id > $1 ORDER BY account_id LIMIT 1");
            match next.bind(&after).first::<(AccountId,)>(self.pool()).await? {
                Some((account,)) => found.push(account),
                None => return Ok(found),
            }
        }
    }

    /// Removes an account's oldest events before this one, a bounded number of them. Answers how many.
    pub async fn drop_account_events(&self, account: AccountId, before: AccountEventId) -> Result<u64, StoreError> {
        let mut work = self.begin().await?;
        let drop = query(
            "DELETE FROM account_events WHERE account_id = $1 AND id < $2 AND id <= (SELECT MAX(id) FROM
                (SELECT id FROM account_events WHERE account_id = $1 ORDER BY id LIMIT $3) AS oldest)",
        );
        let dropped = drop.bind(&account).bind(&before).bind(&WINDOW).run(&mut work).await?;
        work.commit().await.map(|()| dropped)
    }

    /// Removes events that tell a number. Answers how many.
    pub async fn erase_account_events(&self, number: Msisdn) -> Result<u64, StoreError> {
        // In a body a number stands alone, in quotation marks.
        let pattern = format!("%\"{number:#}\"%");
        let found = query("SELECT account_id, id FROM account_events WHERE body LIKE $1").bind(&pattern);
        let found = found.all::<(AccountId, AccountEventId)>(self.pool()).await?;
        let (mut work, mut erased) = (self.begin().await?, 0);
        for (account, id) in found {
            let erase = query("DELETE FROM account_events WHERE account_id = $1 AND id = $2").bind(&account).bind(&id);
            erased += erase.run(&mut work).await?;
        }
        work.commit().await.map(|()| erased)
    }
}
