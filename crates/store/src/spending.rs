//! What accounts spend, and since when they owe.

use std::collections::BTreeMap;

use sambac_domain::AccountId;

use crate::query::{query, select};
use crate::rows::{DebtRow, LowWalletRow, SpendingRow};
use crate::{Store, StoreError};

impl Store {
    /// What all accounts have spent from a day on (days of UTC since 1970), in the order of the days.
    pub async fn spending_since(&self, day: i64) -> Result<Vec<SpendingRow>, StoreError> {
        select::<SpendingRow>("WHERE day >= $1 ORDER BY day").bind(&day).all(self.pool()).await
    }

    /// The accounts that owe.
    pub async fn debts(&self) -> Result<Vec<DebtRow>, StoreError> {
        select::<DebtRow>("ORDER BY id").all(self.pool()).await
    }

    /// Keeps that an account owes, with these values.
    pub async fn keep_debt(&self, debt: &DebtRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.upsert(debt).await?;
        work.commit().await
    }

    /// The accounts that were told that their wallets are low.
    pub async fn low_wallets(&self) -> Result<Vec<LowWalletRow>, StoreError> {
        select::<LowWalletRow>("ORDER BY id").all(self.pool()).await
    }

    /// Keeps that an account was told.
    pub async fn keep_low_wallet(&self, wallet: &LowWalletRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.upsert(wallet).await?;
        work.commit().await
    }

    /// An account's wallet is not low any more.
    pub async fn drop_low_wallet(&self, account: AccountId) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        query("DELETE FROM low_wallets WHERE id = $1").bind(&account).run(&mut work).await?;
        work.commit().await
    }

    /// An account owes nothing any more.
    pub async fn drop_debt(&self, account: AccountId) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        query("DELETE FROM account_debts WHERE id = $1").bind(&account).run(&mut work).await?;
        work.commit().await
    }
}

/// One row for each account, day and country: with two in one statement PostgreSQL would refuse the second.
pub(crate) fn summed(rows: &[SpendingRow]) -> Vec<SpendingRow> {
    let mut sums = BTreeMap::<(i64, i64, &str), (i64, i64)>::new();
    for row in rows {
        let sum = sums.entry((row.account_id.raw(), row.day, &row.country)).or_default();
        *sum = (sum.0.saturating_add(row.messages), sum.1.saturating_add(row.micros));
    }
    let row = |((account, day, country), (messages, micros)): ((i64, i64, &str), _)| SpendingRow {
        account_id: AccountId::from_raw(account),
        day,
        country: country.to_owned(),
        messages,
        micros,
    };
    sums.into_iter().map(row).collect()
}
