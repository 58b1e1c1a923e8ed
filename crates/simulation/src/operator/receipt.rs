//! Receipts: what an operator comes to tell of a message, when, and in which words (SMPP 3.4 appendix B).

use std::time::Duration;

use sambac_smpp::{Address, Pdu, Session, Sm, TrySendError, esm_class};

use super::Memory;

/// A receipt that is to be told.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    /// The copy that it is about.
    pub(super) copy: usize,
    pub(super) state: &'static str,
    pub(super) id: String,
    from: Vec<u8>,
    to: Vec<u8>,
}

/// The addresses of a message.
pub(super) struct Parties {
    pub(super) from: Vec<u8>,
    pub(super) to: Vec<u8>,
}

impl Memory {
    /// Decides what becomes of a message that was taken now, and when it is told.
    pub(super) fn decide(
        &mut self,
        copy: usize,
        parties: &Parties,
        (passed, is_answered): (Duration, bool),
        is_calm: bool,
    ) {
        let state = match self.dice.between(0, 99) {
            0..=4 => "UNDELIV",
            5..=6 => "EXPIRED",
            7 => "REJECTD",
            _ => "DELIVRD",
        };
        // Who is too busy to answer is so with receipts, too.
        let is_late = !is_answered && self.dice.per_mille(400);
        let pause = if is_late { self.dice.of(self.times.late) } else { self.pause(is_calm) };
        let roll = if is_calm { 999 } else { self.dice.between(0, 999) };
        if roll < 15 {
            return; // It is never told.
        }
        self.tell(copy, state, parties, passed + pause);
        if roll < 40 {
            let again = pause + self.dice.millis(10, 120_000);
            self.tell(copy, state, parties, passed + again);
        } else if roll < 55 {
            let other = if state == "DELIVRD" { "UNDELIV" } else { "DELIVRD" };
            let later = pause + self.dice.millis(1_000, 600_000);
            self.tell(copy, other, parties, passed + later);
        }
    }

    /// Some receipts come before the response, most soon, some late, and a few after everybody has given up.
    fn pause(&mut self, is_calm: bool) -> Duration {
        match self.dice.between(0, 99) {
            0..=4 => Duration::ZERO,
            5..=94 => self.dice.millis(500, 20_000),
            _ if is_calm => self.dice.millis(500, 20_000),
            95..=97 => self.dice.of(self.times.late),
            _ => self.dice.of(self.times.too_late),
        }
    }

    fn tell(&mut self, copy: usize, state: &'static str, parties: &Parties, at: Duration) {
        let Some(id) = self.copies.get_mut(copy).map(|own| {
            own.fate.push(state);
            own.id.clone()
        }) else {
            return;
        };
        let receipt = Receipt { copy, state, id, from: parties.to.clone(), to: parties.from.clone() };
        self.put(at, receipt);
    }

    /// To be told then.
    pub(super) fn put(&mut self, at: Duration, receipt: Receipt) {
        self.number += 1;
        self.due.insert((at, self.number), receipt);
    }

    /// When the next receipt is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next receipt that is due by now.
    pub(super) fn take_due(&mut self, passed: Duration) -> Option<Receipt> {
        let (key, _) = self.due.first_key_value().filter(|((at, _), _)| *at <= passed)?;
        let key = *key;
        self.due.remove(&key)
    }
}

impl Receipt {
    /// Sends it, if the window allows.
    pub(super) fn send(&self, session: &Session, token: u64) -> Result<(), TrySendError> {
        let text = format!(
            "id:{} sub:001 dlvrd:001 submit date:2701010000 done date:2701010000 stat:{} err:000 text:",
            self.id, self.state
        );
        let sm = Sm {
            source: Address { ton: 1, npi: 1, addr: &self.from },
            destination: Address { ton: 5, npi: 0, addr: &self.to },
            esm_class: esm_class::TYPE_RECEIPT,
            short_message: text.as_bytes(),
            ..Sm::default()
        };
        session.try_send(&Pdu::DeliverSm(sm), token).map(drop)
    }
}
