//! Proof that no bulk statement makes SQLite read a table from end to end.

use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

use super::statement::Statements;
use crate::dialect::Dialect;
use crate::migrate::MIGRATIONS;

#[tokio::test]
async fn no_bulk_statement_scans_a_table() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    for (_, step) in MIGRATIONS {
        let schema = Dialect::Sqlite.schema(step);
        sqlx::raw_sql(AssertSqlSafe(schema)).execute(&mut connection).await.unwrap();
    }
    for text in Statements::new(Dialect::Sqlite).texts(4) {
        let explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")));
        let steps = explain.fetch_all(&mut connection).await.unwrap();
        for step in steps.iter().map(|row| row.get::<String, _>("detail")) {
            let reads_the_list = step == "SCAN v" || step.ends_with("VALUES CLAUSE");
            assert!(!step.starts_with("SCAN") || reads_the_list, "{text}: {step}");
        }
    }
}
