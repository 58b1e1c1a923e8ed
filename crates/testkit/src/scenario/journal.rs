//! What a simulator wrote down: the oracle of fault tests.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use sambac_smpp::Tlvs;
use serde::Deserialize;

/// One line of a journal; which fields are there depends on the event.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Line {
    /// UTC microseconds.
    pub at_us: i64,
    /// `bind`, `submit`, `answer`, `receipt`, `receipt_ack`, `unbind`, `close` …
    pub event: String,
    /// Which session.
    pub session: u64,
    /// Whose session.
    pub system_id: String,
    /// The request's number in its session.
    pub sequence: u32,
    /// Sender.
    pub source: String,
    /// Where to.
    pub destination: String,
    /// The operator's id of a message.
    pub message_id: String,
    /// command_status of an answer.
    pub status: u32,
    /// As in the PDU.
    pub esm_class: u8,
    /// As in the PDU.
    pub data_coding: u8,
    /// As in the PDU.
    pub registered_delivery: u8,
    /// The user data header in hexadecimal.
    pub udh: String,
    /// The message in hexadecimal, with its header.
    pub short_message: String,
    /// As in the PDU.
    pub validity_period: String,
    /// Type of number and numbering plan of the sender.
    pub source_ton: u8,
    /// See `source_ton`.
    pub source_npi: u8,
    /// Type of number and numbering plan of the destination.
    pub destination_ton: u8,
    /// See `destination_ton`.
    pub destination_npi: u8,
    /// As in the PDU.
    pub service_type: String,
    /// As in the PDU.
    pub schedule_delivery_time: String,
    /// As in the PDU.
    pub protocol_id: u8,
    /// priority_flag.
    pub priority: u8,
    /// As in the PDU.
    pub replace_if_present: u8,
    /// sm_default_msg_id.
    pub default_message_id: u8,
    /// Its optional parameters in hexadecimal, as in the PDU.
    pub tlvs: String,
    /// Octets of its optional parameters.
    pub tlv_octets: u64,
    /// How often a receipt was sent before.
    pub sent: u32,
    /// Which part of a handset's message.
    pub part: u8,
    /// What was bound: `transmitter`, `receiver` or `transceiver`.
    pub kind: String,
    /// Of a bind.
    pub system_type: String,
    /// Of a bind.
    pub address_range: String,
    /// Of a bind.
    pub addr_ton: u8,
    /// Of a bind.
    pub addr_npi: u8,
    /// Of a bind.
    pub interface_version: u8,
    /// How long its password was.
    pub password_octets: usize,
    /// Why a session ended.
    pub reason: String,
    /// The receipt's state.
    pub stat: String,
}

/// The lines of a journal, in order.
#[derive(Clone, Debug, Default)]
pub struct Journal(pub Vec<Line>);

impl Line {
    /// The message without its header.
    pub fn octets(&self) -> Vec<u8> {
        octets_of(self.short_message.get(self.udh.len()..).unwrap_or_default())
    }

    /// The optional parameters: tags and values, in order.
    pub fn parameters(&self) -> Vec<(u16, Vec<u8>)> {
        let octets = octets_of(&self.tlvs);
        Tlvs::from_octets(&octets).iter().map(|(tag, value)| (tag.0, value.to_vec())).collect()
    }

    /// The value of an optional parameter.
    pub fn parameter(&self, tag: u16) -> Option<Vec<u8>> {
        self.parameters().into_iter().find_map(|(other, value)| (other == tag).then_some(value))
    }

    /// The message as a text: UCS-2 by its data_coding, otherwise octet by octet (the basic letters of GSM are ASCII's).
    pub fn text(&self) -> String {
        let octets = self.octets();
        if self.data_coding == 8 {
            let units: Vec<_> = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            return String::from_utf16_lossy(&units);
        }
        octets.into_iter().map(char::from).collect()
    }
}

fn octets_of(hex: &str) -> Vec<u8> {
    let octet = |at: usize| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..hex.len()).step_by(2).filter_map(octet).collect()
}

impl Journal {
    /// Reads what is there; a line that is still being written is left out.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let line = |line: &str| serde_json::from_str(line).with_context(|| format!("journal: {line}"));
        Ok(Self(whole.lines().map(line).collect::<Result<_>>()?))
    }

    /// The lines of one event.
    pub fn of<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a Line> + 'a {
        self.0.iter().filter(move |line| line.event == event)
    }

    /// The messages that arrived.
    pub fn submits(&self) -> impl Iterator<Item = &Line> {
        self.of("submit")
    }

    /// For each message that arrived, how many were unanswered then, with it, on its session.
    pub fn unanswered(&self) -> Vec<usize> {
        let mut open: HashMap<u64, usize> = HashMap::new();
        let mut counts = Vec::new();
        for line in &self.0 {
            let open = open.entry(line.session).or_default();
            match line.event.as_str() {
                "submit" => {
                    *open += 1;
                    counts.push(*open);
                }
                "answer" => *open = open.saturating_sub(1),
                _ => {}
            }
        }
        counts
    }

    /// The texts that arrived, in order.
    pub fn texts(&self) -> Vec<String> {
        self.submits().map(Line::text).collect()
    }
}
