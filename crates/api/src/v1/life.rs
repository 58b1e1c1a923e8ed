//! A message's time line, put together from its row, segments, charges and events.
//!
//! Most steps are not stored as lines of their own: the columns already hold their moments. What the columns cannot hold
//! (retries, fail-over, doubt, late receipts, webhook attempts) comes from the message's events.

use sambac_store::MessageView;
use sambac_store::rows::{ChargeRow, ChargeState, EventRow, SegmentRow};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::shown::{Amount, Moment};

/// One line of a message's life.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct LifeEvent {
    /// When.
    at: Moment,
    /// What happened: `accepted`, `routed`, `held`, `submitting`, `answered`, a final state, `captured`, `voided`,
    /// `cdr_written`, or a special case such as `failed_over`, `submit_unknown` or `receipt_repeated`.
    #[schema(example = "answered")]
    event: String,
    /// The segment it is about; missing when it is about the whole message.
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<u8>,
    /// More, by the kind of event.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Option<Object>)]
    detail: Value,
}

/// The whole time line, oldest first; what happened at one moment is in the order of a message's life.
pub(crate) fn of(view: &MessageView) -> Vec<LifeEvent> {
    let mut lines = beginning(view);
    for segment in &view.segments {
        lines.extend(segment_lines(segment));
    }
    lines.extend(view.events.iter().map(stored));
    lines.extend(ending(view));
    lines.sort_by_key(|line| line.at);
    lines
}

fn beginning(view: &MessageView) -> Vec<LifeEvent> {
    let row = &view.row;
    let held = view.charges.iter().map(|charge| charge.amount_micros).sum();
    let hold = view.charges.first().map(|charge| charge.hold_posting_id.to_string());
    let connector = view.segments.first().map(|segment| segment.connector_id.to_string());
    let line = |event, detail| LifeEvent::new(Moment(row.accepted_at), event, None, detail);
    vec![
        line("accepted", json!({ "segments": row.segment_count })),
        line("routed", json!({ "route": row.route_id.to_string(), "connector": connector })),
        line("held", json!({ "amount": Amount(held), "currency": row.currency, "posting": hold })),
    ]
}

fn segment_lines(row: &SegmentRow) -> Vec<LifeEvent> {
    let line = |at, event, detail| LifeEvent::new(Moment(at), event, Some(row.id.no()), detail);
    let connector = row.connector_id.to_string();
    let submitting = row
        .submitted_at
        .map(|at| line(at, "submitting", json!({ "connector": connector, "attempt": row.attempts.max(1) })));
    let answered = row.answered_at.map(|at| {
        let status = row.command_status.map(|status| format!("{status:#010x}"));
        line(at, "answered", json!({ "command_status": status, "smsc_message_id": row.smsc_message_id }))
    });
    let ended = row.final_at.map(|at| {
        let error = row.error.map(|error| json!({ "error": error.code(), "operator_error": row.operator_error }));
        line(at, row.state.as_str(), error.unwrap_or_default())
    });
    [submitting, answered, ended].into_iter().flatten().collect()
}

fn ending(view: &MessageView) -> Vec<LifeEvent> {
    let Some(final_at) = view.row.final_at.map(Moment) else { return Vec::new() };
    let mut lines: Vec<_> = view.charges.iter().filter_map(|charge| settled(charge, final_at)).collect();
    for segment in &view.segments {
        lines.push(LifeEvent::new(final_at, "cdr_written", Some(segment.id.no()), Value::Null));
    }
    lines
}

fn settled(charge: &ChargeRow, at: Moment) -> Option<LifeEvent> {
    let event = match charge.state {
        ChargeState::Held => return None,
        ChargeState::Captured => "captured",
        ChargeState::Voided => "voided",
    };
    let posting = charge.settle_posting_id.map(|id| id.to_string());
    let detail = json!({ "amount": Amount(charge.amount_micros), "currency": charge.currency, "posting": posting });
    Some(LifeEvent::new(at, event, Some(charge.id.no()), detail))
}

/// Details are JSON where they have parts, and plain text where they are one word.
fn stored(row: &EventRow) -> LifeEvent {
    let detail = row.detail.as_deref().map_or(Value::Null, |text| match serde_json::from_str(text) {
        Ok(object @ Value::Object(_)) => object,
        _ => json!({ "text": text }),
    });
    LifeEvent::new(Moment(row.at), &row.kind, Some(row.segment_no).filter(|no| *no > 0), detail)
}

impl LifeEvent {
    fn new(at: Moment, event: &str, segment: Option<u8>, detail: Value) -> Self {
        Self { at, event: event.to_owned(), segment, detail }
    }
}
