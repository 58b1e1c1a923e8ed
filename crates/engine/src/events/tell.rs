//! What blocks tell, as events: the rows that they name are read as they are now, and told as they were.

use std::collections::HashMap;

use sambac_bus::amqp::Outgoing;
use sambac_bus::event::{Cdr, Charge, Event, EventKind, SCHEMA_VERSION, Traffic};
use sambac_domain::id::{AccountId, OperatorId, SegmentId};
use sambac_domain::number::{MccMnc, Sender, SenderForm};
use sambac_store::StoreError;
use sambac_store::chain::{LoggedBlock, SegmentTraffic, Told};
use sambac_store::rows::{CdrRow, ChargeRow, ChargeState};

use crate::Inner;
use crate::cdr::charge_word;

/// Digits at the end of a number that are not told.
const HIDDEN_DIGITS: usize = 4;

/// The rows that some blocks name, by segment.
struct Rows {
    charges: HashMap<SegmentId, ChargeRow>,
    cdrs: HashMap<SegmentId, CdrRow>,
    traffic: HashMap<SegmentId, SegmentTraffic>,
}

/// Everything that these blocks tell, in their order. What is not in its table any more (a record whose day is in a file) is not
/// told, and counted.
pub(super) async fn events(inner: &Inner, blocks: &[LoggedBlock]) -> Result<Vec<Outgoing>, StoreError> {
    let rows = Rows::read(inner, blocks).await?;
    let (mut events, mut missing) = (Vec::new(), 0);
    for block in blocks {
        for (told, segment) in &block.entries {
            match rows.event(inner, block, *told, *segment) {
                Some(event) => events.push(outgoing(&event)),
                None => missing += 1,
            }
        }
    }
    inner.metrics.events_missing(missing);
    Ok(events)
}

fn outgoing(event: &Event) -> Outgoing {
    Outgoing {
        routing_key: event.kind.routing_key(),
        event_id: event.event_id.clone(),
        at_s: u64::try_from(event.recorded_at.as_secs()).unwrap_or_default(),
        // A struct of texts and numbers always serialises.
        body: serde_json::to_vec(event).unwrap_or_default(),
    }
}

impl Rows {
    async fn read(inner: &Inner, blocks: &[LoggedBlock]) -> Result<Self, StoreError> {
        let (mut charges, mut cdrs) = (Vec::new(), Vec::new());
        for (told, segment) in blocks.iter().flat_map(|block| &block.entries) {
            if *told == Told::Cdr { cdrs.push(*segment) } else { charges.push(*segment) }
        }
        for ids in [&mut charges, &mut cdrs] {
            ids.sort_unstable();
            ids.dedup();
        }
        let store = &inner.store;
        Ok(Self {
            traffic: store.segment_traffic(&charges).await?.into_iter().map(|row| (row.id, row)).collect(),
            charges: store.charges_by_ids(&charges).await?.into_iter().map(|row| (row.id, row)).collect(),
            cdrs: store.cdrs_by_ids(&cdrs).await?.into_iter().map(|row| (row.id, row)).collect(),
        })
    }

    fn event(&self, inner: &Inner, block: &LoggedBlock, told: Told, segment: SegmentId) -> Option<Event> {
        if told == Told::Cdr {
            let row = self.cdrs.get(&segment)?;
            let traffic = traffic(row.mcc_mnc, &row.sender, row.class.as_str(), Some(row.operator_id));
            let event = event(block, EventKind::CdrWritten, row.account_id, segment, traffic);
            return Some(Event { cdr: Some(cdr(row)), ..event });
        }
        let row = self.charges.get(&segment)?;
        let (kind, charge) = charge(row, told)?;
        let known = self.traffic.get(&segment).map_or_else(Traffic::default, |known| {
            let snapshot = inner.snapshot.load();
            let operator = snapshot.connectors.get(&known.connector_id).map(|connector| connector.operator_id);
            traffic(known.mcc_mnc, &known.sender, known.class.as_str(), operator)
        });
        Some(Event { charge: Some(charge), ..event(block, kind, row.account_id, segment, known) })
    }
}

fn event(block: &LoggedBlock, kind: EventKind, account_id: AccountId, segment: SegmentId, traffic: Traffic) -> Event {
    Event {
        schema_version: SCHEMA_VERSION,
        event_id: Event::id(block.id, kind, segment),
        kind,
        block: block.id,
        recorded_at: block.at,
        account_id,
        message_id: segment.message(),
        segment_id: segment,
        traffic,
        charge: None,
        cdr: None,
    }
}

fn traffic(network: Option<MccMnc>, sender: &Sender, class: &str, operator_id: Option<OperatorId>) -> Traffic {
    Traffic {
        mcc: network.map(|network| network.without_mnc().to_string()),
        mnc: network.and_then(|network| network.mnc).map(|mnc| mnc.to_string()),
        operator_id,
        sender_type: Some(sender.form().as_str().to_owned()),
        class: Some(class.to_owned()),
    }
}

/// The charge as it was after what is told. Its first end is known from the one that was believed later, which is the other.
fn charge(row: &ChargeRow, told: Told) -> Option<(EventKind, Charge)> {
    let is_corrected = row.state == ChargeState::Corrected;
    let captured_first = if is_corrected { row.captured_micros == 0 } else { row.state == ChargeState::Captured };
    let first_micros = match (is_corrected, captured_first) {
        (false, _) => row.captured_micros,
        (true, true) => row.amount_micros,
        (true, false) => 0,
    };
    let (kind, state, captured_micros, posting) = match told {
        Told::Made => (EventKind::ChargeHeld, ChargeState::Held, 0, Some(row.hold_posting_id)),
        Told::Settled if captured_first => {
            (EventKind::ChargeCaptured, ChargeState::Captured, first_micros, row.settle_posting_id)
        }
        Told::Settled => (EventKind::ChargeVoided, ChargeState::Voided, 0, row.settle_posting_id),
        Told::Corrected => {
            (EventKind::ChargeCorrected, ChargeState::Corrected, row.captured_micros, row.correct_posting_id)
        }
        Told::Cdr => return None,
    };
    let charge = Charge {
        state: charge_word(state).to_owned(),
        amount_micros: row.amount_micros,
        captured_micros,
        currency: row.currency,
        policy: row.policy.as_str().to_owned(),
        rate_id: row.rate_id,
        payer_id: row.wallet_of.unwrap_or(row.account_id),
        posting_id: posting?,
    };
    Some((kind, charge))
}

fn cdr(row: &CdrRow) -> Cdr {
    Cdr {
        connector_id: row.connector_id,
        sender: shown(&row.sender),
        destination: row.destination.masked(),
        state: row.state.as_str().to_owned(),
        error: row.error.map(|code| code.code().to_owned()),
        operator_error: row.operator_error.clone(),
        smsc_message_id: row.smsc_message_id.clone(),
        attempts: row.attempts,
        possible_duplicate: row.possible_duplicate,
        price_micros: row.price_micros,
        currency: row.currency,
        charge_state: charge_word(row.charge_state).to_owned(),
        cost_micros: row.cost_micros,
        cost_currency: row.cost_currency,
        accepted_at: row.accepted_at,
        submitted_at: row.submitted_at,
        final_at: row.final_at,
    }
}

/// The sender; one that is a number may be a person's.
fn shown(sender: &Sender) -> String {
    let text = sender.as_str();
    match sender.form() {
        SenderForm::Name | SenderForm::ShortCode => text.to_owned(),
        SenderForm::Number => {
            let told = text.len().saturating_sub(HIDDEN_DIGITS);
            format!("{}****", text.get(..told).unwrap_or_default())
        }
    }
}
