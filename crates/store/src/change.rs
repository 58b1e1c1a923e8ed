//! What a unit of work changes of the configuration: each row before and after, and the way back.
//!
//! A row is kept as the JSON object of its columns, secrets sealed or hashed as they are stored. Columns that a later program
//! adds are not in it: then they keep what they have.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sqlx::AssertSqlSafe;

use crate::StoreError;
use crate::query::{query, select};
use crate::rows::{
    AccountRow, AdminKeyRow, ApiKeyRow, ConnectorRow, CostBookRow, IssuerRow, MoRouteRow, NetworkRow, NumberPrefixRow,
    OperatorGroupRow, OperatorRow, RateRow, Record, RequestKeyRow, RouteRow, Row, SmppAccountRow, TariffRow,
    WebhookRow,
};
use crate::unit_of_work::UnitOfWork;
use crate::value::{Field as _, Value};

/// The columns of a row, by name.
pub type ChangedRow = Map<String, Json>;

/// A row that was made (no `before`), changed, or removed (no `after`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The table.
    pub table: String,
    /// The row's id.
    pub id: i64,
    /// What it was.
    pub before: Option<ChangedRow>,
    /// What it is.
    pub after: Option<ChangedRow>,
}

impl UnitOfWork {
    /// What was changed of the configuration so far.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Makes a row of `table` what `row` says; `None` removes it. What still refers to it is a `Conflict("reference")`, a name
    /// that another row has one of that name.
    pub async fn restore(&mut self, table: &str, id: i64, row: Option<&ChangedRow>) -> Result<(), StoreError> {
        match table {
            "tariffs" => self.restore_row::<TariffRow>(id, row).await,
            "networks" => self.restore_row::<NetworkRow>(id, row).await,
            "number_prefixes" => self.restore_row::<NumberPrefixRow>(id, row).await,
            "operator_groups" => self.restore_row::<OperatorGroupRow>(id, row).await,
            "cost_books" => self.restore_row::<CostBookRow>(id, row).await,
            "accounts" => self.restore_row::<AccountRow>(id, row).await,
            "operators" => self.restore_row::<OperatorRow>(id, row).await,
            "connectors" => self.restore_row::<ConnectorRow>(id, row).await,
            "routes" => self.restore_row::<RouteRow>(id, row).await,
            "smpp_accounts" => self.restore_row::<SmppAccountRow>(id, row).await,
            "api_keys" => self.restore_row::<ApiKeyRow>(id, row).await,
            "webhooks" => self.restore_row::<WebhookRow>(id, row).await,
            "mo_routes" => self.restore_row::<MoRouteRow>(id, row).await,
            "request_keys" => self.restore_row::<RequestKeyRow>(id, row).await,
            "issuers" => self.restore_row::<IssuerRow>(id, row).await,
            "admin_keys" => self.restore_row::<AdminKeyRow>(id, row).await,
            _ => Err(StoreError::Statement(format!("{table} holds no configuration"))),
        }?;
        self.changed().await
    }

    /// Writes a row and notes what it was before, unless it is the same.
    pub(crate) async fn upsert_recorded<R: Record + Row>(&mut self, row: &R) -> Result<(), StoreError> {
        let after = columns(row);
        let Some(id) = after.get("id").and_then(Json::as_i64) else { return self.upsert(row).await };
        let before = self.stored::<R>(id).await?;
        self.upsert(row).await?;
        self.note::<R>(id, before, Some(after));
        Ok(())
    }

    /// Answers whether there was a row.
    pub(crate) async fn restore_row<R: Record + Row>(
        &mut self,
        id: i64,
        row: Option<&ChangedRow>,
    ) -> Result<bool, StoreError> {
        let before = self.stored::<R>(id).await?;
        match row {
            Some(row) => self.write_columns::<R>(id, row).await?,
            None => {
                let delete = AssertSqlSafe(format!("DELETE FROM {} WHERE id = $1", R::TABLE));
                query(delete).bind(&id).run(self).await?;
            }
        }
        // Read back, so that a row that this program cannot read is refused now.
        let after = self.stored::<R>(id).await?;
        let was_there = before.is_some();
        self.note::<R>(id, before, after);
        Ok(was_there)
    }

    async fn stored<R: Record + Row>(&mut self, id: i64) -> Result<Option<ChangedRow>, StoreError> {
        let rows = select::<R>("WHERE id = $1").bind(&id).all_in::<R>(self).await?;
        Ok(rows.first().map(columns))
    }

    fn note<R: Record>(&mut self, id: i64, before: Option<ChangedRow>, after: Option<ChangedRow>) {
        if before != after {
            self.changes.push(Change { table: R::TABLE.to_owned(), id, before, after });
        }
    }

    /// A missing value is written as such and not bound: it would have to have the column's type.
    async fn write_columns<R: Record>(&mut self, id: i64, row: &ChangedRow) -> Result<(), StoreError> {
        let given: Vec<_> = R::COLUMNS.iter().skip(1).filter(|column| row.contains_key(**column)).collect();
        let mut values = vec![id.value()];
        let mut places = vec!["$1".to_owned()];
        for column in &given {
            match row.get(**column).and_then(bound) {
                Some(value) => {
                    let place = format!("${}", values.len() + 1);
                    // The column may be a SMALLINT, and PostgreSQL would read the number as one.
                    let is_number = matches!(value, Value::BigInt(_));
                    places.push(if is_number { format!("CAST({place} AS BIGINT)") } else { place });
                    values.push(value);
                }
                None => places.push("NULL".to_owned()),
            }
        }
        let names = given.iter().map(|column| format!(", {column}")).collect::<String>();
        let set = given.iter().map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "INSERT INTO {} (id{names}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET {set}",
            R::TABLE,
            places.join(", ")
        );
        query(AssertSqlSafe(sql)).bind_all(values).run(self).await.map(drop)
    }
}

fn bound(value: &Json) -> Option<Value<'_>> {
    match value {
        Json::Bool(flag) => Some(flag.value()),
        Json::Number(number) => number.as_i64().map(|number| Value::BigInt(Some(number))),
        Json::String(text) => Some(text.value()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Declares how a row of the configuration tells its columns.
macro_rules! with_columns {
    ($($row:ty),+) => {$(
        impl $row {
            /// This row as it is stored, column by column; secrets are sealed or hashed.
            pub fn columns(&self) -> ChangedRow {
                columns(self)
            }
        }
    )+};
}

with_columns!(
    AccountRow,
    ConnectorRow,
    MoRouteRow,
    NetworkRow,
    NumberPrefixRow,
    OperatorGroupRow,
    OperatorRow,
    RateRow,
    RouteRow,
    SmppAccountRow
);

fn columns<R: Record>(row: &R) -> ChangedRow {
    let mut values = Vec::with_capacity(R::COLUMNS.len());
    row.values(&mut values);
    R::COLUMNS.iter().map(|column| (*column).to_owned()).zip(values.iter().map(json)).collect()
}

fn json(value: &Value<'_>) -> Json {
    match value {
        Value::BigInt(number) => number.map_or(Json::Null, Json::from),
        Value::SmallInt(number) => number.map_or(Json::Null, Json::from),
        Value::Boolean(flag) => flag.map_or(Json::Null, Json::from),
        Value::Text(text) => text.as_deref().map_or(Json::Null, Json::from),
        // No table of the configuration has such a column.
        Value::Bytes(_) => Json::Null,
    }
}
