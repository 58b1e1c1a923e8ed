//! What people asked of connectors. It is no configuration: a version does not keep it, and a rollback does not change it.

use crate::query::select;
use crate::rows::ConnectorOrderRow;
use crate::{Store, StoreError};

impl Store {
    /// What was last asked of each connector of which anything was.
    pub async fn connector_orders(&self) -> Result<Vec<ConnectorOrderRow>, StoreError> {
        select::<ConnectorOrderRow>("ORDER BY id").all(self.pool()).await
    }

    /// Keeps what is asked of a connector, instead of what was asked before. Of one that is not there it is a
    /// `Conflict("reference")`.
    pub async fn keep_connector_order(&self, order: &ConnectorOrderRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.upsert(order).await?;
        work.commit().await
    }
}
