//! Events as rows of the mirror. What cannot be read is kept as it came, and told.

use sambac_bus::amqp::Delivered;
use sambac_bus::event::{Charge, Event, EventKind, SCHEMA_VERSION};
use sambac_domain::Timestamp;
use sambac_store::mirror::{MirrorBatch, MirrorCdr, MirrorCharge, MirrorParked};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// Octets of a digest that name an event without an id.
const NAME_OCTETS: usize = 16;

/// What every version has.
#[derive(Deserialize)]
struct Envelope {
    schema_version: u32,
    event_id: String,
}

/// The rows that these events make.
pub(super) fn batch(delivered: &[Delivered], now: Timestamp) -> MirrorBatch {
    let mut batch = MirrorBatch::default();
    for one in delivered {
        if let Err(reason) = add(&mut batch, one) {
            tracing::error!(routing_key = one.routing_key, reason, "an event was parked: it cannot be read");
            batch.parked.push(parked(one, reason, now));
        }
    }
    batch
}

fn add(batch: &mut MirrorBatch, delivered: &Delivered) -> Result<(), String> {
    let envelope: Envelope = serde_json::from_slice(&delivered.body).map_err(|error| error.to_string())?;
    if envelope.schema_version != SCHEMA_VERSION {
        return Err(format!("version {} of the schema is not known", envelope.schema_version));
    }
    let event: Event = serde_json::from_slice(&delivered.body).map_err(|error| error.to_string())?;
    match (&event.charge, event.kind) {
        (Some(told), kind) if kind != EventKind::CdrWritten => batch.charges.push(charge(&event, told)),
        (None, EventKind::CdrWritten) => batch.cdrs.push(cdr(event).ok_or("the record is missing")?),
        _ => return Err("the charge or the record is missing".to_owned()),
    }
    Ok(())
}

fn charge(event: &Event, told: &Charge) -> MirrorCharge {
    let at = Some(event.recorded_at);
    let posting = Some(told.posting_id);
    let row = MirrorCharge {
        id: event.segment_id,
        account_id: event.account_id,
        payer_id: told.payer_id,
        amount_micros: told.amount_micros,
        captured_micros: told.captured_micros,
        currency: told.currency,
        policy: told.policy.clone(),
        rate_id: told.rate_id,
        state: 0,
        hold_posting_id: None,
        settle_posting_id: None,
        correct_posting_id: None,
        mcc: event.traffic.mcc.clone(),
        mnc: event.traffic.mnc.clone(),
        operator_id: event.traffic.operator_id,
        sender_type: event.traffic.sender_type.clone(),
        held_at: None,
        settled_at: None,
        corrected_at: None,
    };
    match event.kind {
        EventKind::ChargeCaptured => MirrorCharge { state: 1, settle_posting_id: posting, settled_at: at, ..row },
        EventKind::ChargeVoided => MirrorCharge { state: 2, settle_posting_id: posting, settled_at: at, ..row },
        EventKind::ChargeCorrected => MirrorCharge { state: 3, correct_posting_id: posting, corrected_at: at, ..row },
        EventKind::ChargeHeld | EventKind::CdrWritten => MirrorCharge { hold_posting_id: posting, held_at: at, ..row },
    }
}

fn cdr(event: Event) -> Option<MirrorCdr> {
    let Event { segment_id, account_id, traffic, cdr, recorded_at, .. } = event;
    let cdr = cdr?;
    Some(MirrorCdr {
        id: segment_id,
        account_id,
        operator_id: traffic.operator_id,
        connector_id: cdr.connector_id,
        mcc: traffic.mcc,
        mnc: traffic.mnc,
        sender: cdr.sender,
        sender_type: traffic.sender_type,
        destination: cdr.destination,
        class: traffic.class,
        state: cdr.state,
        error: cdr.error,
        operator_error: cdr.operator_error,
        smsc_message_id: cdr.smsc_message_id,
        attempts: cdr.attempts,
        possible_duplicate: cdr.possible_duplicate,
        price_micros: cdr.price_micros,
        currency: cdr.currency,
        charge_state: cdr.charge_state,
        cost_micros: cdr.cost_micros,
        cost_currency: cdr.cost_currency,
        accepted_at: cdr.accepted_at,
        submitted_at: cdr.submitted_at,
        final_at: cdr.final_at,
        recorded_at,
    })
}

/// Under its own id, or a digest of it: the same event is kept once.
fn parked(delivered: &Delivered, reason: String, now: Timestamp) -> MirrorParked {
    let named = serde_json::from_slice::<Envelope>(&delivered.body).map(|envelope| envelope.event_id);
    let digest = || {
        let digest = Sha256::digest(&delivered.body);
        digest.iter().take(NAME_OCTETS).map(|octet| format!("{octet:02x}")).collect()
    };
    MirrorParked {
        id: named.unwrap_or_else(|_| digest()),
        routing_key: delivered.routing_key.clone(),
        body: String::from_utf8_lossy(&delivered.body).into_owned(),
        reason,
        parked_at: now,
    }
}
