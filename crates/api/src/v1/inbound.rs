//! A message from a handset, as the API shows it.

use std::collections::BTreeMap;

use sambac_domain::number::shown_address;
use sambac_engine::{Engine, MoContent};
use sambac_store::rows::{MoRow, MoState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::shown::{self, Moment};

/// A message from a handset.
#[derive(Serialize, ToSchema)]
pub(crate) struct Inbound {
    #[schema(example = "mo_01h2xcejqtf2n")]
    message_id: String,
    /// `waiting` until a target of its route has taken it; `undeliverable` when none did.
    #[schema(value_type = shown::InboundState)]
    state: &'static str,
    /// The handset.
    #[schema(example = "+447700900123")]
    from: String,
    /// The number or short code that it wrote to.
    #[schema(example = "12345")]
    to: String,
    /// Missing when it is no text, or was wiped: 72 hours after it was taken or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The first word of the text, in small letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "stop")]
    keyword: Option<String>,
    /// What is no text, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    octets: Option<String>,
    /// As the operator set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_coding: Option<u8>,
    /// The message class: 0 is flash.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<u8>,
    /// In how many it was sent.
    segments: u8,
    /// False when segments never came: the text has gaps.
    complete: bool,
    /// The operator's optional parameters by name or tag, each with all its values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tlvs: BTreeMap<String, Vec<String>>,
    received_at: Moment,
    /// When it was taken, or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Moment>,
}

impl Inbound {
    /// A row, opened and read.
    pub(crate) fn new(engine: &Engine, row: &MoRow) -> Self {
        let content = engine.mo_content(row);
        let octets = content.as_ref().filter(|content| content.text.is_none()).map(MoContent::octets_base64);
        Self {
            message_id: row.id.to_string(),
            state: word(row.state),
            from: shown_address(&row.source),
            to: shown_address(&row.destination),
            octets,
            data_coding: content.as_ref().map(MoContent::data_coding),
            class: content.as_ref().and_then(MoContent::class),
            segments: row.parts_total,
            complete: row.parts >= row.parts_total,
            received_at: Moment(row.received_at),
            ended_at: row.ended_at.map(Moment),
            keyword: content.as_ref().and_then(|content| content.keyword.clone()),
            tlvs: content.as_ref().map(|content| content.tlvs.clone()).unwrap_or_default(),
            text: content.and_then(|content| content.text),
        }
    }
}

fn word(state: MoState) -> &'static str {
    match state {
        MoState::Unrouted | MoState::Waiting => "waiting",
        MoState::Taken => "taken",
        MoState::Undeliverable | MoState::Dismissed => "undeliverable",
    }
}
