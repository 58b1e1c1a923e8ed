//! Asks the operator by `query_sm` (SMPP 3.4 §4.8) what became of segments whose receipts are overdue (Q-I4).
//!
//! A question goes in a place of the window and at its turn of the throughput, and only when no segment waits to be sent.

use std::sync::Arc;
use std::time::Duration;

use sambac_bus::work::Said;
use sambac_domain::Sender;
use sambac_domain::state::MessageState;
use sambac_smpp::{Address, CommandId, CommandStatus, Frame, Header, Pdu, QuerySm};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::Connector;
use super::link::{Link, Slot};
use crate::overdue::Overdue;
use crate::smsc;

/// How often it is looked whether one is due, or whether there is a place for it.
const LOOK: Duration = Duration::from_millis(250);
/// Questions that are open at a time.
pub(crate) const QUERIES_MAX: usize = 16;

/// Runs until the connector stops.
pub(super) async fn run(connector: Arc<Connector>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            _ = look.tick() => {}
            Some(_) = open.join_next() => {}
            () = connector.cancel.cancelled() => return,
        }
        if !connector.questions.are_asked(&connector.profile()) {
            connector.inner.overdue.clear(connector.id());
            continue;
        }
        while open.len() < QUERIES_MAX
            && let Some((overdue, place)) = connector.next_overdue()
        {
            open.spawn(Arc::clone(&connector).ask_about(overdue, place));
        }
    }
}

impl Connector {
    /// A segment to be asked about, and where, if nothing else is to be sent.
    fn next_overdue(&self) -> Option<(Overdue, (Arc<Link>, Slot))> {
        let (overdue, now) = (&self.inner.overdue, self.inner.clock.now());
        if !overdue.is_due(self.id(), now) {
            return None;
        }
        let place = self.idle_place()?;
        Some((overdue.take(self.id(), now)?, place))
    }

    /// A place in a window and a turn, when nothing waits to be sent.
    fn idle_place(&self) -> Option<(Arc<Link>, Slot)> {
        if self.ready.len().0 > 0 || !self.queue.is_empty() {
            return None;
        }
        let link = self.links().iter().max_by_key(|link| link.free(false, 0)).cloned()?;
        // Half of the window stays free for what may come.
        let has_room = link.free(false, 0) * 2 > link.window();
        let at = Instant::now();
        if !has_room || self.throughput.take(false, at).is_err() || link.may_send(at).is_err() {
            return None;
        }
        let slot = link.slot(false, 0)?;
        Some((link, slot))
    }

    async fn ask_about(self: Arc<Self>, overdue: Overdue, place: (Arc<Link>, Slot)) {
        let Some(subject) = self.questions.subject(&self.inner, overdue).await else { return };
        let said = self.query(place, &subject.message.sender, &subject.smsc_message_id).await;
        if let Some(write) = self.questions.heard(&self.inner, &self.profile(), overdue, said) {
            self.write(write).await;
        }
    }

    /// The same for another node: it waits for a place for so long.
    pub(crate) async fn query_within(&self, limit: Duration, sender: &Sender, smsc_message_id: &str) -> Said {
        let placed = async {
            loop {
                if let Some(place) = self.idle_place() {
                    return place;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match timeout(limit, placed).await {
            Ok(place) => self.query(place, sender, smsc_message_id).await,
            Err(_) => Said::NotAsked,
        }
    }

    async fn query(&self, (link, slot): (Arc<Link>, Slot), sender: &Sender, smsc_message_id: &str) -> Said {
        let profile = self.profile();
        let Ok(sender) = profile.address.sender(sender, &profile.text) else { return Said::Open };
        let source = Address::new(sender.ton, sender.npi, &sender.addr);
        match link.ask(slot, &Pdu::QuerySm(QuerySm { message_id: smsc_message_id.as_bytes(), source })).await {
            Err(_) => Said::NotAsked,
            Ok(None) => Said::Nothing,
            Ok(Some((header, frame))) => self.said(header, &frame),
        }
    }

    fn said(&self, header: Header, frame: &Frame) -> Said {
        if header.command_status == CommandStatus::RINVCMDID || header.command_id == CommandId::GENERIC_NACK {
            return Said::NotOffered { why: header.command_status.to_string() };
        }
        let resp = match frame.pdu() {
            Ok(Pdu::QuerySmResp(resp)) if header.command_status.is_ok() => resp,
            _ => return Said::Open,
        };
        let told = self.profile().receipt.state_of_number(resp.message_state.into());
        match told.filter(|told| MessageState::from_receipt(*told).is_some()) {
            Some(state) => Said::Ended {
                state,
                error: (resp.error_code != 0).then(|| resp.error_code.to_string()),
                done_at: smsc::passed_at(resp.final_date, self.inner.clock.now()),
            },
            // On its way, or unknown to the operator, whose records may be slow.
            None => Said::Open,
        }
    }
}
