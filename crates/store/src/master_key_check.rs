//! The proof of the master key: a constant sealed with it, so that a wrong key is known before anything is sealed with it.

use crate::query::query;
use crate::{Store, StoreError};

impl Store {
    /// The sealed constant, once one was kept.
    pub async fn master_key_check(&self) -> Result<Option<String>, StoreError> {
        let kept = query("SELECT value FROM platform WHERE key = 'master_key_check'");
        Ok(kept.first::<(String,)>(self.pool()).await?.map(|(sealed,)| sealed))
    }

    /// Keeps the sealed constant, unless one is kept. Which one that is tells [`Store::master_key_check`].
    pub async fn keep_master_key_check(&self, sealed: &str) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        let keep = "INSERT INTO platform (key, value) VALUES ('master_key_check', $1) ON CONFLICT (key) DO NOTHING";
        query(keep).bind(&sealed.to_owned()).run(&mut work).await?;
        work.commit().await
    }
}
