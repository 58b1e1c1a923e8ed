//! How values are shown outside: moments as RFC 3339 text, amounts as decimal text, never as floating-point numbers.

use sambac_domain::{Currency, MessageState, Micros, Money, Timestamp, TrafficClass};
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{PartialSchema, ToSchema};

/// A moment: `2026-11-23T10:00:00.123Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) Timestamp);

/// An amount of money as its exact decimal value: `0.0125`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount(pub(crate) i64);

/// A price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Price {
    /// Decimal text with two to six decimals.
    amount: Amount,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
}

impl Price {
    pub(crate) fn new(micros: i64, currency: Currency) -> Self {
        Self { amount: Amount(micros), currency }
    }
}

impl From<Money> for Price {
    fn from(money: Money) -> Self {
        Self::new(money.micros, money.currency)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Micros(self.0))
    }
}

impl PartialSchema for Moment {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        text("date-time", "2026-11-23T10:00:00.123Z").into()
    }
}

impl ToSchema for Moment {}

impl PartialSchema for Amount {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        text("decimal", "0.0125").into()
    }
}

impl ToSchema for Amount {}

fn text(format: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(utoipa::openapi::SchemaFormat::Custom(format.to_owned())))
        .examples([serde_json::Value::from(example)])
}

/// The schema of a word out of a list.
pub(crate) fn one_of(words: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// The schema of a message's or segment's state.
pub(crate) fn state() -> Object {
    one_of(MessageState::ALL.map(MessageState::as_str))
}

/// The schema of a traffic class.
pub(crate) fn class() -> Object {
    one_of(TrafficClass::ALL.map(TrafficClass::as_str))
}

/// The schema of an encoding of text.
pub(crate) fn encoding() -> Object {
    one_of(["gsm7", "latin1", "ucs2"])
}
