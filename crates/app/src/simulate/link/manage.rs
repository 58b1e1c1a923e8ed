//! An ESME asks about a message, or withdraws it.

use std::sync::atomic::Ordering::Relaxed;

use sambac_domain::time::Timestamp;
use sambac_smpp::{CancelSm, CommandStatus, Header, Pdu, QuerySm, QuerySmResp};

use super::Link;
use crate::simulate::message_id::MessageId;
use crate::simulate::state::ReceiptState;

const ROK: u32 = 0;
const RINVCMDID: u32 = 0x03;

impl Link {
    pub(super) fn query(&mut self, header: Header, sm: &QuerySm<'_>) {
        let settings = self.core.manage;
        let status = match settings.query {
            _ if settings.query_status != 0 => settings.query_status,
            None if !settings.query_silent => RINVCMDID,
            _ => ROK,
        };
        self.record_manage("query", header, (sm.message_id, sm.source.addr, b""), status);
        if settings.query_silent {
            return;
        }
        let Some(told) = settings.query.filter(|_| status == ROK) else {
            return self.session.respond_error(header, CommandStatus(status));
        };
        let before = self.core.queries.fetch_add(1, Relaxed) < settings.query_enroute_first;
        let state = if before { ReceiptState::Enroute } else { told };
        let final_date = self.final_date(state);
        let resp = QuerySmResp {
            message_id: sm.message_id,
            final_date: final_date.as_bytes(),
            message_state: state.number(),
            error_code: u8::try_from(state.usual_error()).unwrap_or_default(),
        };
        let _ = self.session.respond(header.sequence_number, CommandStatus::ROK, &Pdu::QuerySmResp(resp));
    }

    pub(super) fn cancel(&mut self, header: Header, sm: &CancelSm<'_>) {
        let settings = self.core.manage;
        let status = match settings.cancel {
            _ if settings.cancel_status != 0 => settings.cancel_status,
            false => RINVCMDID,
            true => ROK,
        };
        self.record_manage("cancel", header, (sm.message_id, sm.source.addr, sm.destination.addr), status);
        if status == ROK {
            self.desk.forget(MessageId::new(sm.message_id));
        }
        if !settings.cancel_silent {
            self.session.respond_error(header, CommandStatus(status));
        }
    }

    /// `YYMMDDhhmmsstnn+` in UTC of now; empty while a message is on its way.
    fn final_date(&self, state: ReceiptState) -> String {
        if matches!(state, ReceiptState::Enroute | ReceiptState::Accepted) {
            return String::new();
        }
        let at = Timestamp(self.core.utc_us(self.core.now_us()));
        let ((year, month, day), second) = (at.civil_date(), at.as_secs().rem_euclid(86_400));
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!("{:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}000+", year.rem_euclid(100))
    }

    /// `query` or `cancel`: who asked about what, and how it was answered.
    fn record_manage(&self, event: &str, header: Header, asked: (&[u8], &[u8], &[u8]), status: u32) {
        let (message_id, source, destination) = asked;
        if let Some(line) = self.core.line(event, self.number, self.core.now_us()) {
            line.number("sequence", u64::from(header.sequence_number))
                .text("message_id", message_id)
                .text("source", source)
                .text("destination", destination)
                .number("status", u64::from(status));
        }
    }
}
