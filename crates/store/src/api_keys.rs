//! API keys one by one, and when each was last used.

use sambac_domain::{AccountId, ApiKeyId};

use crate::query::{query, select};
use crate::rows::{ApiKeyRow, ApiKeyUseRow};
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

impl Store {
    /// This account's keys, revoked ones too, the newest first: those before `before`, `limit` at most. Of one environment, or of
    /// all when that is empty.
    pub async fn api_keys_of(
        &self,
        account: AccountId,
        environment: &str,
        before: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyRow>, StoreError> {
        let (before, environment) = (before.unwrap_or(ApiKeyId::from_raw(i64::MAX)), environment.to_owned());
        let rows = select::<ApiKeyRow>(
            "WHERE account_id = $1 AND id < $2 AND ($3 = '' OR environment = $3) ORDER BY id DESC LIMIT $4",
        );
        rows.bind(&account).bind(&before).bind(&environment).bind(&limit).all(self.pool()).await
    }

    /// When each of these keys was last used; those that never were are left out.
    pub async fn api_key_uses(&self, keys: &[ApiKeyId]) -> Result<Vec<ApiKeyUseRow>, StoreError> {
        let ids: Vec<i64> = keys.iter().map(|key| key.raw()).collect();
        crate::query::select_listed(self.pool(), &ids, "id = v.column1").await
    }

    /// Keeps when keys were used, unless a later use is kept.
    pub async fn keep_api_key_uses(&self, uses: &[ApiKeyUseRow]) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for row in uses {
            let keep = query(
                "INSERT INTO api_key_uses (id, used_at) VALUES ($1, $2)
                 ON CONFLICT (id) DO UPDATE SET used_at = $2 WHERE api_key_uses.used_at < $2",
            );
            keep.bind(&row.id).bind(&row.used_at).run(&mut work).await?;
        }
        work.commit().await
    }
}

impl UnitOfWork {
    /// A key, as it is in this unit of work.
    pub async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKeyRow>, StoreError> {
        let rows = select::<ApiKeyRow>("WHERE id = $1").bind(&id).all_in::<ApiKeyRow>(self).await?;
        Ok(rows.into_iter().next())
    }

    /// Whether this account has, or had, a key of that name.
    pub async fn has_api_key_named(&mut self, account: AccountId, name: &str) -> Result<bool, StoreError> {
        let (name, count) = (name.to_owned(), "SELECT COUNT(*) FROM api_keys WHERE account_id = $1 AND name = $2");
        Ok(query(count).bind(&account).bind(&name).number(self).await? > 0)
    }

    /// How many keys of this account are not revoked.
    pub async fn count_api_keys(&mut self, account: AccountId) -> Result<i64, StoreError> {
        let count = "SELECT COUNT(*) FROM api_keys WHERE account_id = $1 AND state <> 'revoked'";
        query(count).bind(&account).number(self).await
    }
}
