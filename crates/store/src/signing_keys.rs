//! Keys that sign what others verify. They are kept for as long as anybody may ask for their public halves.

use crate::query::select;
use crate::rows::SigningKeyRow;
use crate::{Store, StoreError};

impl Store {
    /// Keeps a new key.
    pub async fn insert_signing_key(&self, row: &SigningKeyRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.upsert(row).await?;
        work.commit().await
    }

    /// All keys, newest first.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        select::<SigningKeyRow>("ORDER BY id DESC").all(self.pool()).await
    }
}
