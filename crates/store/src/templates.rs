//! Templates: versions are added, decided on, and never changed.

use sambac_domain::{AccountId, TemplateId};

use crate::query::{query, select};
use crate::rows::{TemplateRow, TemplateState};
use crate::{Store, StoreError};

impl Store {
    /// One of this account's versions.
    pub async fn template(&self, account: AccountId, id: TemplateId) -> Result<Option<TemplateRow>, StoreError> {
        select::<TemplateRow>("WHERE account_id = $1 AND id = $2").bind(&account).bind(&id).first(self.pool()).await
    }

    /// This account's versions, the newest first: those before `before`, `limit` at most. Of one name, or of all when that is empty.
    pub async fn templates_of(
        &self,
        account: AccountId,
        name: &str,
        before: Option<TemplateId>,
        limit: u32,
    ) -> Result<Vec<TemplateRow>, StoreError> {
        let (before, name) = (before.unwrap_or(TemplateId::from_raw(i64::MAX)), name.to_owned());
        select::<TemplateRow>("WHERE account_id = $1 AND id < $2 AND ($3 = '' OR name = $3) ORDER BY id DESC LIMIT $4")
            .bind(&account)
            .bind(&before)
            .bind(&name)
            .bind(&limit)
            .all(self.pool())
            .await
    }

    /// How many versions this account has, of all templates.
    pub async fn count_templates(&self, account: AccountId) -> Result<i64, StoreError> {
        let count = query("SELECT COUNT(*) FROM templates WHERE account_id = $1").bind(&account);
        Ok(count.first::<(i64,)>(self.pool()).await?.map_or(0, |(count,)| count))
    }

    /// Adds a version. One whose number is taken is `Conflict("templates.version")`.
    pub async fn add_template(&self, row: &TemplateRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        query(
            "INSERT INTO templates (id, account_id, name, version, definition, state, created_by, created_at,
                decided_by, decided_at, reason)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(&row.id)
        .bind(&row.account_id)
        .bind(&row.name)
        .bind(&row.version)
        .bind(&row.definition)
        .bind(&row.state)
        .bind(&row.created_by)
        .bind(&row.created_at)
        .bind(&row.decided_by)
        .bind(&row.decided_at)
        .bind(&row.reason)
        .run(&mut work)
        .await?;
        work.commit().await
    }

    /// Decides on a version as `row` says, if it is still `from`; the configuration has changed then. Answers whether it was.
    pub async fn decide_template(&self, row: &TemplateRow, from: TemplateState) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let decide = query(
            "UPDATE templates SET state = $3, decided_by = $4, decided_at = $5, reason = $6
             WHERE account_id = $1 AND id = $2 AND state = $7",
        );
        let decide = decide.bind(&row.account_id).bind(&row.id).bind(&row.state).bind(&row.decided_by);
        if decide.bind(&row.decided_at).bind(&row.reason).bind(&from).run(&mut work).await? == 0 {
            return Ok(false);
        }
        work.changed().await?;
        work.commit().await.map(|()| true)
    }
}
