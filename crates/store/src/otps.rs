//! Reading one-time codes. They are written by the group commit alone.

use sambac_domain::{AccountId, MessageId, OtpId, Timestamp};

use crate::query::{query, select, select_listed};
use crate::rows::{OtpRow, OtpSendRow, OtpUseRow};
use crate::{Store, StoreError};

impl Store {
    /// Codes by their ids, whoever they belong to: the caller compares the account.
    pub async fn otps_by_ids(&self, ids: &[OtpId]) -> Result<Vec<OtpRow>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.raw()).collect();
        select_listed(self.pool(), &ids, "otps.id = v.column1").await
    }

    /// One of this account's codes.
    pub async fn otp(&self, account: AccountId, id: OtpId) -> Result<Option<OtpRow>, StoreError> {
        select::<OtpRow>("WHERE id = $2 AND account_id = $1").bind(&account).bind(&id).first(self.pool()).await
    }

    /// The code that a message tells.
    pub async fn otp_of_message(&self, message: MessageId) -> Result<Option<OtpId>, StoreError> {
        let found = query("SELECT otp_id FROM otp_sends WHERE id = $1").bind(&message);
        Ok(found.first::<(OtpId,)>(self.pool()).await?.map(|(id,)| id))
    }

    /// The messages by which a code was sent, oldest first.
    pub async fn otp_sends(&self, otp: OtpId) -> Result<Vec<OtpSendRow>, StoreError> {
        select::<OtpSendRow>("WHERE otp_id = $1 ORDER BY id").bind(&otp).all(self.pool()).await
    }

    /// Codes whose time is over by `now`.
    pub async fn otps_expired(&self, now: Timestamp, limit: u32) -> Result<Vec<OtpId>, StoreError> {
        let expired = query("SELECT id FROM otps WHERE state = 0 AND expires_at <= $1 ORDER BY expires_at LIMIT $2");
        let limit = i64::from(limit);
        let rows = expired.bind(&now).bind(&limit).all::<(OtpId,)>(self.pool()).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Codes whose next way begins by `now`.
    pub async fn otps_due(&self, now: Timestamp, limit: u32) -> Result<Vec<OtpRow>, StoreError> {
        let due = select::<OtpRow>("WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at LIMIT $2");
        due.bind(&now).bind(&i64::from(limit)).all(self.pool()).await
    }

    /// Codes that have ended and whose messages are to be paid for or not.
    pub async fn otps_to_settle(&self, limit: u32) -> Result<Vec<OtpRow>, StoreError> {
        select::<OtpRow>("WHERE settle_due ORDER BY id LIMIT $1").bind(&i64::from(limit)).all(self.pool()).await
    }

    /// What this account told of codes of its own.
    pub async fn otp_uses(&self, account: AccountId) -> Result<Vec<OtpUseRow>, StoreError> {
        select::<OtpUseRow>("WHERE account_id = $1 ORDER BY id").bind(&account).all(self.pool()).await
    }
}
