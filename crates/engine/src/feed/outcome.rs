//! The event that tells how a message has ended: `message.delivered` and so on.

use sambac_bus::Outcome;
use serde::Serialize;

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    message_id: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    to: String,
    from: &'a str,
    segments: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    accepted_at: String,
    final_at: String,
}

/// The event's body.
pub(crate) fn body(outcome: &Outcome) -> String {
    let event = Event {
        kind: format!("message.{}", outcome.state.as_str()),
        timestamp: outcome.final_at.rfc3339(),
        data: Data {
            message_id: outcome.message_id.to_string(),
            state: outcome.state.as_str(),
            error: outcome.error.as_deref(),
            to: format!("+{}", outcome.destination),
            from: &outcome.sender,
            segments: outcome.segments,
            reference: outcome.client_ref.as_deref(),
            accepted_at: outcome.accepted_at.rfc3339(),
            final_at: outcome.final_at.rfc3339(),
        },
    };
    // A struct of texts and numbers always serialises.
    serde_json::to_string(&event).unwrap_or_default()
}
