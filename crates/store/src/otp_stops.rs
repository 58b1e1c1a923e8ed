//! Codes that the guard has stopped, or would have: counts by day, and the numbers that it need not look at.

use sambac_domain::{AccountId, Msisdn};

use crate::query::query;
use crate::rows::OtpStopRow;
use crate::{Store, StoreError};

impl Store {
    /// Adds to the counts.
    pub async fn add_otp_stops(&self, stops: &[OtpStopRow]) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for stop in stops {
            query(
                "INSERT INTO otp_stops (account_id, day, country, mcc_mnc, profile, rule, stopped, watched)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                 ON CONFLICT (account_id, day, country, mcc_mnc, profile, rule) DO UPDATE
                 SET stopped = otp_stops.stopped + excluded.stopped, watched = otp_stops.watched + excluded.watched",
            )
            .bind(&stop.account_id)
            .bind(&stop.day)
            .bind(&stop.country)
            .bind(&stop.mcc_mnc)
            .bind(&stop.profile)
            .bind(&stop.rule)
            .bind(&stop.stopped)
            .bind(&stop.watched)
            .run(&mut work)
            .await?;
        }
        work.commit().await
    }

    /// Whose codes were verified lately, newest first, each as often as that happened: the number and whose code it was.
    pub async fn otp_verified_numbers(&self, most: u32) -> Result<Vec<(AccountId, Msisdn)>, StoreError> {
        let verified = query("SELECT account_id, destination FROM otps WHERE state = 1 ORDER BY id DESC LIMIT $1");
        verified.bind(&i64::from(most)).all(self.pool()).await
    }
}
