//! The platform's database, read from outside with SQL of our own: what tests believe, they count here.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sambac_domain::MessageState;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, FromRow, SqliteConnection};

/// A connection that only reads. The platform may run meanwhile, or be down.
#[derive(Debug)]
pub struct Database(SqliteConnection);

impl Database {
    /// Opens a SQLite database.
    ///
    /// # Errors
    /// When there is none.
    pub async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(10));
        let connection = SqliteConnection::connect_with(&options).await;
        Ok(Self(connection.with_context(|| format!("opening {}", path.display()))?))
    }

    /// Changes a database that nobody serves: to see whether the oracle notices.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn spoil(path: &Path, sql: &str) -> Result<()> {
        let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await?;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.with_context(|| sql.to_owned())?;
        Ok(connection.close().await?)
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// When the query fails or its rows are of another shape.
    pub async fn rows<T>(&mut self, sql: &str) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let query = sqlx::query_as(AssertSqlSafe(sql.to_owned()));
        query.fetch_all(&mut self.0).await.with_context(|| sql.to_owned())
    }

    /// The one number that a query gives; null counts as 0.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn number(&mut self, sql: &str) -> Result<i64> {
        let query = sqlx::query_scalar::<_, Option<i64>>(AssertSqlSafe(sql.to_owned()));
        Ok(query.fetch_one(&mut self.0).await.with_context(|| sql.to_owned())?.unwrap_or_default())
    }

    /// How many messages are in each state; states without any are left out.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn messages(&mut self) -> Result<BTreeMap<&'static str, i64>> {
        self.by_state("SELECT state, COUNT(*) FROM messages GROUP BY state").await
    }

    /// How many segments are in each state.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn segments(&mut self) -> Result<BTreeMap<&'static str, i64>> {
        self.by_state("SELECT state, COUNT(*) FROM segments GROUP BY state").await
    }

    /// Messages that have not ended.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn open_messages(&mut self) -> Result<i64> {
        self.number("SELECT COUNT(*) FROM messages WHERE final_at IS NULL").await
    }

    async fn by_state(&mut self, sql: &str) -> Result<BTreeMap<&'static str, i64>> {
        let rows: Vec<(i64, i64)> = self.rows(sql).await?;
        let name =
            |code: i64| i16::try_from(code).ok().and_then(MessageState::from_code).map_or("?", MessageState::as_str);
        Ok(rows.into_iter().map(|(code, count)| (name(code), count)).collect())
    }
}

/// The number that an id such as `msg_01h2xcejqtf2n` stands for in the database and over SMPP (Crockford's base 32).
///
/// # Errors
/// When it is no id.
pub fn raw_id(id: &str) -> Result<i64> {
    let digits = id.split_once('_').with_context(|| format!("no id: {id}"))?.1;
    digits.chars().try_fold(0_i64, |number, digit| {
        let value = "0123456789abcdefghjkmnpqrstvwxyz".find(digit).with_context(|| format!("no id: {id}"))?;
        Ok((number << 5) | i64::try_from(value)?)
    })
}
