//! One bound session: answers what comes, when it is time, and sends receipts as the window allows.
//!
//! One task and no task per message: delayed answers wait in a heap here, receipts at the [`Desk`], and events come in
//! batches.

mod handset;
mod manage;
mod record;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use sambac_smpp::{CloseReason, CommandStatus, Event, Events, Header, Pdu, Session, Sm, SmResp, Tag, TlvBuf};
use tokio::time::sleep_until;

use super::alert::Alerts;
use super::core::Core;
use super::desk::Desk;
use super::echo;
use super::flow::Overrun;
use super::handset::{Mo, Outbound};
use super::message_id::MessageId;
use super::plan::{Answer, Arrival, Planned};
use super::receipt::{Party, Receipt, Writer};
use super::refusals::Fields;

const BATCH: usize = 256;
/// After a receipt was refused, before it is sent again.
const RESEND_AFTER_US: u64 = 1_000_000;
/// How long a receipt that is to come before the answer is ahead of it.
const HEAD_START_US: u64 = 20_000;
/// How long a handset takes to answer a message.
const REPLY_AFTER_US: u64 = 50_000;
const UNBIND_LIMIT: Duration = Duration::from_millis(500);

/// One bound session.
pub(crate) struct Link {
    core: Arc<Core>,
    desk: Arc<Desk>,
    session: Session,
    number: u64,
    system_id: Vec<u8>,
    receives: bool,
    /// Delayed answers, by due time and order of arrival.
    answers: BinaryHeap<Reverse<(u64, u64)>>,
    delayed: HashMap<u64, Delayed>,
    /// Receipts sent and not acknowledged, by token.
    in_flight: HashMap<u64, Receipt>,
    handsets: Outbound,
    next_token: u64,
    next_receipt_us: Option<u64>,
    alerts: Alerts,
    new: Vec<Receipt>,
    due: Vec<Receipt>,
    writer: Writer,
}

struct Delayed {
    header: Header,
    answer: Answer,
    id: MessageId,
}

impl Link {
    pub(crate) fn new(core: Arc<Core>, session: Session, number: u64, system_id: Vec<u8>) -> Self {
        let receives = session.kind() != sambac_smpp::BindKind::Transmitter;
        Self {
            desk: core.desks.of(&system_id),
            core,
            session,
            number,
            system_id,
            receives,
            answers: BinaryHeap::new(),
            delayed: HashMap::new(),
            in_flight: HashMap::new(),
            handsets: Outbound::default(),
            next_token: 0,
            next_receipt_us: None,
            alerts: Alerts::default(),
            new: Vec::new(),
            due: Vec::new(),
            writer: Writer::default(),
        }
    }

    /// Serves the session until it is over.
    pub(crate) async fn run(mut self, mut events: Events) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut open = true;
        self.join_handsets();
        self.send_receipts();
        self.send_handsets();
        while open {
            tokio::select! {
                _ = events.recv_many(&mut batch, BATCH) => open = !batch.is_empty(),
                () = wait_until(&self.core, self.wakes_at()) => {}
                () = self.desk.changed.notified(), if self.can_send() => {}
                () = self.core.stop.cancelled() => {
                    self.session.unbind(UNBIND_LIMIT).await;
                    while let Some(event) = events.try_recv() {
                        batch.push(event);
                    }
                    open = false;
                }
            }
            for event in batch.drain(..) {
                self.handle(event);
            }
            self.send_answers();
            self.send_alerts();
            self.keep_receipts();
            self.send_receipts();
            self.send_handsets();
            self.session.ready().await;
        }
        self.leave_handsets();
        // Another bind must learn of what waits here.
        self.desk.changed.notify_one();
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Request { header, frame } => match frame.pdu() {
                Ok(Pdu::SubmitSm(sm)) if self.session.kind().esme_may_send(header.command_id) => {
                    self.submit(header, &sm);
                }
                Ok(Pdu::QuerySm(sm)) => self.query(header, &sm),
                Ok(Pdu::CancelSm(sm)) => self.cancel(header, &sm),
                Ok(Pdu::SubmitSm(_)) => self.session.respond_error(header, CommandStatus::RINVBNDSTS),
                _ => self.session.respond_error(header, CommandStatus::RINVCMDID),
            },
            Event::Response { token, header, .. } => self.acknowledged(token, header),
            Event::Timeout { token } => {
                if !self.handset_unacknowledged(token) {
                    self.unacknowledged(token, 0);
                }
            }
            Event::Closed { reason, .. } => {
                self.record_closed(reason);
                if !matches!(reason, CloseReason::PeerUnbind | CloseReason::Unbound) {
                    self.core.lost();
                }
                let tokens: Vec<u64> = self.in_flight.keys().copied().collect();
                for token in tokens {
                    self.unacknowledged(token, 0);
                }
            }
        }
    }

    fn submit(&mut self, header: Header, sm: &Sm<'_>) {
        let now_us = self.core.now_us();
        self.core.counts.submits.fetch_add(1, Relaxed);
        self.record_submit(header, sm, now_us);
        let limit = self.core.bind.window_max as usize;
        if limit > 0 && self.delayed.len() >= limit {
            let answer = match self.core.flow.window_overrun {
                Overrun::Throttle => Answer::Refuse(CommandStatus::RTHROTTLED.0),
                Overrun::Close => Answer::Close,
            };
            return self.answer(header, answer, &MessageId::default());
        }
        let (plan, forms, id) = self.core.plan(&Arrival {
            source: sm.source.addr,
            destination: sm.destination.addr,
            receipt_asked: sm.registered_delivery & 0x03 == 0x01,
            now_us,
            fields: fields(sm),
        });
        let refusal = forms.accept.as_ref().and_then(|accept| accept.refusal(sm));
        let plan = refusal.map_or(plan, |status| plan.refused(status));
        let ahead_us =
            plan.receipts.iter().flatten().filter(|planned| planned.before_answer).map(|planned| planned.after_us);
        if matches!(plan.answer, Answer::Refuse(_)) {
            self.alerts.refused(self.core.alert, sm.destination.addr, now_us + plan.answer_after_us);
        }
        let answer_after_us =
            ahead_us.max().map_or(plan.answer_after_us, |us| plan.answer_after_us.max(us + HEAD_START_US));
        let receipt_id = forms.receipt_id(&id);
        for planned in plan.receipts.iter().flatten() {
            let receipt = self.receipt(sm, receipt_id, planned, forms.receipt, (now_us, answer_after_us));
            forms.shaped(sm, receipt, &mut self.new);
        }
        if plan.reply {
            self.handsets.waiting.push(Mo::reply(sm, now_us + answer_after_us + REPLY_AFTER_US));
        }
        let id = forms.answer_id(&id);
        if answer_after_us == 0 {
            self.answer(header, plan.answer, &id);
            if plan.answer == Answer::Accept && self.receives {
                self.core.echo.answer(&self.session, sm);
            }
        } else {
            let order = self.next_token();
            self.answers.push(Reverse((now_us + answer_after_us, order)));
            self.delayed.insert(order, Delayed { header, answer: plan.answer, id });
        }
    }

    fn receipt(
        &self,
        sm: &Sm<'_>,
        message_id: MessageId,
        planned: &Planned,
        format: super::scenario::ReceiptFormat,
        (now_us, answer_after_us): (u64, u64),
    ) -> Receipt {
        let from_us = if planned.before_answer { now_us } else { now_us + answer_after_us };
        Receipt {
            source: Party::new(sm.source),
            destination: Party::new(sm.destination),
            message_id,
            state: planned.state,
            format,
            shape: None,
            submitted_us: self.core.utc_us(now_us),
            due_us: from_us + planned.after_us,
            sent: 0,
        }
    }

    /// Gives an answer now. A session that is over makes no difference: its answers are lost, as on a real link.
    fn answer(&mut self, header: Header, answer: Answer, id: &MessageId) {
        let (status, id) = match answer {
            Answer::Accept => (0, id.as_bytes()),
            Answer::AcceptWithoutId => (0, &b""[..]),
            Answer::Refuse(status) => (status, &b""[..]),
            Answer::Silence => return,
            Answer::Close | Answer::TakeAndClose => return self.session.close(),
        };
        if status == 0 {
            self.core.counts.accepted.fetch_add(1, Relaxed);
            let mut tlvs = TlvBuf::new();
            if let Some(state) = self.core.flow.congestion_state(self.delayed.len()) {
                tlvs.push_u8(Tag::CONGESTION_STATE, state);
            }
            let resp = Pdu::SubmitSmResp(SmResp { message_id: id, tlvs: tlvs.as_tlvs() });
            let _ = self.session.respond(header.sequence_number, CommandStatus::ROK, &resp);
        } else {
            self.session.respond_error(header, CommandStatus(status));
        }
        self.record_answer(header, status, id);
    }

    fn send_answers(&mut self) {
        let now_us = self.core.now_us();
        while let Some(Reverse((due_us, order))) = self.answers.peek().copied()
            && due_us <= now_us
        {
            self.answers.pop();
            if let Some(Delayed { header, answer, id }) = self.delayed.remove(&order) {
                self.answer(header, answer, &id);
            }
        }
    }

    fn send_alerts(&mut self) {
        let now_us = self.core.now_us();
        if self.alerts.next_us().is_some_and(|due_us| due_us <= now_us) {
            let token = self.next_token();
            for number in self.alerts.send(&self.session, &self.system_id, now_us, token) {
                self.record_alert(&number, now_us);
            }
        }
    }

    fn acknowledged(&mut self, token: u64, header: Header) {
        if token == echo::TOKEN || self.handset_acknowledged(token, header) {
            return;
        }
        if let Some(receipt) = self.in_flight.get(&token) {
            self.record_acknowledged(header, receipt);
        }
        if header.command_status.is_ok() {
            self.in_flight.remove(&token);
            self.core.counts.receipts_acknowledged.fetch_add(1, Relaxed);
        } else {
            self.unacknowledged(token, RESEND_AFTER_US);
        }
    }

    /// Puts a receipt back to be sent again, on any bind, unless that was done often enough.
    fn unacknowledged(&mut self, token: u64, after_us: u64) {
        let Some(mut receipt) = self.in_flight.remove(&token) else { return };
        if receipt.sent > self.core.receipts.resend_max {
            return self.record_dropped(&receipt);
        }
        if after_us > 0 {
            receipt.due_us = self.core.now_us() + after_us;
        }
        self.new.push(receipt);
    }

    fn keep_receipts(&mut self) {
        if self.new.is_empty() {
            return;
        }
        for receipt in self.desk.add(&mut self.new) {
            self.record_dropped(&receipt);
        }
        if !self.can_send() {
            self.desk.changed.notify_one();
        }
    }

    /// Sends what is due while there is room in the window; when there is none left, another bind is told to go on.
    fn send_receipts(&mut self) {
        if !self.receives {
            return;
        }
        let now_us = self.core.now_us();
        let free = self.session.window_free();
        let mut due = std::mem::take(&mut self.due);
        self.next_receipt_us = self.desk.take_due(now_us, free, &mut due);
        for receipt in due.drain(..) {
            self.send_receipt(receipt, now_us);
        }
        self.due = due;
        if !self.new.is_empty() {
            self.keep_receipts();
            self.next_receipt_us = Some(now_us);
        }
        if self.next_receipt_us.is_some() && !self.can_send() {
            self.desk.changed.notify_one();
        }
    }

    fn send_receipt(&mut self, mut receipt: Receipt, now_us: u64) {
        let token = self.next_token();
        let utc_us = self.core.utc_us(now_us);
        let sent = match receipt.shape.clone() {
            Some(shape) => shape.write(&receipt, utc_us, |pdu| self.session.try_send(pdu, token)),
            None => self.session.try_send(&Pdu::DeliverSm(self.writer.write(&receipt, utc_us)), token),
        };
        match sent {
            Ok(sequence) => {
                receipt.sent += 1;
                self.core.counts.receipts_sent.fetch_add(1, Relaxed);
                self.record_receipt(sequence, &receipt, now_us);
                self.in_flight.insert(token, receipt);
            }
            // No room, or no session: it waits for the next bind or for this one's next turn.
            Err(_) => self.new.push(receipt),
        }
    }

    fn can_send(&self) -> bool {
        self.receives && self.session.window_free() > 0 && !self.session.is_closed()
    }

    fn wakes_at(&self) -> Option<u64> {
        let answer = self.answers.peek().map(|Reverse((due_us, _))| *due_us);
        let receipt = self.next_receipt_us.filter(|_| self.can_send());
        let handset = self.handsets.next_us().filter(|_| self.can_send());
        answer.into_iter().chain(receipt).chain(handset).chain(self.alerts.next_us()).min()
    }

    fn next_token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }
}

fn fields(sm: &Sm<'_>) -> Fields {
    let is_part = |tag: Tag| {
        let parts = [Tag::MESSAGE_PAYLOAD, Tag::SAR_MSG_REF_NUM, Tag::SAR_TOTAL_SEGMENTS, Tag::SAR_SEGMENT_SEQNUM];
        parts.contains(&tag)
    };
    Fields {
        validity: !sm.validity_period.is_empty(),
        schedule: !sm.schedule_delivery_time.is_empty(),
        tlvs: sm.tlvs.iter().any(|(tag, _)| !is_part(tag)),
    }
}

async fn wait_until(core: &Core, at_us: Option<u64>) {
    match at_us {
        Some(at_us) => sleep_until(core.instant(at_us)).await,
        None => std::future::pending().await,
    }
}
