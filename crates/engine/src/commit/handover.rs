//! Who is handed a message from a handset: by the routes, one target after the other or all at once, until it is taken.

use std::sync::Arc;
use std::time::Duration;

use sambac_bus::{Notice, Received};
use sambac_domain::account_event::EventType;
use sambac_domain::class::TrafficClass;
use sambac_domain::id::{ConnectorId, MoId, NoticeId, SmppAccountId, TargetId, WebhookId};
use sambac_domain::mo::{MoBody, MoQuery, MoRoute, MoStrategy, MoTarget, Part, keyword, text};
use sambac_domain::text::Reading;
use sambac_domain::time::Timestamp;
use sambac_smpp::CommandStatus;
use sambac_store::rows::{MoDeliveryRow, MoDeliveryState, MoRow, MoState, OutboxKey, OutboxKind};
use sambac_store::{MoDelivered, MoEnd};
use tokio::sync::oneshot;

use super::{Committer, HandsetIn};
use crate::alert::AlertKind;
use crate::snapshot::Snapshot;

/// How long the last webhook is tried: longer than all its tries take.
const WEBHOOK_KEPT: Duration = Duration::from_secs(80 * 3_600);

/// What a delivery leads to when it is not taken.
struct Rest {
    next: Vec<MoTarget>,
    away_max_s: u32,
}

impl Committer {
    /// Writes the message's row and the deliveries to those who are to have it; false when no route takes it: then it is
    /// kept for a person to see.
    pub(super) fn route_handset(&mut self, mut row: MoRow, body: &MoBody) -> bool {
        let snapshot = Arc::clone(&self.snapshot);
        let Some(route) = route_of(&snapshot, &row, body) else {
            self.inner.metrics.handset("unrouted");
            let connector = snapshot.connectors.get(&row.connector_id).map_or("", |connector| &connector.name);
            let text = format!("no route takes {}: it is kept", row.id);
            self.inner.alerts.raise(AlertKind::MoUnrouted, connector, text);
            self.batch.mo_messages.push(row);
            return false;
        };
        (row.account_id, row.route_id) = (Some(route.account_id), Some(route.id));
        (row.state, row.ended_at) = (MoState::Waiting, None);
        let id = row.id;
        self.heed(route.account_id, &row, body);
        self.batch.mo_messages.push(row);
        self.inner.metrics.handset("routed");
        self.begin_deliveries(id, route, true);
        true
    }

    /// Its targets have their turns: all of them at once, or the first.
    pub(super) fn begin_deliveries(&mut self, id: MoId, route: &MoRoute, fresh: bool) {
        self.news(route.account_id, EventType::MessageReceived, Some(id.raw()), None);
        let away_max_s = route.away_max_s;
        match (route.strategy, route.targets.split_first()) {
            (MoStrategy::FanOut, _) => {
                for target in &route.targets {
                    self.deliver_handset(id, *target, Rest { next: Vec::new(), away_max_s }, fresh);
                }
            }
            (_, Some((target, next))) => {
                self.deliver_handset(id, *target, Rest { next: next.to_vec(), away_max_s }, fresh);
            }
            (_, None) => {}
        }
    }

    /// One target's turn. What is `fresh` is announced with the new messages, and not at all when they are refused.
    fn deliver_handset(&mut self, mo_id: MoId, target: MoTarget, rest: Rest, fresh: bool) {
        let id = NoticeId::from_raw(self.inner.ids.next(self.now));
        let lane = TrafficClass::Transactional.lane();
        let (kind, kept) = match target {
            MoTarget::Webhook(_) => (OutboxKind::Webhook, WEBHOOK_KEPT),
            MoTarget::Smpp(account) => (OutboxKind::Deliver, self.kept(account)),
        };
        let turn = if rest.next.is_empty() { kept } else { Duration::from_secs(rest.away_max_s.into()) };
        let target = target.id();
        let queued = self.note(id, target, kind, lane, Notice::Received(Received { mo_id }));
        self.batch.mo_deliveries.push(MoDeliveryRow {
            id,
            mo_id,
            target,
            lane,
            state: MoDeliveryState::Open,
            give_up_at: self.now.saturating_add(turn),
            away_max_s: rest.away_max_s,
            next: rest.next,
            ended_at: None,
        });
        if fresh { self.after.publish_accepted(queued) } else { self.after.publish(queued) }
    }

    fn kept(&self, account: SmppAccountId) -> Duration {
        let hours = self.snapshot.smpp_account_by_id(account).map_or(72, |account| account.profile.receipt.kept_h);
        Duration::from_secs(u64::from(hours) * 3_600)
    }

    /// A target has taken its message, or will not.
    pub(super) fn handed(&mut self, notice: NoticeId, mo_id: MoId, taken: bool) {
        if !taken {
            self.batch.mo_given_up.push(notice);
            return self.after.handset_given_up();
        }
        self.inner.metrics.handset("taken");
        self.handsets.ended.insert(notice);
        self.end_delivery(notice, MoDeliveryState::Taken);
        self.batch.mo_ends.push(MoEnd { id: mo_id, state: MoState::Taken, ended_at: self.now });
    }

    /// What is unfinished and has had its time.
    pub(super) fn handsets_due(&mut self, assemblies: &[i64], deliveries: &[NoticeId], done: oneshot::Sender<()>) {
        for assembly in assemblies {
            self.put_together_if_due(*assembly);
        }
        for notice in deliveries {
            if let Some(row) = self.handsets.open.remove(notice).filter(|row| !self.handsets.ended.contains(&row.id)) {
                self.give_up(&row);
            }
        }
        self.after.tell(done);
    }

    /// The next target has its turn, or nobody took the message.
    fn give_up(&mut self, row: &MoDeliveryRow) {
        let refused = row.give_up_at <= Timestamp::EPOCH;
        self.end_delivery(row.id, if refused { MoDeliveryState::Refused } else { MoDeliveryState::Away });
        self.batch.outbox_done.push(OutboxKey { target: row.target, lane: row.lane, id: row.id.raw() });
        match row.next.split_first() {
            Some((target, next)) => {
                self.inner.metrics.handset("failed_over");
                let rest = Rest { next: next.to_vec(), away_max_s: row.away_max_s };
                self.deliver_handset(row.mo_id, *target, rest, false);
            }
            None => {
                self.inner.metrics.handset("undelivered");
                let text = format!("{} was not taken, and there is no other target", row.mo_id);
                self.inner.alerts.raise(AlertKind::MoUndelivered, &self.target_name(row.target), text);
                let end = MoEnd { id: row.mo_id, state: MoState::Undeliverable, ended_at: self.now };
                self.batch.mo_ends.push(end);
            }
        }
    }

    /// What people call a target: a system_id, or a webhook's id.
    fn target_name(&self, target: TargetId) -> String {
        let account = self.snapshot.smpp_account_by_id(SmppAccountId::from_raw(target.raw()));
        account.map_or_else(|| WebhookId::from_raw(target.raw()).to_string(), |account| account.row.system_id.clone())
    }

    fn end_delivery(&mut self, id: NoticeId, state: MoDeliveryState) {
        self.batch.mo_delivered.push(MoDelivered { id, state, ended_at: self.now });
    }
}

/// The route that takes a message.
pub(super) fn route_of<'s>(snapshot: &'s Snapshot, row: &MoRow, body: &MoBody) -> Option<&'s MoRoute> {
    let MoRow { connector_id, source, destination, .. } = row;
    decide(snapshot, *connector_id, (source, destination), &body.parts)
}

/// By its connector, whom it is from, to which number, and its text.
fn decide<'s>(
    snapshot: &'s Snapshot,
    connector: ConnectorId,
    (source, destination): (&str, &str),
    parts: &[Part],
) -> Option<&'s MoRoute> {
    let reading = snapshot.profile(connector).map(|profile| Reading::from(&profile.text));
    let word = text(parts, &reading.unwrap_or_default()).as_deref().and_then(keyword);
    snapshot.mo_routes.decide(&MoQuery { destination, source, connector, keyword: word.as_deref() })
}

impl HandsetIn {
    /// What its operator is told once a node has it that is not the one to route it. Of a part nobody knows yet whether a route takes the whole.
    pub(crate) fn status_by(&self, snapshot: &Snapshot) -> CommandStatus {
        let no_route = self.profile.mo.no_route_status;
        if no_route == 0 || self.reference.is_some() {
            return CommandStatus::ROK;
        }
        let addresses = (self.source.as_str(), self.destination.as_str());
        match decide(snapshot, self.connector, addresses, std::slice::from_ref(&self.part)) {
            Some(_) => CommandStatus::ROK,
            None => CommandStatus(no_route),
        }
    }
}
