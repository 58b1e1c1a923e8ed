//! The event that tells of a message from a handset: `message.received`.

use std::collections::BTreeMap;

use sambac_domain::number::shown_address;
use sambac_store::rows::MoRow;
use serde::Serialize;

use crate::mo::MoContent;

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
    data_coding: u8,
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
pub(super) fn body(row: &MoRow, content: &MoContent) -> String {
    let event = Event {
        kind: "message.received",
        timestamp: row.received_at.rfc3339(),
        data: Data {
            message_id: row.id.to_string(),
            from: shown_address(&row.source),
            to: shown_address(&row.destination),
            text: content.text.as_deref(),
            keyword: content.keyword.as_deref(),
            octets: content.text.is_none().then(|| content.octets_base64()),
            data_coding: content.data_coding(),
            class: content.class(),
            segments: row.parts_total,
            complete: row.parts >= row.parts_total,
            tlvs: &content.tlvs,
            received_at: row.received_at.rfc3339(),
        },
    };
    // A struct of texts and numbers always serialises.
    serde_json::to_string(&event).unwrap_or_default()
}
