//! Rows as they lie in the database, whatever they hold: one that somebody has edited may be of no type that we know.

use sqlx::AssertSqlSafe;

use super::leaf::{put_number, put_octets};
use crate::pool::Pool;
use crate::query::query;
use crate::rows::Row;
use crate::value::{Columns, Field as _, Value};
use crate::{Store, StoreError};

/// A column's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Raw {
    Null,
    Number(i64),
    Text(String),
    Octets(Vec<u8>),
    /// A kind of value that we never write.
    Strange,
}

/// All columns of a row, from left to right.
#[derive(Debug, Clone)]
pub(super) struct RawRow(Vec<Raw>);

impl RawRow {
    pub(super) fn new(values: Vec<Raw>) -> Self {
        Self(values)
    }

    pub(super) fn value(&self, place: usize) -> &Raw {
        self.0.get(place).unwrap_or(&Raw::Strange)
    }

    pub(super) fn number(&self, place: usize) -> Option<i64> {
        match self.value(place) {
            Raw::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn id(&self) -> i64 {
        self.number(0).unwrap_or_default()
    }
}

impl Raw {
    /// A value as it lies in the database once it is written.
    pub(super) fn of(value: &Value<'_>) -> Self {
        match value {
            Value::BigInt(number) => number.map_or(Self::Null, Self::Number),
            Value::SmallInt(number) => number.map_or(Self::Null, |number| Self::Number(number.into())),
            Value::Boolean(flag) => flag.map_or(Self::Null, |flag| Self::Number(flag.into())),
            Value::Text(text) => text.as_deref().map_or(Self::Null, |text| Self::Text(text.to_owned())),
            Value::Bytes(octets) => octets.map_or(Self::Null, |octets| Self::Octets(octets.to_vec())),
        }
    }

    /// Written as the value that it was bound as.
    pub(super) fn put(&self, row: &mut Vec<u8>) {
        match self {
            Self::Null => put_number(row, None),
            Self::Number(number) => put_number(row, Some(*number)),
            Self::Text(text) => put_octets(row, 2, Some(text.as_bytes())),
            Self::Octets(octets) => put_octets(row, 3, Some(octets)),
            Self::Strange => row.push(u8::MAX),
        }
    }
}

impl Row for RawRow {
    const SOURCE: &'static str = "ledger";

    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        let mut values = Vec::with_capacity(columns.len());
        while values.len() < columns.len() {
            values.push(columns.raw());
        }
        Ok(Self(values))
    }
}

impl Store {
    /// These columns of the rows with these ids, in id order.
    pub(super) async fn raw_rows(&self, table: &str, columns: &str, ids: &[i64]) -> Result<Vec<RawRow>, StoreError> {
        let pool: &Pool = self.pool();
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(LISTED_MAX) {
            let size = ids.len().next_power_of_two();
            let list = pool.dialect().tuples(0, size, 1);
            let sql = format!(
                "SELECT {columns} FROM (VALUES {list}) AS v CROSS JOIN {table} WHERE {table}.id = v.column1 ORDER BY {table}.id"
            );
            let ids = ids.iter().chain(std::iter::repeat(&i64::MIN)).take(size).map(i64::value).collect();
            found.extend(query(AssertSqlSafe(sql)).bind_all(ids).all::<RawRow>(pool).await?);
        }
        Ok(found)
    }

    /// A page of rows after an id, in id order.
    pub(super) async fn raw_page(&self, table: &str, columns: &str, after: i64) -> Result<Vec<RawRow>, StoreError> {
        let sql = format!("SELECT {columns} FROM {table} WHERE id > $1 ORDER BY id LIMIT {PAGE_ROWS}");
        query(AssertSqlSafe(sql)).bind(&after).all(self.pool()).await
    }
}

const LISTED_MAX: usize = 256;
const PAGE_ROWS: u32 = 2_000;
