//! Alerts, as they were when somebody last looked: open, acknowledged, cleared.

use crate::query::{query, select};
use crate::rows::AlertRow;
use crate::{Store, StoreError};

impl Store {
    /// Every alert that is kept.
    pub async fn alerts(&self) -> Result<Vec<AlertRow>, StoreError> {
        select::<AlertRow>("ORDER BY id").all(self.pool()).await
    }

    /// Removes those of the ids `gone`, then makes each of `alerts`, or gives the one of its id these values.
    pub async fn keep_alerts(&self, alerts: &[AlertRow], gone: &[String]) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for id in gone {
            query("DELETE FROM alerts WHERE id = $1").bind(id).run(&mut work).await?;
        }
        for alert in alerts {
            work.upsert(alert).await?;
        }
        work.commit().await
    }
}
