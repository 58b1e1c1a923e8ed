//! What a message costs us, and whether enough is left of its price.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{ConnectorId, RateId, RouteId};
use sambac_domain::message::Message;
use sambac_domain::money::Money;
use sambac_domain::rating::{ChargePolicy, Cost, MarginFloor, RateQuery, price_of_segments};
use sambac_domain::time::Timestamp;
use smallvec::SmallVec;

use crate::live::SegmentProgress;
use crate::refusal::Refusal;
use crate::snapshot::{Account, Snapshot};
use crate::submit::Draft;

/// What a message would cost us by one connector.
#[derive(Clone, Debug)]
pub struct QuotedCost {
    /// The connector.
    pub connector_id: ConnectorId,
    /// The rate of its operator's cost book.
    pub rate_id: RateId,
    /// For all segments.
    pub cost: Money,
    /// What would be left of the price, in micros; `None` when it is in another currency.
    pub margin_micros: Option<i64>,
}

/// Leaves the connectors by which enough is left of a segment's price. The bound is the account's, or else the route's, or else
/// the platform's; where there is one, a connector whose cost nobody knows, or only in another currency, is left out, too.
///
/// # Errors
/// [`ErrorCode::MarginTooLow`] when none is left; the connectors stay as they are then.
pub(crate) fn keep_profitable(
    snapshot: &Snapshot,
    account: &Account,
    route: RouteId,
    connectors: &mut SmallVec<[ConnectorId; 4]>,
    (at, query, price_micros): (Timestamp, &RateQuery, i64),
) -> Result<(), Refusal> {
    let floor = snapshot.margin_floor(Some(account), route);
    if floor == MarginFloor::Off {
        return Ok(());
    }
    let currency = account.tariff.currency();
    let allowed = |connector: &ConnectorId| {
        let cost = snapshot.cost(*connector, at, query);
        floor.allows(cost.and_then(|cost| cost.margin(price_micros, currency)))
    };
    if !connectors.iter().any(allowed) {
        return Err(margin_too_low());
    }
    connectors.retain(|connector| allowed(connector));
    Ok(())
}

pub(crate) fn margin_too_low() -> Refusal {
    Refusal::from(ErrorCode::MarginTooLow).at("/to")
}

/// What these connectors' operators would be paid, those whose cost is known.
pub(crate) fn quoted_costs(
    snapshot: &Snapshot,
    draft: &Draft,
    connectors: &[ConnectorId],
    (at, query): (Timestamp, &RateQuery),
) -> Vec<QuotedCost> {
    let total = |micros| price_of_segments(micros, draft.parts).ok();
    let quoted = |connector_id: &ConnectorId| {
        let cost = snapshot.cost(*connector_id, at, query)?;
        Some(QuotedCost {
            connector_id: *connector_id,
            rate_id: cost.rate_id,
            cost: Money::new(total(cost.micros)?, cost.currency),
            margin_micros: cost.margin(draft.priced.price_micros, draft.currency).and_then(total),
        })
    };
    connectors.iter().filter_map(quoted).collect()
}

/// Whether a message that was taken may go by this connector: the same bound holds when it fails over.
pub(crate) fn may_go_by(snapshot: &Snapshot, message: &Message, connector: ConnectorId) -> bool {
    let floor = snapshot.margin_floor(snapshot.account(message.account_id), message.route_id);
    let margin = || {
        let cost = cost_by(snapshot, message, connector)?;
        cost.margin(message.charged_price_micros(), message.currency)
    };
    floor == MarginFloor::Off || floor.allows(margin())
}

/// What a charged segment of a message costs by a connector: as it was frozen, where that is of the connector's operator; by the
/// cost book as of when the message was taken, where another operator has it now.
pub(crate) fn cost_by(snapshot: &Snapshot, message: &Message, connector: ConnectorId) -> Option<Cost> {
    let operator = snapshot.connectors.get(&connector)?.operator_id;
    if let Some(frozen) = message.cost.filter(|cost| cost.operator_id == operator) {
        return Some(frozen);
    }
    let known = snapshot.has_costs_of(operator);
    known.then(|| snapshot.cost(connector, message.accepted_at, &query_of(snapshot, message))).flatten()
}

/// What a segment that has ended is to cost by the operator that carried it last, in micros: nothing, when what the operator is
/// paid for did not happen.
pub(crate) fn incurred(snapshot: &Snapshot, message: &Message, segment: &SegmentProgress) -> Option<(Cost, i64)> {
    let cost = cost_by(snapshot, message, segment.connector)?;
    let is_delivered = segment.state.is_paid();
    let is_due = match cost.policy {
        ChargePolicy::Submit => segment.submitted_at.is_some() || is_delivered,
        ChargePolicy::Accepted => segment.smsc_message_id.is_some() || is_delivered,
        // Nobody tells an operator what was verified.
        ChargePolicy::Delivered | ChargePolicy::Verified => is_delivered,
    };
    let charged = message.charged_segments() / message.segment_count.max(1);
    let micros = if is_due { price_of_segments(cost.micros, charged).ok()? } else { 0 };
    Some((cost, micros))
}

/// What a cost book is asked about a message that was taken: its network is the one that was known then.
fn query_of(snapshot: &Snapshot, message: &Message) -> RateQuery {
    let network = snapshot.networks.lookup(message.destination);
    RateQuery {
        destination: message.destination,
        mcc_mnc: message.mcc_mnc,
        group: message.mcc_mnc.and_then(|network| snapshot.groups.of_network(network)),
        country: network.and_then(|network| network.country.parse().ok()),
        sender: message.sender.form(),
        class: message.class,
    }
}
