//! In PostgreSQL the table of CDRs is one of parts: a table for each day (UTC), made ahead, that goes as a whole when its records are in a file. Nothing is
//! deleted row by row then, and nothing is left to be vacuumed.
//!
//! ```text
//! cdr_sms_until_20261129   all days before that one: what was there when the table was parted
//! cdr_sms_20261129         a day
//! cdr_sms_other            what has no day: records that were put back, or of a day that was not made in time
//! ```

use std::time::Duration;

use sambac_domain::Day;
use sqlx::AssertSqlSafe;

use crate::dialect::Dialect;
use crate::query::query;
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

const UNTIL: &str = "cdr_sms_until_";
/// Whoever waits for the table keeps everybody else from it: so for a moment at a time, again and again.
const LOCK_LIMIT: &str = "SET LOCAL lock_timeout = '200ms'";
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(300);

impl Store {
    /// Makes tables for the records of so many days from `first` on, those that are not there yet; answers how many it made. SQLite has one for all.
    ///
    /// # Errors
    /// When the database does not answer, or the table is in use all the time for some seconds; those that were made stay.
    pub async fn make_cdr_days(&self, first: Day, days: u16) -> Result<u16, StoreError> {
        let (mut made, mut failed) = (0, None);
        if self.pool().dialect() == Dialect::Postgres {
            for day in (0..days).map(|days| first.plus(i64::from(days))) {
                match self.make_cdr_day(day).await {
                    Ok(is_made) => made += u16::from(is_made),
                    // The table is in use: for the next one, too.
                    Err(StoreError::Retryable) => return Err(StoreError::Retryable),
                    // One that cannot be made now keeps no other from it.
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
        }
        failed.map_or(Ok(made), Err)
    }

    async fn make_cdr_day(&self, day: Day) -> Result<bool, StoreError> {
        let mut tries = 0;
        loop {
            let done = self.make_part(day).await;
            if !is_to_come_again(&done, &mut tries).await {
                return done;
            }
        }
    }

    async fn make_part(&self, day: Day) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let (name, digits) = (name_of(day), digits_of(day));
        let has_it = |part: &String| *part == name || part.strip_prefix(UNTIL).is_some_and(|until| *digits < *until);
        if parts(&mut work).await?.iter().any(has_it) {
            return Ok(false);
        }
        let (above, last) = day.ids();
        let (from, to) = (above + 1, last + 1);
        run(
            &mut work,
            [
                LOCK_LIMIT.to_owned(),
                // Nobody puts more of that day there meanwhile.
                "LOCK TABLE cdr_sms_other IN ACCESS EXCLUSIVE MODE".to_owned(),
                format!("CREATE TABLE {name} (LIKE cdr_sms INCLUDING DEFAULTS, PRIMARY KEY (id))"),
                format!(
                    "WITH its AS (DELETE FROM cdr_sms_other WHERE id >= {from} AND id < {to} RETURNING *)
                 INSERT INTO {name} SELECT * FROM its"
                ),
                format!("ALTER TABLE cdr_sms ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})"),
            ],
        )
        .await?;
        work.commit().await.map(|()| true)
    }

    /// Removes the table of a day with all of its records; answers whether there were any. `None`: the day has no table.
    pub(crate) async fn drop_cdr_day(&self, day: Day) -> Result<Option<bool>, StoreError> {
        if self.pool().dialect() == Dialect::Sqlite {
            return Ok(None);
        }
        let mut tries = 0;
        loop {
            let done = self.drop_part(day).await;
            if !is_to_come_again(&done, &mut tries).await {
                return done;
            }
        }
    }

    async fn drop_part(&self, day: Day) -> Result<Option<bool>, StoreError> {
        let mut work = self.begin().await?;
        let name = name_of(day);
        if !parts(&mut work).await?.contains(&name) {
            return Ok(None);
        }
        // Before anybody has to wait.
        let first = query(AssertSqlSafe(format!("SELECT id FROM {name} LIMIT 1"))).all_in::<(i64,)>(&mut work).await?;
        let detach = format!("ALTER TABLE cdr_sms DETACH PARTITION {name}");
        run(&mut work, [LOCK_LIMIT.to_owned(), detach, format!("DROP TABLE {name}")]).await?;
        work.commit().await?;
        Ok(Some(!first.is_empty()))
    }
}

/// Whether it is to be done once more, after a pause: others had the table in use.
async fn is_to_come_again<T>(done: &Result<T, StoreError>, tries: &mut u32) -> bool {
    let is_in_use = matches!(done, Err(StoreError::Retryable));
    *tries += 1;
    if is_in_use && *tries < TRIES {
        tokio::time::sleep(PAUSE).await;
        return true;
    }
    false
}

fn digits_of(day: Day) -> String {
    day.to_string().replace('-', "")
}

fn name_of(day: Day) -> String {
    format!("cdr_sms_{}", digits_of(day))
}

/// The names of all parts.
async fn parts(work: &mut UnitOfWork) -> Result<Vec<String>, StoreError> {
    let names = query(
        "SELECT CAST(relname AS TEXT) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = CAST('cdr_sms' AS regclass)",
    );
    let names = names.all_in::<(String,)>(work).await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}

async fn run<const N: usize>(work: &mut UnitOfWork, statements: [String; N]) -> Result<(), StoreError> {
    for statement in statements {
        query(AssertSqlSafe(statement)).run(work).await?;
    }
    Ok(())
}
