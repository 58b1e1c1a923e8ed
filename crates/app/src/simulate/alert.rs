//! `alert_notification`: an operator tells that a subscriber can be reached again, some time after it refused a message to it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sambac_smpp::{Address, AlertNotification, Pdu, Session};
use serde::Deserialize;

/// Alerts that wait; beyond that, none is kept.
const WAITING_MAX: usize = 10_000;

/// Whether alerts are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AlertSettings {
    /// How long after a message was refused its destination can be reached again; 0 = no alerts.
    pub(crate) after_refusal_ms: u64,
}

/// The alerts of one session.
#[derive(Default)]
pub(crate) struct Alerts {
    waiting: BinaryHeap<Reverse<(u64, Vec<u8>)>>,
}

impl Alerts {
    /// A message to this number was refused.
    pub(crate) fn refused(&mut self, settings: AlertSettings, destination: &[u8], now_us: u64) {
        if settings.after_refusal_ms > 0 && self.waiting.len() < WAITING_MAX {
            self.waiting.push(Reverse((now_us + settings.after_refusal_ms * 1_000, destination.to_vec())));
        }
    }

    /// When the next one is due.
    pub(crate) fn next_us(&self) -> Option<u64> {
        self.waiting.peek().map(|Reverse((due_us, _))| *due_us)
    }

    /// Sends what is due; returns the numbers. One that finds no room in the window is lost, as they may be.
    pub(crate) fn send(&mut self, session: &Session, system_id: &[u8], now_us: u64, token: u64) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        while let Some(Reverse((due_us, _))) = self.waiting.peek()
            && *due_us <= now_us
            && let Some(Reverse((_, number))) = self.waiting.pop()
        {
            let (source, esme) = (Address::new(1, 1, &number), Address::new(0, 0, system_id));
            let alert = AlertNotification { source, esme, ..AlertNotification::default() };
            if session.try_send(&Pdu::AlertNotification(alert), token).is_ok() {
                sent.push(number);
            }
        }
        sent
    }
}
