//! A bound session's messages from handsets: sent when due, and again when they were not acknowledged.

use sambac_smpp::Header;

use super::{Link, RESEND_AFTER_US};
use crate::simulate::handset::Mo;

/// How often a message that was not acknowledged is sent again.
const RESEND_MAX: u32 = 20;

impl Link {
    /// Takes what waits for this bind.
    pub(super) fn join_handsets(&mut self) {
        if self.receives {
            self.handsets.waiting = self.core.handsets.join(self.core.now_us());
        }
    }

    /// Sends what is due while there is room in the window.
    pub(super) fn send_handsets(&mut self) {
        if !self.can_send() {
            return;
        }
        for mut mo in self.handsets.due(self.core.now_us()) {
            let token = self.next_token();
            let sent = self.session.try_send(&mo.pdu(), token);
            match sent {
                Ok(sequence) => {
                    mo.sent += 1;
                    self.record_handset(sequence, &mo);
                    self.handsets.in_flight.insert(token, mo);
                }
                // No room, or no session: at the next turn, or by the next bind.
                Err(_) => self.handsets.waiting.push(mo),
            }
        }
    }

    /// The answer to one; false when the token is none of theirs.
    pub(super) fn handset_acknowledged(&mut self, token: u64, header: Header) -> bool {
        let Some(mo) = self.handsets.in_flight.remove(&token) else { return false };
        self.record_handset_acknowledged(header, &mo);
        // Permanent refusals are final for an SMSC, too (3.4, 5.1.3): ESME_RX_R_APPN.
        if !header.command_status.is_ok() && header.command_status.0 != 0x66 {
            self.handset_again(mo);
        }
        true
    }

    /// None came for one; false when the token is none of theirs.
    pub(super) fn handset_unacknowledged(&mut self, token: u64) -> bool {
        let Some(mo) = self.handsets.in_flight.remove(&token) else { return false };
        self.handset_again(mo);
        true
    }

    fn handset_again(&mut self, mut mo: Mo) {
        if mo.sent <= RESEND_MAX {
            mo.due_us = self.core.now_us() + RESEND_AFTER_US;
            self.handsets.waiting.push(mo);
        }
    }

    /// Another bind brings what this one did not.
    pub(super) fn leave_handsets(&mut self) {
        self.core.handsets.leave(self.handsets.drain());
    }

    fn record_handset(&self, sequence: u32, mo: &Mo) {
        if let Some(line) = self.core.line("mo", self.number, self.core.now_us()) {
            line.number("sequence", u64::from(sequence))
                .text("source", &mo.source.addr)
                .text("destination", &mo.destination.addr)
                .number("part", u64::from(mo.part))
                .number("sent", u64::from(mo.sent));
        }
    }

    fn record_handset_acknowledged(&self, header: Header, mo: &Mo) {
        if let Some(line) = self.core.line("mo_ack", self.number, self.core.now_us()) {
            line.number("sequence", u64::from(header.sequence_number))
                .text("source", &mo.source.addr)
                .number("part", u64::from(mo.part))
                .number("status", u64::from(header.command_status.0));
        }
    }
}
