//! One statement with its parameters, run on whichever database is there.
//!
//! ```ignore
//! let keys = query("SELECT id FROM api_keys WHERE account_id = $1").bind(&account).all::<(ApiKeyId,)>(&pool).await?;
//! ```

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::StoreError;
use crate::constraint::store_error;
use crate::pool::Pool;
use crate::rows::{Record, Row};
#[cfg(debug_assertions)]
use crate::simulated::{Lease, to_its_end};
use crate::unit_of_work::{Transaction, UnitOfWork};
use crate::value::{Columns, Field, Value, postgres_arguments, sqlite_arguments};

/// A statement; `$1` is the first value bound.
pub(crate) struct Query<'a> {
    sql: SqlStr,
    values: Vec<Value<'a>>,
}

/// A statement without parameters yet.
pub(crate) fn query<'a>(sql: impl SqlSafeStr) -> Query<'a> {
    Query { sql: sql.into_sql_str(), values: Vec::new() }
}

/// Rows as a database gives them.
enum Rows {
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

impl Rows {
    fn read<R: Row>(&self) -> Result<Vec<R>, StoreError> {
        match self {
            Self::Sqlite(rows) => rows.iter().map(|row| R::read(&mut Columns::sqlite(row, R::SOURCE))).collect(),
            Self::Postgres(rows) => rows.iter().map(|row| R::read(&mut Columns::postgres(row, R::SOURCE))).collect(),
        }
    }
}

impl<'a> Query<'a> {
    /// Binds the next parameter.
    pub(crate) fn bind(mut self, field: &'a impl Field) -> Self {
        self.values.push(field.value());
        self
    }

    /// Binds all of these parameters.
    pub(crate) fn bind_all(mut self, values: Vec<Value<'a>>) -> Self {
        self.values = if self.values.is_empty() { values } else { [self.values, values].concat() };
        self
    }

    /// Reads all rows, outside of any unit of work.
    pub(crate) async fn all<R: Row>(self, pool: &Pool) -> Result<Vec<R>, StoreError> {
        let rows = self.fetch(pool).await;
        pool.damage().heed(rows.and_then(|rows| rows.read()))
    }

    /// Reads all rows, in a unit of work: with what it has written so far.
    pub(crate) async fn all_in<R: Row>(self, work: &mut UnitOfWork) -> Result<Vec<R>, StoreError> {
        self.fetch_in(work).await?.read()
    }

    /// What does not ask what the rows are is compiled once.
    async fn fetch(self, pool: &Pool) -> Result<Rows, StoreError> {
        pool.used();
        pool.in_time(self.fetch_from(pool)).await
    }

    async fn fetch_from(self, pool: &Pool) -> Result<Rows, StoreError> {
        match pool {
            Pool::Sqlite { readers, .. } => {
                let query = sqlx::query_with(self.sql, sqlite_arguments(&self.values));
                query.fetch_all(readers).await.map(Rows::Sqlite).map_err(store_error)
            }
            Pool::Postgres { pool, .. } => {
                let query = sqlx::query_with(self.sql, postgres_arguments(&self.values));
                query.fetch_all(pool).await.map(Rows::Postgres).map_err(store_error)
            }
            #[cfg(debug_assertions)]
            Pool::Simulated { connections, .. } => self.fetch_simulated(&mut connections.reader().await?),
        }
    }

    async fn fetch_in(self, work: &mut UnitOfWork) -> Result<Rows, StoreError> {
        match &mut work.transaction {
            Transaction::Sqlite(transaction) => {
                let query = sqlx::query_with(self.sql, sqlite_arguments(&self.values));
                query.fetch_all(&mut **transaction).await.map(Rows::Sqlite).map_err(store_error)
            }
            Transaction::Postgres(transaction) => {
                let query = sqlx::query_with(self.sql, postgres_arguments(&self.values));
                query.fetch_all(&mut **transaction).await.map(Rows::Postgres).map_err(store_error)
            }
            #[cfg(debug_assertions)]
            Transaction::Simulated(lease) => self.fetch_simulated(lease),
        }
    }

    #[cfg(debug_assertions)]
    fn fetch_simulated(self, lease: &mut Lease) -> Result<Rows, StoreError> {
        let query = sqlx::query_with(self.sql, sqlite_arguments(&self.values));
        to_its_end(query.fetch_all(lease.connection()?)).map(Rows::Sqlite).map_err(store_error)
    }

    /// Reads the first row.
    pub(crate) async fn first<R: Row>(self, pool: &Pool) -> Result<Option<R>, StoreError> {
        Ok(self.all(pool).await?.into_iter().next())
    }

    /// Writes, in a unit of work. Answers how many rows were changed.
    pub(crate) async fn run(self, work: &mut UnitOfWork) -> Result<u64, StoreError> {
        match &mut work.transaction {
            Transaction::Sqlite(transaction) => {
                let query = sqlx::query_with(self.sql, sqlite_arguments(&self.values));
                query.execute(&mut **transaction).await.map(|done| done.rows_affected())
            }
            Transaction::Postgres(transaction) => {
                let query = sqlx::query_with(self.sql, postgres_arguments(&self.values));
                query.execute(&mut **transaction).await.map(|done| done.rows_affected())
            }
            #[cfg(debug_assertions)]
            Transaction::Simulated(lease) => {
                let query = sqlx::query_with(self.sql, sqlite_arguments(&self.values));
                to_its_end(query.execute(lease.connection()?)).map(|done| done.rows_affected())
            }
        }
        .map_err(store_error)
    }

    /// Reads one number, in a unit of work; 0 when there is no row.
    pub(crate) async fn number(self, work: &mut UnitOfWork) -> Result<i64, StoreError> {
        match &mut work.transaction {
            Transaction::Sqlite(transaction) => {
                let query = sqlx::query_scalar_with(self.sql, sqlite_arguments(&self.values));
                query.fetch_optional(&mut **transaction).await
            }
            Transaction::Postgres(transaction) => {
                let query = sqlx::query_scalar_with(self.sql, postgres_arguments(&self.values));
                query.fetch_optional(&mut **transaction).await
            }
            #[cfg(debug_assertions)]
            Transaction::Simulated(lease) => {
                let query = sqlx::query_scalar_with(self.sql, sqlite_arguments(&self.values));
                to_its_end(query.fetch_optional(lease.connection()?))
            }
        }
        .map(Option::unwrap_or_default)
        .map_err(store_error)
    }
}

/// `SELECT` of all columns of `R` from its table, then `rest`.
pub(crate) fn select<'a, R: Record>(rest: &str) -> Query<'a> {
    query(AssertSqlSafe(format!("SELECT {} FROM {} {rest}", R::COLUMNS.join(", "), R::TABLE)))
}

/// All rows of `R`'s table for which `condition` holds with `v.column1`, one of `keys`. In the order of their ids.
///
/// The list is made up to a power of two with a number that no id or key is near, so that a few texts serve all.
/// `CROSS JOIN` tells SQLite to go through the list and look into the table, never the other way round.
pub(crate) async fn select_listed<R: Record + Row>(
    pool: &Pool,
    keys: &[i64],
    condition: &str,
) -> Result<Vec<R>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    for keys in keys.chunks(LISTED_MAX) {
        let size = keys.len().next_power_of_two();
        let sql = format!(
            "SELECT {columns} FROM (VALUES {list}) AS v CROSS JOIN {table} WHERE {condition} ORDER BY {table}.id",
            columns = R::COLUMNS.join(", "),
            table = R::TABLE,
            list = pool.dialect().tuples(0, size, 1),
        );
        let keys = keys.iter().chain(std::iter::repeat(&NO_KEY)).take(size).map(Field::value).collect();
        found.extend(query(AssertSqlSafe(sql)).bind_all(keys).all::<R>(pool).await?);
    }
    Ok(found)
}

const LISTED_MAX: usize = 256;
const NO_KEY: i64 = i64::MIN;
