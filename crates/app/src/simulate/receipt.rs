//! A receipt, from the moment it is planned until the ESME has acknowledged it, and how it is written.
//!
//! ```text
//! id:1767225600000001 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:
//! ```

use std::io::Write as _;
use std::sync::Arc;

use sambac_smpp::{Address, Sm, Tag, TlvBuf, esm_class};

use super::inline_text::InlineText;
use super::message_id::MessageId;
use super::scenario::ReceiptFormat;
use super::shape::Shape;
use super::state::ReceiptState;

/// An address as it came: type of number, numbering plan, octets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Party {
    ton: u8,
    npi: u8,
    pub(crate) addr: InlineText<21>,
}

/// A receipt that waits, or is on its way.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    /// Of the message: the receipt goes the other way.
    pub(crate) source: Party,
    pub(crate) destination: Party,
    pub(crate) message_id: MessageId,
    pub(crate) state: ReceiptState,
    pub(crate) format: ReceiptFormat,
    /// How it looks, when the scenario says so.
    pub(crate) shape: Option<Arc<Shape>>,
    /// When the message came, in UTC microseconds.
    pub(crate) submitted_us: i64,
    /// When it is to be sent, in the simulator's microseconds.
    pub(crate) due_us: u64,
    /// How often it was sent.
    pub(crate) sent: u32,
}

/// Writes receipts, keeping its memory from one to the next.
#[derive(Default)]
pub(crate) struct Writer {
    text: Vec<u8>,
    tlvs: TlvBuf,
    submit_date: Date,
    done_date: Date,
}

/// `YYMMDDhhmm` of a minute; formatted anew only when the minute is another one.
#[derive(Default)]
struct Date {
    minute: i64,
    text: String,
}

impl Party {
    pub(crate) fn new(address: Address<'_>) -> Self {
        Self { ton: address.ton, npi: address.npi, addr: InlineText::new(address.addr) }
    }

    fn address(&self) -> Address<'_> {
        Address::new(self.ton, self.npi, self.addr.as_bytes())
    }
}

impl Writer {
    /// The `deliver_sm` of a receipt; `now_us` is UTC.
    pub(crate) fn write<'a>(&'a mut self, receipt: &'a Receipt, now_us: i64) -> Sm<'a> {
        self.text.clear();
        self.tlvs.clear();
        if receipt.format != ReceiptFormat::Tlv {
            self.write_text(receipt, now_us);
        }
        if receipt.format != ReceiptFormat::Text {
            self.write_tlvs(receipt);
        }
        Sm {
            source: receipt.destination.address(),
            destination: receipt.source.address(),
            esm_class: esm_class::TYPE_RECEIPT,
            short_message: &self.text,
            tlvs: self.tlvs.as_tlvs(),
            ..Sm::default()
        }
    }

    fn write_text(&mut self, receipt: &Receipt, now_us: i64) {
        let text = &mut self.text;
        text.extend_from_slice(b"id:");
        text.extend_from_slice(receipt.message_id.as_bytes());
        let delivered = u8::from(receipt.state == ReceiptState::Delivered);
        // Writing to a Vec never fails.
        let _ = write!(
            text,
            " sub:001 dlvrd:00{delivered} submit date:{} done date:{} stat:{} err:{:03} text:",
            self.submit_date.of(receipt.submitted_us),
            self.done_date.of(now_us),
            receipt.state.stat(),
            receipt.state.usual_error(),
        );
    }

    fn write_tlvs(&mut self, receipt: &Receipt) {
        const NETWORK_GSM: u8 = 3;
        let mut id = InlineText::<37>::new(receipt.message_id.as_bytes());
        id.push(&[0]);
        self.tlvs.push(Tag::RECEIPTED_MESSAGE_ID, id.as_bytes());
        self.tlvs.push_u8(Tag::MESSAGE_STATE, receipt.state.number());
        let error = receipt.state.usual_error();
        if error != 0 {
            let [high, low] = error.to_be_bytes();
            self.tlvs.push(Tag::NETWORK_ERROR_CODE, &[NETWORK_GSM, high, low]);
        }
    }
}

impl Date {
    fn of(&mut self, at_us: i64) -> &str {
        let minute = at_us.div_euclid(60_000_000);
        if minute != self.minute || self.text.is_empty() {
            let time = jiff::Timestamp::from_microsecond(at_us).unwrap_or_default();
            self.minute = minute;
            self.text = time.strftime("%y%m%d%H%M").to_string();
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(state: ReceiptState, format: ReceiptFormat) -> Receipt {
        Receipt {
            source: Party::new(Address::new(5, 0, b"Bank")),
            destination: Party::new(Address::new(1, 1, b"999000000000")),
            message_id: MessageId::new(b"1767225600000001"),
            state,
            format,
            shape: None,
            submitted_us: 1_767_225_600_000_000,
            due_us: 0,
            sent: 0,
        }
    }

    const MINUTE_US: i64 = 60_000_000;

    #[test]
    fn the_text_is_that_of_the_specification() {
        let mut writer = Writer::default();
        let receipt = receipt(ReceiptState::Undelivered, ReceiptFormat::Both);
        let sm = writer.write(&receipt, receipt.submitted_us + 2 * MINUTE_US);
        assert_eq!(
            String::from_utf8_lossy(sm.short_message),
            "id:1767225600000001 sub:001 dlvrd:000 submit date:2601010000 done date:2601010002 stat:UNDELIV err:027 text:"
        );
        assert_eq!((sm.source.addr, sm.destination.addr, sm.esm_class), (&b"999000000000"[..], &b"Bank"[..], 4));
        assert_eq!(sm.tlvs.cstr(Tag::RECEIPTED_MESSAGE_ID), Some(&b"1767225600000001"[..]));
        assert_eq!(sm.tlvs.u8(Tag::MESSAGE_STATE), Some(5));
        assert_eq!(sm.tlvs.get(Tag::NETWORK_ERROR_CODE), Some(&[3, 0, 27][..]));
    }

    #[test]
    fn each_form_says_it_in_its_place_only() {
        let mut writer = Writer::default();
        let in_text = receipt(ReceiptState::Delivered, ReceiptFormat::Text);
        assert!(writer.write(&in_text, MINUTE_US).tlvs.is_empty());
        let in_tlvs = receipt(ReceiptState::Delivered, ReceiptFormat::Tlv);
        let sm = writer.write(&in_tlvs, MINUTE_US);
        assert!(sm.short_message.is_empty() && sm.tlvs.get(Tag::NETWORK_ERROR_CODE).is_none());
    }
}
