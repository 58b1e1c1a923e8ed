//! A record as it is shown.

use std::fmt::Write as _;

use sambac_engine::pdu_log::{self, Found, Side};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::shown::Moment;

/// One PDU.
#[derive(Serialize)]
pub(crate) struct Line {
    number: u64,
    at: Moment,
    /// Counts connections since the start.
    session: u64,
    /// The connector, when the session is one of ours towards an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    connector: Option<String>,
    system_id: String,
    peer: String,
    /// `sent` or `received`, seen from us.
    direction: &'static str,
    command: String,
    /// Of answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    sequence: u32,
    /// Our message that a `submit_sm` carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    /// The number of the request that this answers, or of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pair: Option<u64>,
    /// From the request to this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_us: Option<i64>,
    fields: Map<String, Value>,
    /// Whether texts and whole numbers are in `hex`.
    revealed: bool,
    hex: String,
}

impl Line {
    pub(crate) fn of(found: &Found) -> Self {
        let record = &found.record;
        let header = record.header();
        let connector = match &record.session.side {
            Side::Connector { name } => Some(name.clone()),
            Side::Client => None,
        };
        let is_answer = header.command_id.is_response();
        Self {
            number: record.number,
            at: Moment(record.at),
            session: record.session.number,
            connector,
            system_id: record.system_id.to_string(),
            peer: record.session.theirs.to_string(),
            direction: record.direction_name(),
            command: header.command_id.name().to_lowercase(),
            status: is_answer.then(|| header.command_status.name().into_owned()),
            sequence: header.sequence_number,
            message_id: record.message_id().map(|id| id.to_string()),
            pair: found.pair,
            latency_us: found.latency_us,
            fields: pdu_log::fields(&record.octets).into_iter().map(|(name, value)| (name, value.into())).collect(),
            revealed: record.is_revealed,
            hex: hex(&record.octets),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        // Writing into a String does not fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}
