//! A message's time line, put together from its row, segments, charges and events.
//!
//! Most steps are not stored as lines of their own: the columns already hold their moments. What the columns cannot hold
//! (retries, fail-over, doubt, late receipts, webhook attempts) comes from the message's events.

use sambac_domain::options::MessageOptions;
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
    /// `cdr_written`, `opt_out_exempt` for a one-time code to who wants no more messages, `answers` for what answers a word from a handset,
    /// or a special case such as `failed_over`, `submit_unknown` or `receipt_repeated`.
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
    let mut lines = vec![
        line("accepted", json!({ "segments": row.segment_count })),
        line("routed", json!({ "route": row.route_id.to_string(), "connector": connector })),
        line("held", json!({ "amount": Amount(held), "currency": row.currency, "posting": hold })),
    ];
    let options = row.options.as_deref().and_then(|text| MessageOptions::from_json(text).ok()).unwrap_or_default();
    if options.opted_out {
        lines.push(line("opt_out_exempt", json!({ "class": row.class })));
    }
    if let Some(answered) = options.answers {
        lines.push(line("answers", json!({ "message_id": answered.to_string() })));
    }
    lines
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
        // The line of the correction itself says what it did.
        ChargeState::Corrected => "charge_settled",
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

#[cfg(test)]
mod tests {
    use sambac_domain::error::ErrorCode;
    use sambac_domain::{
        AccountId, ConnectorId, EventId, MccMnc, MessageId, MessageState, Msisdn, PostingId, RateId, RouteId,
        SegmentId, Timestamp, TrafficClass,
    };
    use sambac_store::rows::MessageRow;

    use super::*;

    const MESSAGE: MessageId = MessageId::from_raw(1 << 20);

    /// Two segments: the first delivered, the second refused after a retry.
    fn ended() -> MessageView {
        let row = MessageRow {
            answered_id: None,
            options: None,
            id: MESSAGE,
            account_id: AccountId::from_raw(256),
            origin: 0,
            origin_id: 256,
            sender: "MyBank".parse().expect("a sender"),
            destination: Msisdn::from_u64(447_700_900_123).expect("a number"),
            class: TrafficClass::Otp,
            body: None,
            segment_count: 2,
            mcc_mnc: Some(MccMnc::TEST),
            route_id: RouteId::from_raw(256),
            rate_id: RateId::from_raw(256),
            price_micros: 12_500,
            currency: "EUR".parse().expect("a currency"),
            receipt_wanted: true,
            registered_delivery: 1,
            client_ref: None,
            state: MessageState::Rejected,
            error: Some(ErrorCode::OperatorRejected),
            accepted_at: Timestamp(0),
            expires_at: Timestamp(300),
            final_at: Some(Timestamp(40)),
            charge_policy: sambac_domain::ChargePolicy::Delivered,
            cost_operator_id: None,
            cost_rate_id: None,
            cost_micros: None,
            cost_currency: None,
            cost_policy: None,
        };
        let segments = vec![
            SegmentRow { smsc_message_id: Some("0a".into()), ..segment(1, MessageState::Delivered, 0, 30) },
            SegmentRow {
                error: Some(ErrorCode::OperatorRejected),
                operator_error: Some("ESME_RINVDSTADR".into()),
                ..segment(2, MessageState::Rejected, 0x0b, 40)
            },
        ];
        let events =
            vec![event("retry", Some("throttled")), event("receipt_repeated", Some(r#"{"state":"delivered"}"#))];
        let charges = vec![charge(1, ChargeState::Captured), charge(2, ChargeState::Voided)];
        MessageView { row, segments, events, charges }
    }

    fn segment(no: u8, state: MessageState, command_status: u32, final_at: i64) -> SegmentRow {
        SegmentRow {
            id: SegmentId::new(MESSAGE, no),
            connector_id: ConnectorId::from_raw(256),
            state,
            smsc_message_id: None,
            receipt_key: None,
            attempts: 1,
            possible_duplicate: false,
            command_status: Some(command_status),
            error: None,
            operator_error: None,
            submitted_at: Some(Timestamp(10)),
            answered_at: Some(Timestamp(20)),
            final_at: Some(Timestamp(final_at)),
            done_at: None,
        }
    }

    fn event(kind: &str, detail: Option<&str>) -> EventRow {
        let (id, at) = (EventId::from_raw(256), Timestamp(15));
        let detail = detail.map(str::to_owned);
        EventRow { id, message_id: MESSAGE, segment_no: 2, kind: kind.to_owned(), at, detail }
    }

    fn charge(no: u8, state: ChargeState) -> ChargeRow {
        ChargeRow {
            id: SegmentId::new(MESSAGE, no),
            account_id: AccountId::from_raw(256),
            rate_id: RateId::from_raw(256),
            amount_micros: 12_500,
            currency: "EUR".parse().expect("a currency"),
            policy: sambac_domain::ChargePolicy::Delivered,
            hold_posting_id: PostingId::from_raw(256),
            wallet_of: None,
            block_id: 0,
            state,
            captured_micros: 0,
            settle_posting_id: Some(PostingId::from_raw(512)),
            correct_posting_id: None,
            settle_block_id: None,
        }
    }

    #[test]
    fn a_life_is_told_from_accept_to_cdr_in_order() {
        let life: Vec<_> = of(&ended()).into_iter().map(|line| (line.at.0.0, line.event, line.segment)).collect();
        let expected = [
            (0, "accepted", None),
            (0, "routed", None),
            (0, "held", None),
            (10, "submitting", Some(1)),
            (10, "submitting", Some(2)),
            (15, "retry", Some(2)),
            (15, "receipt_repeated", Some(2)),
            (20, "answered", Some(1)),
            (20, "answered", Some(2)),
            (30, "delivered", Some(1)),
            (40, "rejected", Some(2)),
            (40, "captured", Some(1)),
            (40, "voided", Some(2)),
            (40, "cdr_written", Some(1)),
            (40, "cdr_written", Some(2)),
        ];
        assert_eq!(life, expected.map(|(at, event, segment)| (at, event.to_owned(), segment)));
    }

    #[test]
    fn lines_carry_what_there_is_to_know() {
        let life = of(&ended());
        let detail = |event: &str, no| {
            let line = life.iter().find(|line| line.event == event && line.segment == no).expect("a line");
            line.detail.clone()
        };
        assert_eq!(detail("held", None)["amount"], "0.025");
        assert_eq!(detail("answered", Some(1)), json!({ "command_status": "0x00000000", "smsc_message_id": "0a" }));
        assert_eq!(
            detail("rejected", Some(2)),
            json!({ "error": "operator_rejected", "operator_error": "ESME_RINVDSTADR" })
        );
        assert_eq!(detail("retry", Some(2)), json!({ "text": "throttled" }));
        assert_eq!(detail("receipt_repeated", Some(2)), json!({ "state": "delivered" }));
    }
}
