//! Keys by which requests are signed: configuration that clients change themselves.

use sambac_domain::{ApiKeyId, RequestKeyId, Timestamp};

use crate::query::{query, select};
use crate::rows::{RequestKeyRow, RequestNonceRow};
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

impl Store {
    /// The nonces of signatures that can hold still, at most so many.
    pub async fn request_nonces(&self, now: Timestamp, limit: u32) -> Result<Vec<RequestNonceRow>, StoreError> {
        let rows = select::<RequestNonceRow>("WHERE expires_at > $1 ORDER BY expires_at DESC LIMIT $2");
        rows.bind(&now).bind(&limit).all(self.pool()).await
    }

    /// Removes those whose signatures hold no more. Answers how many.
    pub async fn drop_request_nonces(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut work = self.begin().await?;
        let dropped = query("DELETE FROM request_nonces WHERE expires_at <= $1").bind(&now).run(&mut work).await?;
        work.commit().await.map(|()| dropped)
    }
}

impl UnitOfWork {
    /// The request keys of an API key, the oldest first.
    pub async fn request_keys_of(&mut self, key: ApiKeyId) -> Result<Vec<RequestKeyRow>, StoreError> {
        select::<RequestKeyRow>("WHERE api_key_id = $1 ORDER BY id").bind(&key).all_in(self).await
    }

    /// A request key.
    pub async fn request_key(&mut self, id: RequestKeyId) -> Result<Option<RequestKeyRow>, StoreError> {
        let rows = select::<RequestKeyRow>("WHERE id = $1").bind(&id).all_in::<RequestKeyRow>(self).await?;
        Ok(rows.into_iter().next())
    }

    /// Removes one. Answers whether there was one.
    pub async fn delete_request_key(&mut self, id: RequestKeyId) -> Result<bool, StoreError> {
        let is_gone = query("DELETE FROM request_keys WHERE id = $1").bind(&id).run(self).await? > 0;
        self.changed().await?;
        Ok(is_gone)
    }
}
