//! Changes a database behind the platform's back, whichever it is: to see whether somebody notices.

use anyhow::{Context as _, Result};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// Runs a text of several statements.
///
/// # Errors
/// When the database cannot be reached, or a statement fails.
pub async fn run(url: &str, sql: &str) -> Result<()> {
    let text = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await?;
        text.execute(&mut connection).await.with_context(|| sql.to_owned())?;
        return Ok(connection.close().await?);
    }
    let mut connection = PgConnection::connect(url).await?;
    text.execute(&mut connection).await.with_context(|| sql.to_owned())?;
    Ok(connection.close().await?)
}
