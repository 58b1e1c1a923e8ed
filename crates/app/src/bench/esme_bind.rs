//! One bind of a load over SMPP: one task, a fixed text, and no allocation per message.

use std::collections::BTreeMap;
use std::time::Duration;

use sambac_smpp::{
    Address, CommandStatus, Event, Events, Frame, Header, Pdu, Session, Sm, SmResp, Tag, TrySendError, npi,
    registered_delivery, ton,
};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::esme::{Figures, Orders};
use super::messages::DESTINATION_DIGITS;

/// What is sent. One segment of the default alphabet.
pub(crate) const TEXT: &str = "Your code is 123456. Do not share it with anyone.";
/// Who it is from.
pub(crate) const SENDER: &str = "Bench";
/// Two days, so that nothing expires in a backlog (SMPP 3.4 §7.1.1.2).
const VALIDITY: &[u8] = b"000002000000000R";
/// Events taken at once.
const BATCH: usize = 512;
/// How often a bind that waits for its time, or for others to finish, looks again.
const TICK: Duration = Duration::from_millis(1);
/// `message_state` of a delivered message.
const DELIVERED: u8 = 2;
const UNBIND_LIMIT: Duration = Duration::from_secs(5);

/// One bind at work.
pub(crate) struct Bind {
    session: Session,
    orders: Orders,
    figures: Figures,
    refusals: BTreeMap<CommandStatus, u64>,
    /// Taken, but there was no room in the window.
    unsent: Option<u64>,
}

impl Bind {
    pub(crate) fn new(session: Session, orders: Orders) -> anyhow::Result<Self> {
        Ok(Self { session, orders, figures: Figures::new()?, refusals: BTreeMap::new(), unsent: None })
    }

    /// Submits and counts until it is told to end, or the session does.
    pub(crate) async fn run(mut self, mut events: Events) -> anyhow::Result<Figures> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut tick = ticks();
        let end = self.orders.end.clone();
        loop {
            let waits = self.submit();
            tokio::select! {
                count = events.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        break;
                    }
                }
                _ = tick.tick(), if waits => {}
                () = end.cancelled() => break,
            }
            let now_us = self.orders.messages.now_us();
            for event in batch.drain(..) {
                self.take_in(event, now_us);
            }
        }
        self.session.unbind(UNBIND_LIMIT).await;
        let named = self.refusals.into_iter().map(|(status, count)| (status.to_string(), count));
        self.figures.refusals.extend(named);
        Ok(self.figures)
    }

    /// Submits what is due while there is room. True when it must look again later of its own accord.
    fn submit(&mut self) -> bool {
        loop {
            let index = match self.unsent.take() {
                Some(index) => index,
                None => match self.next() {
                    Ok(index) => index,
                    Err(waits) => return waits,
                },
            };
            match self.submit_one(index) {
                Ok(()) => {}
                Err(TrySendError::WindowFull) => {
                    // The answer that makes room also wakes this task.
                    self.unsent = Some(index);
                    return false;
                }
                Err(_) => {
                    self.orders.messages.unanswered();
                    return false;
                }
            }
        }
    }

    /// The next message that is due, or whether one may become due without an event.
    fn next(&self) -> Result<u64, bool> {
        if self.orders.stop_sending.is_cancelled() || self.session.is_closed() {
            return Err(false);
        }
        let Orders { messages, pace, .. } = &self.orders;
        let now_us = messages.now_us();
        let unfinished = messages.unfinished();
        let index = messages.take(|index| pace.allows(index, now_us, unfinished)).ok_or(true)?;
        messages.offer(index, pace.due_us(index).unwrap_or(now_us));
        Ok(index)
    }

    fn submit_one(&self, index: u64) -> Result<(), TrySendError> {
        let mut destination = [0; DESTINATION_DIGITS];
        self.orders.messages.write_destination(index, &mut destination);
        let sm = Sm {
            source: Address::new(ton::ALPHANUMERIC, npi::UNKNOWN, SENDER.as_bytes()),
            destination: Address::new(ton::INTERNATIONAL, npi::ISDN, &destination),
            validity_period: VALIDITY,
            registered_delivery: registered_delivery::FINAL,
            short_message: TEXT.as_bytes(),
            ..Sm::default()
        };
        self.session.try_send(&Pdu::SubmitSm(sm), index).map(|_| ())
    }

    fn take_in(&mut self, event: Event, now_us: u64) {
        match event {
            Event::Response { token, header, .. } => self.answered(token, header, now_us),
            Event::Request { header, frame } => self.receipt(header, &frame, now_us),
            Event::Timeout { .. } => self.orders.messages.unanswered(),
            Event::Closed { reason, unanswered } => {
                unanswered.iter().for_each(|_| self.orders.messages.unanswered());
                if !self.orders.end.is_cancelled() {
                    self.figures.broken.push(format!("a bind of the load ended: {reason:?}"));
                }
            }
        }
    }

    fn answered(&mut self, index: u64, header: Header, now_us: u64) {
        let messages = &self.orders.messages;
        if header.command_status.is_ok() {
            messages.accepted();
            self.figures.accept.record(messages.since_offer_us(index, now_us));
        } else {
            messages.refused();
            *self.refusals.entry(header.command_status).or_default() += 1;
        }
    }

    fn receipt(&mut self, header: Header, frame: &Frame, now_us: u64) {
        if let Ok(Pdu::DeliverSm(sm)) = frame.pdu()
            && let Some(index) = self.orders.messages.index_of(sm.source.addr)
        {
            let delivered = sm.tlvs.u8(Tag::MESSAGE_STATE) == Some(DELIVERED);
            if let Some(us) = self.orders.messages.receipt(index, delivered, now_us) {
                self.figures.receipt.record(us);
            }
        }
        // A session that is over makes no difference: the receipt comes again on another.
        let answer = Pdu::DeliverSmResp(SmResp::default());
        let _ = self.session.respond(header.sequence_number, CommandStatus::ROK, &answer);
    }
}

fn ticks() -> Interval {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    tick
}
