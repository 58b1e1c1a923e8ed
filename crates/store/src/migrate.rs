//! Brings the schema to this program's version: forward only, one file per step.
//!
//! A version table says what was done. PostgreSQL gets an advisory lock, so that several processes may start at
//! once; in SQLite the transaction of a writer is lock enough.

use std::time::Duration;

use sqlx::AssertSqlSafe;

use crate::constraint::store_error;
use crate::dialect::Dialect;
use crate::kill_point;
use crate::query::query;
#[cfg(debug_assertions)]
use crate::simulated::to_its_end;
use crate::unit_of_work::{Transaction, UnitOfWork};
use crate::{Store, StoreError};

/// Every step: its version and its text. Only append.
pub(crate) const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_foundation.sql")),
    (2, include_str!("../migrations/0002_client_profiles.sql")),
    (4, include_str!("../migrations/0004_account_throughput.sql")),
    (5, include_str!("../migrations/0005_message_options.sql")),
    (6, include_str!("../migrations/0006_receipts.sql")),
    (7, include_str!("../migrations/0007_answered_id.sql")),
    (8, include_str!("../migrations/0008_mo.sql")),
    (9, include_str!("../migrations/0009_admin.sql")),
    (10, include_str!("../migrations/0010_connector_orders.sql")),
    (11, include_str!("../migrations/0011_alerts.sql")),
    (17, include_str!("../migrations/0017_ledger.sql")),
    (22, include_str!("../migrations/0022_payments.sql")),
    (23, include_str!("../migrations/0023_price_sheets.sql")),
    (24, include_str!("../migrations/0024_costs.sql")),
    (25, include_str!("../migrations/0025_catalogue.sql")),
    (26, include_str!("../migrations/0026_cdr_archives.sql")),
    (27, include_str!("../migrations/0027_erasures.sql")),
    (28, include_str!("../migrations/0028_reconcile.sql")),
    (29, include_str!("../migrations/0029_spending.sql")),
    (30, include_str!("../migrations/0030_statements.sql")),
    (31, include_str!("../migrations/0031_api_keys.sql")),
    (32, include_str!("../migrations/0032_otp.sql")),
    (33, include_str!("../migrations/0033_signing_keys.sql")),
    (36, include_str!("../migrations/0036_content_rules.sql")),
    (37, include_str!("../migrations/0037_audit.sql")),
    (38, include_str!("../migrations/0038_suspensions.sql")),
    (39, include_str!("../migrations/0039_events.sql")),
    (40, include_str!("../migrations/0040_otp_guard.sql")),
    (41, include_str!("../migrations/0041_low_wallets.sql")),
    (42, include_str!("../migrations/0042_webhook_settings.sql")),
    (43, include_str!("../migrations/0043_account_events.sql")),
    (44, include_str!("../migrations/0044_webhook_deliveries.sql")),
    (46, include_str!("../migrations/0046_issuers.sql")),
    (47, include_str!("../migrations/0047_users.sql")),
    (48, include_str!("../migrations/0048_request_keys.sql")),
    (51, include_str!("../migrations/0051_batches.sql")),
    (52, include_str!("../migrations/0052_templates.sql")),
    (53, include_str!("../migrations/0053_message_tags.sql")),
    (60, include_str!("../migrations/0060_commands_of_holds.sql")),
    (61, include_str!("../migrations/0061_proofs_of_payments.sql")),
    (62, include_str!("../migrations/0062_payments_sealed.sql")),
    (63, include_str!("../migrations/0063_opt_outs.sql")),
    (64, include_str!("../migrations/0064_batch_cancel.sql")),
    (70, include_str!("../migrations/0070_passkeys.sql")),
    (71, include_str!("../migrations/0071_vouched.sql")),
    (72, include_str!("../migrations/0072_webhook_environment.sql")),
    (73, include_str!("../migrations/0073_leases.sql")),
    (74, include_str!("../migrations/0074_request_nonces.sql")),
    (80, include_str!("../migrations/0080_passkey_answers.sql")),
    (85, include_str!("../migrations/0085_breakages.sql")),
    (86, include_str!("../migrations/0086_additions.sql")),
    (87, include_str!("../migrations/0087_doubted.sql")),
    (88, include_str!("../migrations/0088_cdr_days.sql")),
    (89, include_str!("../migrations/0089_orderly_leases.sql")),
];

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)";

/// A step takes as long as it takes; but whoever waits for a table that is in use keeps all others from it.
const LIMITS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s'";
/// Beside nodes that work: their leases are renewed by a table that a step may change.
const LIMITS_BESIDE: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '500ms'";
/// How often it is tried beside others, and the pause in between: a dump, say, has every table in use while it runs.
const TRIES_BESIDE: u32 = 40;
const PAUSE_BESIDE: Duration = Duration::from_secs(1);

/// From this step on the database knows which steps only add.
const FIRST_TO_SAY: i64 = 86;

/// Which steps only add.
const ADDITIONS: &str = "schema_additions";

/// Any number that nothing else in the database uses for its own lock.
const LOCK: &str = "SELECT pg_advisory_xact_lock(5342001110)";

impl Store {
    /// Runs the steps that this database has not seen, in one transaction: also one that it skipped, because two lines of
    /// work were brought together and the later number came first. A database that has seen a step which this program does
    /// not know is refused, unless the step only adds: so a node of the version before can start while others are updated.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.run_missing(&steps()).await
    }

    /// The same as long as a step only adds, which is in the way of no program that works now; nothing when the first one that is missing does more.
    ///
    /// # Errors
    /// As [`Store::migrate`].
    pub async fn migrate_beside_others(&self) -> Result<(), StoreError> {
        let missing = self.missing_steps().await?.unwrap_or_default();
        if missing.contains(&FIRST_TO_SAY) {
            return Ok(()); // A program of before this step knows no step that it does not know.
        }
        let steps_beside = beside_others(steps(), &missing);
        for _ in 1..TRIES_BESIDE {
            match self.run(&steps_beside, &steps(), LIMITS_BESIDE).await {
                Err(StoreError::Retryable) => tokio::time::sleep(PAUSE_BESIDE).await,
                done => return done,
            }
        }
        self.run(&steps_beside, &steps(), LIMITS_BESIDE).await
    }

    /// The steps that this database has not seen; `None` when it has no schema at all. Nothing is changed.
    ///
    /// # Errors
    /// It has seen steps that this program does not know; or the database does not answer.
    pub async fn missing_steps(&self) -> Result<Option<Vec<i64>>, StoreError> {
        let table = "schema_versions".to_owned();
        let mut work = self.begin_reading().await?;
        if !is_there(&mut work, &table).await? {
            return Ok(None);
        }
        let (done, steps) = (Done::read(&mut work).await?, steps());
        done.refuse_unknown(&steps)?;
        let missing = steps.iter().map(|(version, _)| *version).filter(|version| !done.all.contains(version));
        Ok(Some(missing.collect()))
    }

    pub(crate) async fn run_missing(&self, steps: &[(i64, &str)]) -> Result<(), StoreError> {
        self.run(steps, steps, LIMITS).await
    }

    /// Of all `known` steps these, where they are missing.
    async fn run(&self, steps: &[(i64, &str)], known: &[(i64, &str)], limits: &str) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        let dialect = self.pool().dialect();
        if dialect == Dialect::Postgres {
            raw(&mut work.transaction, LOCK.to_owned()).await?;
            raw(&mut work.transaction, limits.to_owned()).await?;
        }
        raw(&mut work.transaction, dialect.schema(VERSIONS)).await?;
        let done = Done::read(&mut work).await?;
        done.refuse_unknown(known)?;
        for (version, text) in steps.iter().filter(|(version, _)| !done.all.contains(version)) {
            raw(&mut work.transaction, dialect.schema(text)).await?;
            query("INSERT INTO schema_versions (version) VALUES ($1)").bind(version).run(&mut work).await?;
            kill_point::reached("mid_migration");
        }
        work.commit().await
    }
}

/// What a database has seen.
struct Done {
    all: Vec<i64>,
    /// Those of it that only add.
    additions: Vec<i64>,
}

impl Done {
    async fn read(work: &mut UnitOfWork) -> Result<Self, StoreError> {
        let all = query("SELECT version FROM schema_versions ORDER BY version").all_in::<(i64,)>(work).await?;
        let additions = if is_there(work, &ADDITIONS.to_owned()).await? {
            query("SELECT version FROM schema_additions").all_in::<(i64,)>(work).await?
        } else {
            Vec::new()
        };
        let versions = |rows: Vec<(i64,)>| rows.into_iter().map(|(version,)| version).collect();
        Ok(Self { all: versions(all), additions: versions(additions) })
    }

    /// A step that this program does not know was made by a newer one: who knows what it means, if it does not say that it only adds.
    fn refuse_unknown(&self, steps: &[(i64, &str)]) -> Result<(), StoreError> {
        let is_known = |version: i64| steps.iter().any(|(step, _)| *step == version);
        let strange = |version: &&i64| !is_known(**version) && !self.additions.contains(*version);
        let Some(unknown) = self.all.iter().rev().find(strange) else { return Ok(()) };
        let newest = steps.last().map_or(0, |(version, _)| *version);
        Err(StoreError::Migration(format!(
            "the database has step {unknown} of the schema, which this program does not know (its last is {newest}): it was \
             made by a newer program; run that one"
        )))
    }
}

/// Without the first of the missing steps that does more than add, and all missing ones after it.
fn beside_others<'a>(mut steps: Vec<(i64, &'a str)>, missing: &[i64]) -> Vec<(i64, &'a str)> {
    let is_more = |(version, text): &&(i64, &str)| missing.contains(version) && !only_adds(text);
    let more = steps.iter().find(is_more).map_or(i64::MAX, |(version, _)| *version);
    steps.retain(|(version, _)| !missing.contains(version) || *version < more);
    steps
}

/// Such a step says so itself.
fn only_adds(text: &str) -> bool {
    text.contains("INSERT INTO schema_additions")
}

async fn is_there(work: &mut UnitOfWork, table: &String) -> Result<bool, StoreError> {
    let count = query(work.dialect().count_tables()).bind(table).all_in::<(i64,)>(work).await?;
    Ok(count.first().is_some_and(|(count,)| *count > 0))
}

/// Those of this program; in tests perhaps those of a later one.
fn steps() -> Vec<(i64, &'static str)> {
    MIGRATIONS.iter().copied().chain(kill_point::later_step()).collect()
}

/// Runs a text of several statements without parameters.
async fn raw(transaction: &mut Transaction, text: String) -> Result<(), StoreError> {
    let text = sqlx::raw_sql(AssertSqlSafe(text));
    match transaction {
        Transaction::Sqlite(transaction) => text.execute(&mut **transaction).await.map(drop),
        Transaction::Postgres(transaction) => text.execute(&mut **transaction).await.map(drop),
        #[cfg(debug_assertions)]
        Transaction::Simulated(lease) => to_its_end(text.execute(lease.connection()?)).map(drop),
    }
    .map_err(|error| StoreError::Migration(store_error(error).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that no migration will have.
    const FIRST: (i64, &str) = (90_001, "CREATE TABLE first_step (id BIGINT PRIMARY KEY);");
    const SKIPPED: (i64, &str) = (90_002, "CREATE TABLE skipped_step (id BIGINT PRIMARY KEY);");
    const LAST: (i64, &str) = (90_003, "CREATE TABLE last_step (id BIGINT PRIMARY KEY);");

    fn with(more: &[(i64, &'static str)]) -> Vec<(i64, &'static str)> {
        [MIGRATIONS, more].concat()
    }

    /// Beside others what only adds is run, up to a step that does more.
    #[test]
    fn beside_others_steps_only_add() {
        let adds = "CREATE TABLE t (id BIGINT); INSERT INTO schema_additions (version) VALUES (2);";
        let steps = vec![(1, "a"), (2, adds), (3, "DROP TABLE t"), (4, adds)];
        let run = |missing: &[i64]| beside_others(steps.clone(), missing).iter().map(|step| step.0).collect::<Vec<_>>();
        assert_eq!(run(&[2, 3, 4]), [1, 2]);
        assert_eq!(run(&[2, 4]), [1, 2, 3, 4]);
        assert_eq!(run(&[1, 2]), Vec::<i64>::from([3, 4]), "what is done stays known");
    }

    /// A step that a database has skipped is run, once; a database with a step that nobody knows is refused, if the step does more than add.
    async fn skipped_steps_are_run(store: &Store) {
        store.run_missing(&with(&[FIRST, LAST])).await.unwrap();
        for _ in 0..2 {
            store.run_missing(&with(&[FIRST, SKIPPED, LAST])).await.unwrap();
        }
        let made = query("SELECT COUNT(*) FROM skipped_step").first::<(i64,)>(store.pool()).await.unwrap();
        assert_eq!(made, Some((0,)), "the table of the skipped step is there");
        let refused = store.run_missing(&with(&[FIRST, LAST])).await.unwrap_err().to_string();
        assert!(refused.contains("step 90002") && refused.contains("newer program"), "{refused}");
        let mut work = store.begin().await.unwrap();
        query("INSERT INTO schema_additions (version) VALUES (90001), (90002)").run(&mut work).await.unwrap();
        work.commit().await.unwrap();
        store.run_missing(&with(&[LAST])).await.expect("what only adds is in nobody's way");
    }

    #[tokio::test]
    async fn a_step_that_a_sqlite_file_skipped_is_run() {
        let path = std::env::temp_dir().join(format!("sambac-skipped-{}.db", std::process::id()));
        let store = Store::open(&format!("sqlite://{}", path.display())).await.unwrap();
        skipped_steps_are_run(&store).await;
        store.close().await;
        std::fs::remove_file(path).unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_step_that_a_postgresql_database_skipped_is_run() {
        let migrate = async |url: String| {
            let store = Store::open(&url).await.unwrap();
            store.migrate().await.unwrap();
            store.close().await;
        };
        let database = sambac_testkit::postgres::database(migrate).await.unwrap();
        let store = Store::open(database.url()).await.unwrap();
        skipped_steps_are_run(&store).await;
        store.close().await;
    }
}
