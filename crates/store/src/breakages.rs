//! On what the program broke.

use crate::query::select;
use crate::rows::BreakageRow;
use crate::{Store, StoreError};

impl Store {
    /// Everything that any program broke on.
    pub async fn breakages(&self) -> Result<Vec<BreakageRow>, StoreError> {
        select::<BreakageRow>("ORDER BY id").all(self.pool()).await
    }

    /// Keeps a breakage, instead of what was kept of it before.
    pub async fn keep_breakage(&self, breakage: &BreakageRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.upsert(breakage).await?;
        work.commit().await
    }
}
