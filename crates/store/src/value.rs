//! One value on its way into a statement, and one column on its way out of a row, whichever database it is.
//!
//! Every type that a row struct may have is a [`Field`]. There are five column types: BIGINT, SMALLINT,
//! BOOLEAN, TEXT and BYTEA, because both databases have them and mean the same by them.

use std::borrow::Cow;
use std::sync::Arc;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Column, Decode, Postgres, Row as _, Sqlite, Type};

use crate::StoreError;
use crate::chain::Raw;

/// A bound parameter. The `None` of each variant is a NULL of that type: PostgreSQL wants to know.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    BigInt(Option<i64>),
    SmallInt(Option<i16>),
    Boolean(Option<bool>),
    Text(Option<Cow<'a, str>>),
    Bytes(Option<&'a [u8]>),
}

impl Value<'_> {
    /// What PostgreSQL calls its type.
    pub(crate) const fn sql_type(&self) -> &'static str {
        match self {
            Self::BigInt(_) => "BIGINT",
            Self::SmallInt(_) => "SMALLINT",
            Self::Boolean(_) => "BOOLEAN",
            Self::Text(_) => "TEXT",
            Self::Bytes(_) => "BYTEA",
        }
    }
}

/// A type that one column holds.
pub(crate) trait Field: Sized {
    /// NULL of this column type.
    const NULL: Value<'static>;
    /// The value to bind.
    fn value(&self) -> Value<'_>;
    /// The next column of a row.
    fn take(columns: &mut Columns<'_>) -> Result<Self, StoreError>;
}

/// The columns of one result row, taken from left to right.
pub(crate) struct Columns<'r> {
    row: AnyRow<'r>,
    table: &'static str,
    next: usize,
}

enum AnyRow<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

impl<'r> Columns<'r> {
    pub(crate) fn sqlite(row: &'r SqliteRow, table: &'static str) -> Self {
        Self { row: AnyRow::Sqlite(row), table, next: 0 }
    }

    pub(crate) fn postgres(row: &'r PgRow, table: &'static str) -> Self {
        Self { row: AnyRow::Postgres(row), table, next: 0 }
    }

    /// The next column, as `T`.
    pub(crate) fn take<T: Field>(&mut self) -> Result<T, StoreError> {
        T::take(self)
    }

    /// The next column as one of the five column types; `None` is NULL.
    pub(crate) fn plain<T>(&mut self) -> Result<Option<T>, StoreError>
    where
        T: for<'d> Decode<'d, Sqlite> + Type<Sqlite> + for<'d> Decode<'d, Postgres> + Type<Postgres>,
    {
        let index = self.next;
        self.next += 1;
        let value = match self.row {
            AnyRow::Sqlite(row) => row.try_get::<Option<T>, _>(index),
            AnyRow::Postgres(row) => row.try_get::<Option<T>, _>(index),
        };
        value.map_err(|_| self.corrupt())
    }

    /// How many columns there are.
    pub(crate) fn len(&self) -> usize {
        match self.row {
            AnyRow::Sqlite(row) => row.len(),
            AnyRow::Postgres(row) => row.len(),
        }
    }

    /// The next column, whatever is in it.
    pub(crate) fn raw(&mut self) -> Raw {
        let index = self.next;
        self.next += 1;
        match self.row {
            AnyRow::Sqlite(row) => sqlite_raw(row, index),
            AnyRow::Postgres(row) => postgres_raw(row, index),
        }
    }

    /// The next column, NULL refused, then read by `read` (a refusal of which is a corrupt value too).
    pub(crate) fn parsed<P, T>(&mut self, read: impl FnOnce(P) -> Option<T>) -> Result<T, StoreError>
    where
        P: for<'d> Decode<'d, Sqlite> + Type<Sqlite> + for<'d> Decode<'d, Postgres> + Type<Postgres>,
    {
        self.plain::<P>()?.and_then(read).ok_or_else(|| self.corrupt())
    }

    /// The error that says that the column just taken is unreadable.
    pub(crate) fn corrupt(&self) -> StoreError {
        let index = self.next.saturating_sub(1);
        let (column, row) = match self.row {
            AnyRow::Sqlite(row) => {
                (row.columns().get(index).map(|c| c.name().to_owned()), row.try_get::<i64, _>(0).ok())
            }
            AnyRow::Postgres(row) => {
                (row.columns().get(index).map(|c| c.name().to_owned()), row.try_get::<i64, _>(0).ok())
            }
        };
        StoreError::Corrupt {
            table: self.table,
            column: column.unwrap_or_else(|| format!("#{index}")),
            row: row.map_or_else(|| "?".to_owned(), |id| id.to_string()),
        }
    }

    fn next_is_null(&self) -> Result<bool, StoreError> {
        use sqlx::ValueRef as _;
        let is_null = match self.row {
            AnyRow::Sqlite(row) => row.try_get_raw(self.next).map(|value| value.is_null()),
            AnyRow::Postgres(row) => row.try_get_raw(self.next).map(|value| value.is_null()),
        };
        is_null.map_err(|_| self.corrupt())
    }
}

/// In SQLite each value has a type of its own, whatever its column was declared as.
fn sqlite_raw(row: &SqliteRow, index: usize) -> Raw {
    use sqlx::{TypeInfo as _, ValueRef as _};
    let Ok(value) = row.try_get_raw(index) else { return Raw::Strange };
    if value.is_null() {
        return Raw::Null;
    }
    let read = match value.type_info().name() {
        "INTEGER" | "BOOLEAN" => row.try_get_unchecked::<i64, _>(index).map(Raw::Number),
        "TEXT" => row.try_get_unchecked::<String, _>(index).map(Raw::Text),
        "BLOB" => row.try_get_unchecked::<Vec<u8>, _>(index).map(Raw::Octets),
        _ => return Raw::Strange,
    };
    read.unwrap_or(Raw::Strange)
}

fn postgres_raw(row: &PgRow, index: usize) -> Raw {
    use sqlx::{TypeInfo as _, ValueRef as _};
    let Ok(value) = row.try_get_raw(index) else { return Raw::Strange };
    if value.is_null() {
        return Raw::Null;
    }
    let read = match value.type_info().name() {
        "INT8" => row.try_get::<i64, _>(index).map(Raw::Number),
        "INT2" => row.try_get::<i16, _>(index).map(|number| Raw::Number(number.into())),
        "BOOL" => row.try_get::<bool, _>(index).map(|flag| Raw::Number(flag.into())),
        "TEXT" => row.try_get::<String, _>(index).map(Raw::Text),
        "BYTEA" => row.try_get::<Vec<u8>, _>(index).map(Raw::Octets),
        _ => return Raw::Strange,
    };
    read.unwrap_or(Raw::Strange)
}

/// The parameters of one SQLite statement. Texts and octets are copied once, into the `Arc` that travels to
/// the worker thread.
pub(crate) fn sqlite_arguments(values: &[Value<'_>]) -> SqliteArguments {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        // Encoding these five types cannot fail, and a missing parameter would fail the statement.
        let _ = match value {
            Value::BigInt(v) => arguments.add(v),
            Value::SmallInt(v) => arguments.add(v),
            Value::Boolean(v) => arguments.add(v),
            Value::Text(v) => arguments.add(v.as_deref().map(Arc::<str>::from)),
            Value::Bytes(v) => arguments.add(v),
        };
    }
    arguments
}

/// The parameters of one PostgreSQL statement, each with its type.
pub(crate) fn postgres_arguments(values: &[Value<'_>]) -> PgArguments {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), values.len() * 12);
    for value in values {
        // As above.
        let _ = match value {
            Value::BigInt(v) => arguments.add(v),
            Value::SmallInt(v) => arguments.add(v),
            Value::Boolean(v) => arguments.add(v),
            Value::Text(v) => arguments.add(v.as_deref()),
            Value::Bytes(v) => arguments.add(v),
        };
    }
    arguments
}

/// The parameters of one PostgreSQL statement that has each column of its rows as an array: `values` has the rows one after the other,
/// and the values of one column are all of the same type.
pub(crate) fn postgres_arrays(lead: &[Value<'_>], values: &[Value<'_>], columns: usize) -> PgArguments {
    let mut arguments = postgres_arguments(lead);
    for (place, first) in values.iter().take(columns).enumerate() {
        let column = values.iter().skip(place).step_by(columns);
        debug_assert!(column.clone().all(|value| value.sql_type() == first.sql_type()));
        // As above.
        let _ = match first {
            Value::BigInt(_) => {
                arguments.add(array(column, |value| if let Value::BigInt(v) = value { *v } else { None }))
            }
            Value::SmallInt(_) => {
                arguments.add(array(column, |value| if let Value::SmallInt(v) = value { *v } else { None }))
            }
            Value::Boolean(_) => {
                arguments.add(array(column, |value| if let Value::Boolean(v) = value { *v } else { None }))
            }
            Value::Text(_) => {
                arguments.add(array(column, |value| if let Value::Text(v) = value { v.as_deref() } else { None }))
            }
            Value::Bytes(_) => {
                arguments.add(array(column, |value| if let Value::Bytes(v) = value { *v } else { None }))
            }
        };
    }
    arguments
}

fn array<'v, 'a: 'v, T>(
    column: impl Iterator<Item = &'v Value<'a>>,
    plain: impl Fn(&'v Value<'a>) -> Option<T>,
) -> Vec<Option<T>> {
    column.map(plain).collect()
}

impl<T: Field> Field for Option<T> {
    const NULL: Value<'static> = T::NULL;

    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(T::NULL, T::value)
    }

    fn take(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        if columns.next_is_null()? {
            columns.next += 1;
            return Ok(None);
        }
        T::take(columns).map(Some)
    }
}

impl Field for i64 {
    const NULL: Value<'static> = Value::BigInt(None);

    fn value(&self) -> Value<'_> {
        Value::BigInt(Some(*self))
    }

    fn take(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        columns.parsed(Some::<i64>)
    }
}

impl Field for bool {
    const NULL: Value<'static> = Value::Boolean(None);

    fn value(&self) -> Value<'_> {
        Value::Boolean(Some(*self))
    }

    fn take(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        columns.parsed(Some::<bool>)
    }
}

impl Field for String {
    const NULL: Value<'static> = Value::Text(None);

    fn value(&self) -> Value<'_> {
        // PostgreSQL has no NUL in a text, and refuses the whole statement: what comes from outside must not do that.
        if self.contains('\0') {
            return Value::Text(Some(Cow::Owned(self.replace('\0', "\u{fffd}"))));
        }
        Value::Text(Some(Cow::Borrowed(self)))
    }

    fn take(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        columns.parsed(Some::<String>)
    }
}

impl Field for Vec<u8> {
    const NULL: Value<'static> = Value::Bytes(None);

    fn value(&self) -> Value<'_> {
        Value::Bytes(Some(self))
    }

    fn take(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        columns.parsed(Some::<Vec<u8>>)
    }
}
