//! The events that tell who wants no more messages, or wants them again: `recipient.opted_out` and `recipient.opted_in`.

use sambac_domain::account_event::EventType;
use sambac_domain::id::MoId;
use sambac_domain::number::{Msisdn, Sender, shown_address};
use sambac_domain::time::Timestamp;
use sambac_store::rows::OptOutSource;
use serde::Serialize;

#[derive(Serialize)]
struct Event {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    number: String,
    /// Missing when it is for all senders.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<String>,
    source: &'static str,
    /// The message that said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
}

/// Who says so: by which message, when it was one.
pub(crate) type SaidBy = (OptOutSource, Option<MoId>);

/// The event's body.
pub(crate) fn body(
    kind: EventType,
    number: Msisdn,
    sender: Option<&Sender>,
    (source, message): SaidBy,
    at: Timestamp,
) -> String {
    let event = Event {
        kind: kind.as_str(),
        timestamp: at.rfc3339(),
        data: Data {
            number: format!("{number:#}"),
            sender: sender.map(|sender| shown_address(&sender.to_string())),
            source: source.as_str(),
            message_id: message.map(|id| id.to_string()),
        },
    };
    // A struct of texts always serialises.
    serde_json::to_string(&event).unwrap_or_default()
}
