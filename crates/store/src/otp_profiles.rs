//! How accounts have their one-time codes made: configuration that clients change themselves.

use sambac_domain::{AccountId, OtpProfileId};

use crate::query::{query, select};
use crate::rows::OtpProfileRow;
use crate::{Store, StoreError};

impl Store {
    /// This account's profiles, by name.
    pub async fn otp_profiles_of(&self, account: AccountId) -> Result<Vec<OtpProfileRow>, StoreError> {
        select::<OtpProfileRow>("WHERE account_id = $1 ORDER BY name").bind(&account).all(self.pool()).await
    }

    /// Removes one of this account's profiles. Answers whether there was one.
    pub async fn delete_otp_profile(&self, account: AccountId, id: OtpProfileId) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let delete = query("DELETE FROM otp_profiles WHERE account_id = $1 AND id = $2").bind(&account).bind(&id);
        if delete.run(&mut work).await? == 0 {
            return Ok(false);
        }
        work.changed().await?;
        work.commit().await.map(|()| true)
    }
}
