//! Billing events for consumers outside: what is told of each charge and each CDR, as JSON.
//!
//! The body of version 1 is described in `docs/reference/events.md` and `events.schema.json` beside it. Within a version only optional
//! members are ever added; anything else is a new version, with routing keys of its own (`….v2`). No event holds a
//! message's text or a whole number.
//!
//! ```
//! use sambac_bus::event::EventKind;
//! assert_eq!(EventKind::ChargeCaptured.routing_key(), "billing.charge.captured.v1");
//! assert_eq!(EventKind::of("cdr.written"), Some(EventKind::CdrWritten));
//! ```

use sambac_domain::id::{AccountId, ConnectorId, MessageId, OperatorId, PostingId, RateId, SegmentId};
use sambac_domain::money::Currency;
use sambac_domain::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of the bodies that this program writes.
pub const SCHEMA_VERSION: u32 = 1;

/// What an event tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EventKind {
    /// A segment's price was set aside. What is taken at once is told as held, then as captured.
    #[serde(rename = "billing.charge.held")]
    ChargeHeld,
    /// It was taken.
    #[serde(rename = "billing.charge.captured")]
    ChargeCaptured,
    /// It was given back.
    #[serde(rename = "billing.charge.voided")]
    ChargeVoided,
    /// Another end was believed later: taken after all, or given back after all.
    #[serde(rename = "billing.charge.corrected")]
    ChargeCorrected,
    /// A segment has ended, and its record was written, or written anew.
    #[serde(rename = "cdr.written")]
    CdrWritten,
}

impl EventKind {
    /// Every kind there is.
    pub const ALL: [Self; 5] =
        [Self::ChargeHeld, Self::ChargeCaptured, Self::ChargeVoided, Self::ChargeCorrected, Self::CdrWritten];

    /// As the body names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChargeHeld => "billing.charge.held",
            Self::ChargeCaptured => "billing.charge.captured",
            Self::ChargeVoided => "billing.charge.voided",
            Self::ChargeCorrected => "billing.charge.corrected",
            Self::CdrWritten => "cdr.written",
        }
    }

    /// The kind of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What it is routed by: its name and the version of its body.
    pub const fn routing_key(self) -> &'static str {
        match self {
            Self::ChargeHeld => "billing.charge.held.v1",
            Self::ChargeCaptured => "billing.charge.captured.v1",
            Self::ChargeVoided => "billing.charge.voided.v1",
            Self::ChargeCorrected => "billing.charge.corrected.v1",
            Self::CdrWritten => "cdr.written.v1",
        }
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Of the body.
    pub schema_version: u32,
    /// The same whenever this is told again: who keeps it takes nothing twice.
    pub event_id: String,
    /// What it tells of.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The block of the ledger's chain that sealed it; within a shard later blocks are higher.
    pub block: i64,
    /// When it was written.
    #[serde(with = "moment")]
    pub recorded_at: Timestamp,
    /// Whose message it is.
    pub account_id: AccountId,
    /// The message.
    pub message_id: MessageId,
    /// Its part.
    pub segment_id: SegmentId,
    /// What is known of the message.
    pub traffic: Traffic,
    /// The charge as it is after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<Charge>,
    /// The record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdr: Option<Cdr>,
}

impl Event {
    /// The id of what a block tells of a segment.
    pub fn id(block: i64, kind: EventKind, segment: SegmentId) -> String {
        format!("{block}:{}:{segment}", kind.as_str())
    }
}

/// Of the message; what is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Mobile country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcc: Option<String>,
    /// Mobile network code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mnc: Option<String>,
    /// The operator that carries it, or is to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_id: Option<OperatorId>,
    /// `name`, `short_code` or `number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_type: Option<String>,
    /// The traffic class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// A charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// `held`, `captured`, `voided` or `corrected`.
    pub state: String,
    /// The price, in micros.
    pub amount_micros: i64,
    /// What is taken of it after this, in micros.
    pub captured_micros: i64,
    /// Of both.
    pub currency: Currency,
    /// What it is paid for: `submit`, `accepted`, `delivered` or `verified`.
    pub policy: String,
    /// The line of the price sheet.
    pub rate_id: RateId,
    /// Whose wallet pays.
    pub payer_id: AccountId,
    /// The posting that this is a part of.
    pub posting_id: PostingId,
}

/// The record of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cdr {
    /// The connector that it went by.
    pub connector_id: ConnectorId,
    /// The sender shown; a number without its last four digits.
    pub sender: String,
    /// The number without its last four digits.
    pub destination: String,
    /// How it ended.
    pub state: String,
    /// Why it ended badly: a code of the error catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The operator's own word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_error: Option<String>,
    /// The operator's id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smsc_message_id: Option<String>,
    /// How often it was submitted.
    pub attempts: u8,
    /// Whether the handset may have got it twice.
    pub possible_duplicate: bool,
    /// Its price, in micros.
    pub price_micros: i64,
    /// Of the price.
    pub currency: Currency,
    /// What became of the price.
    pub charge_state: String,
    /// What the operator is to be paid, in micros, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<i64>,
    /// Of the cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_currency: Option<Currency>,
    /// When the message was taken.
    #[serde(with = "moment")]
    pub accepted_at: Timestamp,
    /// When it was submitted the last time.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_moment")]
    pub submitted_at: Option<Timestamp>,
    /// When it ended.
    #[serde(with = "moment")]
    pub final_at: Timestamp,
}

/// Moments are written for people, in RFC 3339.
mod moment {
    use super::{Deserialize as _, Deserializer, Serializer, Timestamp};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&at.rfc3339())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse_rfc3339(&text).ok_or_else(|| serde::de::Error::custom("a moment as in RFC 3339 is expected"))
    }
}

mod optional_moment {
    use super::{Deserializer, Serializer, Timestamp};

    pub(super) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::moment::serialize(at, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        super::moment::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Beside the page that describes it.
    const SCHEMA: &str = include_str!("../../../docs/reference/events.schema.json");

    fn schema() -> Value {
        serde_json::from_str(SCHEMA).unwrap()
    }

    /// What is wrong with a value by a schema, of which these words are known: type, const, enum, required, properties, additionalProperties,
    /// and pattern and format as "there is one, and it is a text".
    fn faults(schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let mut found = Vec::new();
        let is_of = |kind: &str| match kind {
            "object" => value.is_object(),
            "string" => value.is_string(),
            "integer" => value.is_i64(),
            "boolean" => value.is_boolean(),
            other => panic!("type {other}"),
        };
        if schema["type"].as_str().is_some_and(|kind| !is_of(kind)) {
            found.push(format!("{at}: {value} is not of the type {}", schema["type"]));
        }
        if schema.get("const").is_some_and(|only| only != value) {
            found.push(format!("{at}: {value} is not {}", schema["const"]));
        }
        if schema["enum"].as_array().is_some_and(|known| !known.contains(value)) {
            found.push(format!("{at}: {value} is none of {}", schema["enum"]));
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        found.extend(required.filter(|name| value.get(name).is_none()).map(|name| format!("{at}/{name}: missing")));
        for (name, member) in value.as_object().into_iter().flatten() {
            match schema["properties"].get(name) {
                Some(schema) => found.extend(faults(schema, member, &format!("{at}/{name}"))),
                None => found.push(format!("{at}/{name}: not described")),
            }
        }
        found
    }

    fn charge(kind: EventKind) -> Event {
        let segment = SegmentId::new(MessageId::from_raw(5 << 8), 2);
        Event {
            schema_version: SCHEMA_VERSION,
            event_id: Event::id(7, kind, segment),
            kind,
            block: 7,
            recorded_at: Timestamp(1_700_000_000_123_000),
            account_id: AccountId::from_raw(1 << 8),
            message_id: segment.message(),
            segment_id: segment,
            traffic: Traffic {
                mcc: Some("234".to_owned()),
                mnc: Some("15".to_owned()),
                operator_id: Some(OperatorId::from_raw(3 << 8)),
                sender_type: Some("name".to_owned()),
                class: Some("otp".to_owned()),
            },
            charge: Some(Charge {
                state: "captured".to_owned(),
                amount_micros: 50_000,
                captured_micros: 50_000,
                currency: "EUR".parse().unwrap(),
                policy: "delivered".to_owned(),
                rate_id: RateId::from_raw(4 << 8),
                payer_id: AccountId::from_raw(1 << 8),
                posting_id: PostingId::from_raw(6 << 8),
            }),
            cdr: None,
        }
    }

    fn record() -> Event {
        let cdr = Cdr {
            connector_id: ConnectorId::from_raw(2 << 8),
            sender: "Bank".to_owned(),
            destination: "+44770090****".to_owned(),
            state: "undelivered".to_owned(),
            error: Some("undeliverable".to_owned()),
            operator_error: Some("001".to_owned()),
            smsc_message_id: Some("00a1".to_owned()),
            attempts: 1,
            possible_duplicate: true,
            price_micros: 50_000,
            currency: "EUR".parse().unwrap(),
            charge_state: "voided".to_owned(),
            cost_micros: Some(9_000),
            cost_currency: Some("EUR".parse().unwrap()),
            accepted_at: Timestamp(1_700_000_000_000_000),
            submitted_at: Some(Timestamp(1_700_000_000_000_001)),
            final_at: Timestamp(1_700_000_001_000_000),
        };
        Event { charge: None, cdr: Some(cdr), ..charge(EventKind::CdrWritten) }
    }

    /// All kinds, with everything and with as little as there may be, are as the schema says, and are read as they were written.
    #[test]
    fn every_event_is_as_its_schema_says() {
        let charges = EventKind::ALL.into_iter().filter(|kind| *kind != EventKind::CdrWritten).map(charge);
        let mut bare = record();
        bare.traffic = Traffic::default();
        if let Some(cdr) = &mut bare.cdr {
            (cdr.error, cdr.operator_error, cdr.smsc_message_id, cdr.submitted_at) = (None, None, None, None);
            (cdr.cost_micros, cdr.cost_currency) = (None, None);
        }
        for event in charges.chain([record(), bare]) {
            let body = serde_json::to_value(&event).unwrap();
            assert_eq!(faults(&schema(), &body, ""), Vec::<String>::new());
            assert_eq!(serde_json::from_value::<Event>(body).unwrap(), event);
        }
    }

    /// The check finds what is missing, unknown and of another kind; the schema describes every member that there is.
    #[test]
    fn the_schema_refuses_other_bodies() {
        let mut body = serde_json::to_value(record()).unwrap();
        body["schema_version"] = json!(2);
        body["text"] = json!("a text");
        body["cdr"]["attempts"] = json!("1");
        body["cdr"].as_object_mut().unwrap().remove("state");
        assert_eq!(faults(&schema(), &body, "").len(), 4);
        let described = |name: &str| schema()["properties"][name]["properties"].as_object().unwrap().len();
        let members = |event: &Event, name: &str| serde_json::to_value(event).unwrap()[name].as_object().unwrap().len();
        assert_eq!(described("cdr"), members(&record(), "cdr"));
        assert_eq!(described("charge"), members(&charge(EventKind::ChargeHeld), "charge"));
        assert_eq!(described("traffic"), members(&record(), "traffic"));
    }

    #[test]
    fn a_consumer_may_be_told_more_than_it_knows() {
        let mut body = serde_json::to_value(record()).unwrap();
        body["later"] = json!(1);
        assert_eq!(serde_json::from_value::<Event>(body).unwrap(), record());
    }
}
