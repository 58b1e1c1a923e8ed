//! The history of the configuration: written with each change, in its unit of work, and never again.

use sambac_domain::Timestamp;

use crate::audit::NewAudit;
use crate::change::Change;
use crate::query::{query, select};
use crate::rows::ConfigVersionRow;
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

impl UnitOfWork {
    /// Keeps what was changed of the configuration so far as a version of its own, with an entry of the audit log. Answers its number; `None` when nothing was
    /// changed.
    pub async fn keep_version(&mut self, author: &str, reason: &str, at: Timestamp) -> Result<Option<i64>, StoreError> {
        if self.changes.is_empty() {
            return Ok(None);
        }
        let changes = serde_json::to_string(&self.changes).map_err(|error| StoreError::Statement(error.to_string()))?;
        let id = query("SELECT COALESCE(MAX(id), 0) + 1 FROM config_versions").number(self).await?;
        let (author, reason) = (author.to_owned(), reason.to_owned());
        let insert =
            "INSERT INTO config_versions (id, author, reason, changes, created_at) VALUES ($1, $2, $3, $4, $5)";
        let insert = query(insert).bind(&id).bind(&author).bind(&reason).bind(&changes).bind(&at);
        insert.run(self).await?;
        let entry = NewAudit {
            at,
            actor: author,
            action: "config.change".to_owned(),
            subject: format!("version {id}"),
            account_id: None,
            address: String::new(),
            detail: serde_json::json!({ "reason": reason }).to_string(),
        };
        self.append_audit(&[entry]).await?;
        Ok(Some(id))
    }
}

impl ConfigVersionRow {
    /// What it changed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is not what this program writes.
    pub fn list(&self) -> Result<Vec<Change>, StoreError> {
        let corrupt = |_| StoreError::Corrupt {
            table: "config_versions",
            column: "changes".to_owned(),
            row: self.id.to_string(),
        };
        serde_json::from_str(&self.changes).map_err(corrupt)
    }
}

impl Store {
    /// Versions before `before` (`None`: from the newest), the newest first, `limit` at most.
    pub async fn configuration_versions(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ConfigVersionRow>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        let versions = select::<ConfigVersionRow>("WHERE id < $1 ORDER BY id DESC LIMIT $2");
        versions.bind(&before).bind(&i64::from(limit)).all(self.pool()).await
    }

    /// The version of this number.
    pub async fn configuration_version_of(&self, number: i64) -> Result<Option<ConfigVersionRow>, StoreError> {
        select::<ConfigVersionRow>("WHERE id = $1").bind(&number).first(self.pool()).await
    }
}
