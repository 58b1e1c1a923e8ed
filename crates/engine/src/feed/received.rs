//! The event that tells of a message from a handset: `message.received`.

use std::collections::BTreeMap;

use sambac_domain::account_event::EventType;
use sambac_domain::number::shown_address;
use sambac_store::rows::MoRow;
use serde::Serialize;

use crate::mo::MoContent;

/// Octets of an event, as Standard Webhooks advises.
const BODY_OCTETS_MAX: usize = 20_000;
static NO_TLVS: BTreeMap<String, Vec<String>> = BTreeMap::new();

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    message_id: String,
    /// With a plus when it is a number.
    from: String,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// The first word of the text, in small letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    keyword: Option<&'a str>,
    /// What is no text, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    octets: Option<String>,
    /// Its text or octets and parameters are left out, because they are too much for a webhook.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    too_large: bool,
    /// Missing when the text was wiped meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_coding: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<u8>,
    segments: u8,
    /// False when segments never came: the text has gaps.
    complete: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tlvs: &'a BTreeMap<String, Vec<String>>,
    received_at: String,
}

/// The event's body.
pub(crate) fn body(row: &MoRow, content: Option<&MoContent>) -> String {
    let event = event(row, content, false);
    // A struct of texts and numbers always serialises.
    let body = serde_json::to_string(&event).unwrap_or_default();
    if body.len() <= BODY_OCTETS_MAX {
        return body;
    }
    serde_json::to_string(&self::event(row, content, true)).unwrap_or_default()
}

fn event<'a>(row: &MoRow, content: Option<&'a MoContent>, too_large: bool) -> Event<'a> {
    let told = content.filter(|_| !too_large);
    Event {
        kind: EventType::MessageReceived.as_str(),
        timestamp: row.received_at.rfc3339(),
        data: Data {
            message_id: row.id.to_string(),
            from: shown_address(&row.source),
            to: shown_address(&row.destination),
            text: told.and_then(|content| content.text.as_deref()),
            keyword: content.and_then(|content| content.keyword.as_deref()),
            octets: told.filter(|content| content.text.is_none()).map(MoContent::octets_base64),
            too_large,
            data_coding: content.map(MoContent::data_coding),
            class: content.and_then(MoContent::class),
            segments: row.parts_total,
            complete: row.parts >= row.parts_total,
            tlvs: told.map_or(&NO_TLVS, |content| &content.tlvs),
            received_at: row.received_at.rfc3339(),
        },
    }
}
