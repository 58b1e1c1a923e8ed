//! Asks the operator by `query_sm` (SMPP 3.4 §4.8) what became of segments whose receipts are overdue (Q-I4).
//!
//! A question goes in a place of the window and at its turn of the throughput, and only when no segment waits to be sent. An
//! operator that does not offer it is asked once, and not again until the connector's settings change.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sambac_domain::receipt::ReceiptState;
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_smpp::{Address, CommandId, CommandStatus, Frame, Header, Pdu, QuerySm, QuerySmResp};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Connector;
use super::link::{Link, Slot};
use crate::alert::AlertKind;
use crate::commit::{Queried, Write};
use crate::overdue::Overdue;
use crate::{relay, smsc};

/// How often it is looked whether one is due.
const LOOK: Duration = Duration::from_millis(250);
/// Questions that are open at a time.
const OPEN_MAX: usize = 16;
/// So many questions without an answer, one after the other, say that there will be none.
const SILENCE_MAX: u8 = 3;

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
        if !connector.may_query() {
            connector.inner.overdue.clear(connector.id());
            continue;
        }
        while open.len() < OPEN_MAX
            && let Some((overdue, link, slot)) = connector.next_overdue()
        {
            open.spawn(Arc::clone(&connector).query(overdue, link, slot));
        }
    }
}

impl Connector {
    fn may_query(&self) -> bool {
        self.profile().receipt.query_after_s > 0 && self.silence.load(Ordering::Relaxed) < SILENCE_MAX
    }

    /// A segment to be asked about, and where, if nothing else is to be sent.
    fn next_overdue(&self) -> Option<(Overdue, Arc<Link>, Slot)> {
        let (overdue, now) = (&self.inner.overdue, self.inner.clock.now());
        let is_idle = self.ready.len().0 == 0 && self.queue.is_empty();
        if !is_idle || !overdue.is_due(self.id(), now) {
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
        Some((overdue.take(self.id(), now)?, link, slot))
    }

    async fn query(self: Arc<Self>, overdue: Overdue, link: Arc<Link>, slot: Slot) {
        let Some(live) = relay::load_message(&self.inner, overdue.segment.message()).await else { return };
        let own = live.progress().of(overdue.segment).cloned();
        let is_here = |state, connector| state == MessageState::Submitted && connector == self.id();
        let Some(own) = own.filter(|own| is_here(own.state, own.connector)) else { return };
        let Some(id) = own.smsc_message_id else { return };
        let profile = self.profile();
        let Ok(sender) = profile.address.sender(&live.message.sender, &profile.text) else { return };
        let source = Address::new(sender.ton, sender.npi, &sender.addr);
        match link.ask(slot, &Pdu::QuerySm(QuerySm { message_id: id.as_bytes(), source })).await {
            // Not sent: it is as due as before.
            Err(_) => {
                self.inner.overdue.put(self.id(), overdue);
            }
            Ok(None) => {
                self.silence.fetch_add(1, Ordering::Relaxed);
                self.tell_silence("it gives no answer");
                self.ask_again(overdue);
            }
            Ok(Some((header, frame))) => self.answered_query(overdue, header, &frame).await,
        }
    }

    async fn answered_query(&self, overdue: Overdue, header: Header, frame: &Frame) {
        let resp = match frame.pdu() {
            Ok(Pdu::QuerySmResp(resp)) if header.command_status.is_ok() => Some(resp),
            _ => None,
        };
        if header.command_status == CommandStatus::RINVCMDID || header.command_id == CommandId::GENERIC_NACK {
            self.silence.store(SILENCE_MAX, Ordering::Relaxed);
            return self.tell_silence(&header.command_status.to_string());
        }
        self.silence.store(0, Ordering::Relaxed);
        let now = self.inner.clock.now();
        let told = resp.and_then(|resp| self.profile().receipt.state_of_number(resp.message_state.into()));
        match (resp, told) {
            (Some(resp), Some(told)) if MessageState::from_receipt(told).is_some() => {
                let queried = queried(overdue, self.id(), (&resp, told), now);
                self.write(Write::Queried(Box::new(queried))).await;
            }
            // On its way, or unknown to the operator, whose records may be slow.
            _ => self.ask_again(overdue),
        }
    }

    fn ask_again(&self, overdue: Overdue) {
        let profile = self.profile();
        let settings = &profile.receipt;
        let asked = overdue.asked.saturating_add(1);
        if asked < settings.query_attempts_max {
            let due_at = self.inner.clock.now().saturating_add(Duration::from_secs(settings.query_after_s.into()));
            self.inner.overdue.put(self.id(), Overdue { asked, due_at, ..overdue });
        }
    }

    /// A person is told once that the operator is not asked any more.
    fn tell_silence(&self, why: &str) {
        if self.silence.load(Ordering::Relaxed) == SILENCE_MAX {
            let text = format!("the operator does not offer query_sm ({why}): set receipt.query_after_s to 0");
            self.inner.alerts.raise(AlertKind::ConnectorQuery, &self.name, text);
        }
    }

    /// With other settings it may be another operator: it is asked anew.
    pub(super) fn query_anew(&self) {
        self.silence.store(0, Ordering::Relaxed);
        self.inner.alerts.clear(AlertKind::ConnectorQuery, &self.name, "settings changed");
    }
}

fn queried(
    overdue: Overdue,
    connector: sambac_domain::id::ConnectorId,
    (resp, told): (&QuerySmResp<'_>, ReceiptState),
    now: Timestamp,
) -> Queried {
    Queried {
        segment: overdue.segment,
        connector,
        told,
        error: (resp.error_code != 0).then(|| resp.error_code.to_string()),
        done_at: smsc::passed_at(resp.final_date, now),
        received_at: now,
    }
}
