//! Leases: what one node at a time may do, until a moment of the database's own clock. Whoever gets a lease after another has an
//! epoch that is greater by one.

use std::time::Duration;

use sambac_domain::Timestamp;
use sqlx::AssertSqlSafe;

use crate::query::{query, select};
use crate::rows::LeaseRow;
use crate::{Store, StoreError};

impl Store {
    /// Whether this database knows leases: an older schema does not, nor an empty database.
    pub async fn has_leases(&self) -> Result<bool, StoreError> {
        let table = "leases".to_owned();
        let tables = query(self.pool().dialect().count_tables()).bind(&table).first::<(i64,)>(self.pool()).await?;
        Ok(tables.is_some_and(|(count,)| count > 0))
    }

    /// Takes a lease for so long, if nobody holds it; `None` while another holds it.
    pub async fn take_lease(&self, name: &str, holder: &str, time: Duration) -> Result<Option<LeaseRow>, StoreError> {
        let now = self.pool().dialect().now_us();
        let take = format!(
            "INSERT INTO leases (name, holder, epoch, expires_at, orderly_since) VALUES ($1, $2, 1, {now} + $3, 1)
             ON CONFLICT (name) DO UPDATE SET holder = $2, epoch = leases.epoch + 1, expires_at = {now} + $3,
                orderly_since = CASE leases.orderly_epoch
                    WHEN leases.epoch THEN leases.orderly_since ELSE leases.epoch + 1 END
                WHERE leases.expires_at <= {now}"
        );
        let (name, holder, time_us) = (name.to_owned(), holder.to_owned(), micros(time));
        // Whoever waits asks again and again: that locks nothing.
        let held = query(AssertSqlSafe(format!("SELECT epoch FROM leases WHERE name = $1 AND expires_at > {now}")));
        if held.bind(&name).first::<(i64,)>(self.pool()).await?.is_some() {
            return Ok(None);
        }
        let mut work = self.begin().await?;
        let taken = query(AssertSqlSafe(take)).bind(&name).bind(&holder).bind(&time_us).run(&mut work).await?;
        if taken == 0 {
            return Ok(None);
        }
        let rows = select::<LeaseRow>("WHERE name = $1").bind(&name).all_in::<LeaseRow>(&mut work).await?;
        work.commit().await?;
        Ok(rows.into_iter().next())
    }

    /// Holds a lease for so long from now on, also when its time was over and nobody else has it. Answers whether it is held:
    /// false when another has had it since, or it was given up.
    pub async fn renew_lease(&self, name: &str, epoch: i64, time: Duration) -> Result<bool, StoreError> {
        let now = self.pool().dialect().now_us();
        let renew =
            format!("UPDATE leases SET expires_at = {now} + $3 WHERE name = $1 AND epoch = $2 AND expires_at > 0");
        self.change_lease(renew, name, epoch, micros(time)).await
    }

    /// Gives a lease up, so that whoever waits for it need not wait for its time. Answers whether it was held.
    pub async fn release_lease(&self, name: &str, epoch: i64) -> Result<bool, StoreError> {
        let release = "UPDATE leases SET expires_at = $3 WHERE name = $1 AND epoch = $2";
        self.change_lease(release.to_owned(), name, epoch, Timestamp::EPOCH.0).await
    }

    /// Gives a lease up in good order: whatever its holder did by it others know. Answers whether it was held.
    pub async fn hand_over_lease(&self, name: &str, epoch: i64) -> Result<bool, StoreError> {
        let hand_over = "UPDATE leases SET expires_at = $3, orderly_epoch = epoch WHERE name = $1 AND epoch = $2";
        self.change_lease(hand_over.to_owned(), name, epoch, Timestamp::EPOCH.0).await
    }

    /// Who holds a lease, or held it last; `None` when nobody ever has.
    pub async fn lease(&self, name: &str) -> Result<Option<LeaseRow>, StoreError> {
        let name = name.to_owned();
        select::<LeaseRow>("WHERE name = $1").bind(&name).first(self.pool()).await
    }

    /// The leases that somebody holds now and whose names begin so, in the order of their names.
    pub async fn leases_held(&self, beginning: &str) -> Result<Vec<LeaseRow>, StoreError> {
        let now = self.pool().dialect().now_us();
        let beginning = beginning.to_owned();
        let held = format!("WHERE substr(name, 1, length($1)) = $1 AND expires_at > {now} ORDER BY name");
        select::<LeaseRow>(&held).bind(&beginning).all(self.pool()).await
    }

    async fn change_lease(&self, sql: String, name: &str, epoch: i64, until: i64) -> Result<bool, StoreError> {
        let (name, mut work) = (name.to_owned(), self.begin().await?);
        let changed = query(AssertSqlSafe(sql)).bind(&name).bind(&epoch).bind(&until).run(&mut work).await?;
        work.commit().await?;
        Ok(changed > 0)
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4)
}
