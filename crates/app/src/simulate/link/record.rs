//! The journal's lines about a session.

use sambac_smpp::{BindRequest, CloseReason, Header, Sm, Tag, esm_class};
use sha2::{Digest as _, Sha256};

use super::Link;
use crate::simulate::journal::Line;
use crate::simulate::kind_of;
use crate::simulate::receipt::Receipt;

impl Link {
    /// `bind`: a session was opened.
    pub(crate) fn record_bind(&self, request: &BindRequest) {
        if let Some(line) = self.core.line("bind", self.number, self.core.now_us()) {
            line.text("system_id", &self.system_id)
                .text("kind", kind_of(request).as_bytes())
                .text("system_type", &request.system_type)
                .text("address_range", &request.address_range)
                .number("addr_ton", request.addr_ton.into())
                .number("addr_npi", request.addr_npi.into())
                .number("interface_version", request.interface_version.into())
                .number("password_octets", request.password.len() as u64);
        }
    }

    /// `submit`: a message came. The text itself is written only when the journal was asked to.
    pub(super) fn record_submit(&self, header: Header, sm: &Sm<'_>, now_us: u64) {
        let Some(journal) = self.core.journal() else { return };
        let message = sm.message();
        let digest = Sha256::digest(message);
        let mut line = journal
            .line(self.core.utc_us(now_us), "submit", self.number)
            .text("system_id", &self.system_id)
            .number("sequence", u64::from(header.sequence_number))
            .text("source", sm.source.addr)
            .text("destination", sm.destination.addr)
            .number("esm_class", u64::from(sm.esm_class))
            .number("data_coding", u64::from(sm.data_coding))
            .number("registered_delivery", u64::from(sm.registered_delivery))
            .text("validity_period", sm.validity_period)
            .number("tlv_octets", sm.tlvs.as_octets().len() as u64)
            .hex("text_sha256", &digest);
        line = written_fields(line, sm);
        if let Some(udh) = user_data_header(sm) {
            line = line.hex("udh", udh);
        }
        if let (Some(reference), Some(number)) =
            (sm.tlvs.u16(Tag::SAR_MSG_REF_NUM), sm.tlvs.u8(Tag::SAR_SEGMENT_SEQNUM))
        {
            line = line.number("sar_reference", reference.into()).number("sar_number", number.into());
        }
        if journal.with_text() {
            line = line.hex("short_message", message);
            if !sm.tlvs.is_empty() {
                line = line.hex("tlvs", sm.tlvs.as_octets());
            }
        }
        drop(line);
    }

    /// `answer`: a submit was answered.
    pub(super) fn record_answer(&self, header: Header, status: u32, id: &[u8]) {
        if let Some(line) = self.core.line("answer", self.number, self.core.now_us()) {
            let line = line.number("sequence", u64::from(header.sequence_number)).number("status", u64::from(status));
            line.text("message_id", id);
        }
    }

    /// `receipt`: a receipt was sent.
    pub(super) fn record_receipt(&self, sequence: u32, receipt: &Receipt, now_us: u64) {
        if let Some(line) = self.core.line("receipt", self.number, now_us) {
            line.number("sequence", u64::from(sequence))
                .text("message_id", receipt.message_id.as_bytes())
                .text("destination", receipt.destination.addr.as_bytes())
                .text("stat", receipt.state.stat().as_bytes())
                .number("sent", u64::from(receipt.sent));
        }
    }

    /// `receipt_ack`: the ESME answered a receipt.
    pub(super) fn record_acknowledged(&self, header: Header, receipt: &Receipt) {
        if let Some(line) = self.core.line("receipt_ack", self.number, self.core.now_us()) {
            line.number("sequence", u64::from(header.sequence_number))
                .text("message_id", receipt.message_id.as_bytes())
                .number("status", u64::from(header.command_status.0));
        }
    }

    /// `alert`: a subscriber can be reached again.
    pub(super) fn record_alert(&self, number: &[u8], now_us: u64) {
        if let Some(line) = self.core.line("alert", self.number, now_us) {
            line.text("source", number);
        }
    }

    /// `receipt_dropped`: a receipt will not be sent again, or there was no room to keep it.
    pub(super) fn record_dropped(&self, receipt: &Receipt) {
        if let Some(line) = self.core.line("receipt_dropped", self.number, self.core.now_us()) {
            line.text("message_id", receipt.message_id.as_bytes()).number("sent", u64::from(receipt.sent));
        }
    }

    /// `unbind` or `close`: the session is over, with the number of submits that never got their answer.
    pub(super) fn record_closed(&self, reason: CloseReason) {
        let is_unbind = matches!(reason, CloseReason::PeerUnbind | CloseReason::Unbound);
        let event = if is_unbind { "unbind" } else { "close" };
        if let Some(line) = self.core.line(event, self.number, self.core.now_us()) {
            line.text("system_id", &self.system_id)
                .text("reason", format!("{reason:?}").as_bytes())
                .number("unanswered", self.delayed.len() as u64);
        }
    }
}

/// The further fields of a message, each only when it is not 0 or empty.
fn written_fields<'a>(line: Line<'a>, sm: &Sm<'_>) -> Line<'a> {
    let numbers = [
        ("source_ton", sm.source.ton),
        ("source_npi", sm.source.npi),
        ("destination_ton", sm.destination.ton),
        ("destination_npi", sm.destination.npi),
        ("protocol_id", sm.protocol_id),
        ("priority", sm.priority_flag),
        ("replace_if_present", sm.replace_if_present),
        ("default_message_id", sm.sm_default_msg_id),
    ];
    let texts = [("service_type", sm.service_type), ("schedule_delivery_time", sm.schedule_delivery_time)];
    let numbers = numbers.into_iter().filter(|(_, value)| *value > 0);
    let line = numbers.fold(line, |line, (key, value)| line.number(key, value.into()));
    let texts = texts.into_iter().filter(|(_, value)| !value.is_empty());
    texts.fold(line, |line, (key, value)| line.text(key, value))
}

/// The user data header with its length octet, when there is one and it fits.
fn user_data_header<'a>(sm: &Sm<'a>) -> Option<&'a [u8]> {
    if sm.esm_class & esm_class::UDHI == 0 {
        return None;
    }
    let message = sm.message();
    message.get(..=usize::from(*message.first()?))
}
