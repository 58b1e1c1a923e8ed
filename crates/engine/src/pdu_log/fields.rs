//! What a PDU says, field by field, for people to read.

use sambac_domain::receipt::{self, ReceiptInput};
use sambac_smpp::{Address, Bind, Frame, Pdu, Sm, Tag, Tlvs};

/// Octets of a value that are written out.
const SHOWN_OCTETS: usize = 64;

/// Names of fields and their values.
pub(super) type Fields = Vec<(String, String)>;

/// The body's fields, in order; those that are empty or zero are left out. Of texts only their length is said.
pub fn fields(octets: &[u8]) -> Vec<(String, String)> {
    let Some(frame) = Frame::new(octets.to_vec().into()) else { return Vec::new() };
    let mut list = List(Vec::new());
    match frame.pdu_with_broken_tlvs() {
        Ok(pdu) => list.pdu(&pdu),
        Err(error) => list.text("error", error.to_string().as_bytes()),
    }
    list.0
}

/// The ids of messages that a PDU names: in an answer, a receipt, or a question about a message.
pub(super) fn message_ids(octets: &[u8]) -> Vec<String> {
    let Some(frame) = Frame::new(octets.to_vec().into()) else { return Vec::new() };
    let id = match frame.pdu_with_broken_tlvs() {
        Ok(Pdu::SubmitSmResp(resp) | Pdu::DataSmResp(resp)) => text(resp.message_id),
        Ok(Pdu::SubmitMultiResp(resp)) => text(resp.message_id),
        Ok(Pdu::QuerySm(query)) => text(query.message_id),
        Ok(Pdu::QuerySmResp(resp)) => text(resp.message_id),
        Ok(Pdu::CancelSm(cancel)) => text(cancel.message_id),
        Ok(Pdu::ReplaceSm(replace)) => text(replace.message_id),
        Ok(Pdu::DeliverSm(sm)) => receipt_id(sm.esm_class, sm.data_coding, sm.short_message, sm.tlvs),
        Ok(Pdu::DataSm(sm)) => receipt_id(sm.esm_class, sm.data_coding, b"", sm.tlvs),
        _ => String::new(),
    };
    if id.is_empty() { Vec::new() } else { vec![id] }
}

fn receipt_id(esm_class: u8, data_coding: u8, short_message: &[u8], tlvs: Tlvs<'_>) -> String {
    let input = ReceiptInput {
        esm_class,
        data_coding,
        short_message,
        message_payload: tlvs.get(Tag::MESSAGE_PAYLOAD),
        receipted_message_id: tlvs.get(Tag::RECEIPTED_MESSAGE_ID),
        ..ReceiptInput::default()
    };
    receipt::parse(&input).map_or_else(String::new, |receipt| receipt.smsc_message_id)
}

fn text(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}

struct List(Fields);

impl List {
    fn pdu(&mut self, pdu: &Pdu<'_>) {
        match pdu {
            Pdu::BindTransmitter(bind) | Pdu::BindReceiver(bind) | Pdu::BindTransceiver(bind) => self.bind(bind),
            Pdu::BindTransmitterResp(resp) | Pdu::BindReceiverResp(resp) | Pdu::BindTransceiverResp(resp) => {
                self.text("system_id", resp.system_id);
                self.tlvs(resp.tlvs);
            }
            Pdu::Outbind(outbind) => self.text("system_id", outbind.system_id),
            Pdu::SubmitSm(sm) | Pdu::DeliverSm(sm) => self.sm(sm),
            Pdu::SubmitSmResp(resp) | Pdu::DeliverSmResp(resp) | Pdu::DataSmResp(resp) => {
                self.text("message_id", resp.message_id);
                self.tlvs(resp.tlvs);
            }
            Pdu::DataSm(sm) => {
                self.text("service_type", sm.service_type);
                self.address("source_addr", &sm.source);
                self.address("destination_addr", &sm.destination);
                self.octets(&[
                    ("esm_class", sm.esm_class),
                    ("registered_delivery", sm.registered_delivery),
                    ("data_coding", sm.data_coding),
                ]);
                self.tlvs(sm.tlvs);
            }
            other => self.rarer(other),
        }
    }

    fn rarer(&mut self, pdu: &Pdu<'_>) {
        match pdu {
            Pdu::SubmitMulti(multi) => {
                self.address("source_addr", &multi.source);
                self.number("number_of_dests", multi.destinations.len());
                self.octets(&[("esm_class", multi.esm_class), ("data_coding", multi.data_coding)]);
                self.number("sm_length", multi.short_message.len());
                self.tlvs(multi.tlvs);
            }
            Pdu::SubmitMultiResp(resp) => {
                self.text("message_id", resp.message_id);
                self.number("no_unsuccess", resp.unsuccessful.len());
            }
            Pdu::QuerySm(query) => {
                self.text("message_id", query.message_id);
                self.address("source_addr", &query.source);
            }
            Pdu::QuerySmResp(resp) => {
                self.text("message_id", resp.message_id);
                self.text("final_date", resp.final_date);
                self.octets(&[("message_state", resp.message_state), ("error_code", resp.error_code)]);
            }
            Pdu::CancelSm(cancel) => {
                self.text("message_id", cancel.message_id);
                self.address("source_addr", &cancel.source);
                self.address("destination_addr", &cancel.destination);
            }
            Pdu::ReplaceSm(replace) => {
                self.text("message_id", replace.message_id);
                self.address("source_addr", &replace.source);
                self.number("sm_length", replace.short_message.len());
            }
            Pdu::AlertNotification(alert) => {
                self.address("source_addr", &alert.source);
                self.address("esme_addr", &alert.esme);
                self.tlvs(alert.tlvs);
            }
            Pdu::Unknown { body, .. } => self.number("body_octets", body.len()),
            _ => {}
        }
    }

    fn bind(&mut self, bind: &Bind<'_>) {
        self.text("system_id", bind.system_id);
        self.text("system_type", bind.system_type);
        self.0.push(("interface_version".to_owned(), format!("{:#04x}", bind.interface_version)));
        self.address("address_range", &bind.address);
    }

    fn sm(&mut self, sm: &Sm<'_>) {
        self.text("service_type", sm.service_type);
        self.address("source_addr", &sm.source);
        self.address("destination_addr", &sm.destination);
        self.octets(&[
            ("esm_class", sm.esm_class),
            ("protocol_id", sm.protocol_id),
            ("priority_flag", sm.priority_flag),
        ]);
        self.text("schedule_delivery_time", sm.schedule_delivery_time);
        self.text("validity_period", sm.validity_period);
        self.octets(&[
            ("registered_delivery", sm.registered_delivery),
            ("replace_if_present", sm.replace_if_present),
            ("data_coding", sm.data_coding),
        ]);
        self.number("sm_length", sm.short_message.len());
        self.receipt(sm);
        self.tlvs(sm.tlvs);
    }

    /// A receipt's facts, up to the text that it quotes.
    fn receipt(&mut self, sm: &Sm<'_>) {
        let is_message = receipt_id(sm.esm_class, sm.data_coding, sm.short_message, sm.tlvs).is_empty();
        if !is_message && sm.data_coding != 8 {
            let message = sm.message().escape_ascii().to_string();
            let end = message.to_ascii_lowercase().find("text:").unwrap_or(message.len());
            self.0.push(("receipt".to_owned(), message.get(..end).unwrap_or_default().trim_end().to_owned()));
        }
    }

    fn tlvs(&mut self, tlvs: Tlvs<'_>) {
        for (tag, value) in tlvs {
            let shown = match value {
                _ if tag == Tag::MESSAGE_PAYLOAD => format!("{} octets", value.len()),
                [a] => a.to_string(),
                [a, b] => u16::from_be_bytes([*a, *b]).to_string(),
                value => value.get(..SHOWN_OCTETS).unwrap_or(value).escape_ascii().to_string(),
            };
            self.0.push((tag.to_string().to_lowercase(), shown));
        }
    }

    fn text(&mut self, name: &str, value: &[u8]) {
        if !value.is_empty() {
            let value = value.get(..SHOWN_OCTETS).unwrap_or(value);
            self.0.push((name.to_owned(), text(value)));
        }
    }

    fn address(&mut self, name: &str, address: &Address<'_>) {
        if !address.addr.is_empty() {
            let Address { ton, npi, addr } = address;
            self.0.push((name.to_owned(), format!("{} ({ton}/{npi})", text(addr))));
        }
    }

    fn octets(&mut self, named: &[(&str, u8)]) {
        for (name, value) in named.iter().filter(|(_, value)| *value != 0) {
            self.0.push(((*name).to_owned(), format!("{value:#04x}")));
        }
    }

    fn number(&mut self, name: &str, value: usize) {
        self.0.push((name.to_owned(), value.to_string()));
    }
}
