//! How ids and receipts look: the tables `[id]` and `[shape]` of a scenario, and how a receipt is written by them.
//!
//! ```toml
//! [id]
//! receipt = "hex"              # answers are decimal
//! receipt_pad = 10
//! [shape]
//! esm_class = 0x20
//! text = "stat:{stat} id:{id}" # other fields, in another order
//! ```

use std::fmt::Write as _;
use std::sync::Arc;

use sambac_smpp::{Address, DataSm, Pdu, Sm, Tag, TlvBuf};
use serde::Deserialize;

use super::message_id::MessageId;
use super::plan::Forms;
use super::receipt::{Party, Receipt};
use super::scenario::IdForm;
use super::state::ReceiptState;

/// The text of SMPP 3.4, appendix B.
const TEXT: &str = "id:{id} sub:001 dlvrd:{dlvrd} submit date:{submit} done date:{done} stat:{stat} err:{err} text:";
/// network_type of GSM.
const NETWORK_GSM: u8 = 3;

/// `[id]`: how ids look in answers and in receipts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct IdShape {
    /// Zeros before the answer's id, up to this width.
    answer_pad: u8,
    /// Before the answer's id.
    answer_prefix: String,
    /// After the answer's id, such as `"\u0000"`.
    answer_tail: String,
    /// This instead of the answer's id; empty means an empty message_id.
    answer_fixed: Option<String>,
    /// Base of the receipt's id, when it is another than the answer's: `"decimal"` or `"hex"`.
    receipt: Option<Base>,
    /// Zeros before the receipt's id, up to this width.
    receipt_pad: u8,
    /// Before the receipt's id.
    receipt_prefix: String,
    /// After the receipt's id.
    receipt_tail: String,
    /// Whether the receipt's id is in small letters.
    receipt_lower: bool,
    /// Characters of the receipt's id that are left; 0 = all.
    receipt_cut: u8,
    /// Characters that are left in the receipt's text only; 0 = all.
    text_cut: u8,
    /// This instead of the receipt's id; empty means none.
    receipt_fixed: Option<String>,
}

/// In which base a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Base {
    Decimal,
    Hex,
}

/// `[shape]`: what receipts look like.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReceiptShape {
    /// esm_class. 4.
    esm_class: u8,
    /// The text, with {id}, {dlvrd}, {submit}, {done}, {stat} and {err}. That of the specification.
    text: String,
    /// Octets after the text, in hexadecimal.
    tail: String,
    /// How dates are written, by strftime. `%y%m%d%H%M`.
    date: String,
    /// Offset of dates from UTC.
    utc_offset_minutes: i32,
    /// This instead of the state's word.
    stat: Option<String>,
    /// This instead of the usual error.
    err: Option<String>,
    /// Whether receipted_message_id is there. true.
    tlv_id: bool,
    /// Whether message_state is there. true.
    tlv_state: bool,
    /// This instead of the state's number.
    state: Option<u8>,
    /// Octets of message_state: 1, 2 or 4. 1.
    state_octets: u8,
    /// Code of network_error_code, which is there when this is given.
    network_error: Option<u16>,
    /// Whether the text is in message_payload.
    payload: bool,
    /// Whether the text is in UTF-16, with data_coding 8: `"big"` or `"little"`.
    utf16: Option<Order>,
    /// Whether receipts come by data_sm.
    data_sm: bool,
    /// Whether the addresses are those of the message, not swapped.
    unswapped: bool,
    /// This instead of the handset's number.
    number: Option<String>,
    /// This instead of the sender.
    sender: Option<String>,
    /// All receipts of a message, in order; the last decides. The planned one when not given.
    states: Vec<ReceiptState>,
    /// Milliseconds between them. 20.
    gap_ms: u32,
    /// For which segments of a message receipts come, by the number in the header: 0 = all.
    only_segment: u8,
}

/// Which octet of a character comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Big,
    Little,
}

/// Both tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) id: IdShape,
    pub(crate) receipt: ReceiptShape,
}

impl Default for ReceiptShape {
    fn default() -> Self {
        Self {
            esm_class: 4,
            text: TEXT.to_owned(),
            tail: String::new(),
            date: "%y%m%d%H%M".to_owned(),
            utc_offset_minutes: 0,
            stat: None,
            err: None,
            tlv_id: true,
            tlv_state: true,
            state: None,
            state_octets: 1,
            network_error: None,
            payload: false,
            utf16: None,
            data_sm: false,
            unswapped: false,
            number: None,
            sender: None,
            states: Vec::new(),
            gap_ms: 20,
            only_segment: 0,
        }
    }
}

impl IdShape {
    /// The id as the answer gives it.
    pub(crate) fn answer(&self, id: &MessageId) -> MessageId {
        let text = text_of(id);
        let shaped = match &self.answer_fixed {
            Some(fixed) => fixed.clone(),
            None => format!("{}{}{}", self.answer_prefix, padded(&text, self.answer_pad), self.answer_tail),
        };
        MessageId::new(shaped.as_bytes())
    }

    /// The id as receipts give it, made from what the answer's was made from.
    pub(crate) fn receipt(&self, id: &MessageId, is_hex: bool) -> MessageId {
        if let Some(fixed) = &self.receipt_fixed {
            return MessageId::new(fixed.as_bytes());
        }
        let text = text_of(id);
        let number = u128::from_str_radix(&text, if is_hex { 16 } else { 10 });
        let based = match (self.receipt, number) {
            (Some(Base::Decimal), Ok(number)) => number.to_string(),
            (Some(Base::Hex), Ok(number)) => format!("{number:X}"),
            _ => text,
        };
        let cased = if self.receipt_lower { based.to_lowercase() } else { based };
        let cut = cut(&padded(&cased, self.receipt_pad), self.receipt_cut);
        MessageId::new(format!("{}{cut}{}", self.receipt_prefix, self.receipt_tail).as_bytes())
    }
}

impl ReceiptShape {
    /// Whether a receipt comes for the segment with this user data.
    fn is_for(&self, sm: &Sm<'_>) -> bool {
        // The concatenation header 05 00 03 reference total number.
        let number = sm.short_message.get(5).filter(|_| sm.short_message.starts_with(&[5, 0, 3]));
        self.only_segment == 0 || number.is_none_or(|number| *number == self.only_segment)
    }
}

impl Forms {
    /// The id for the answer.
    pub(crate) fn answer_id(&self, id: &MessageId) -> MessageId {
        self.shape.as_ref().map_or(*id, |shape| shape.id.answer(id))
    }

    /// The id for receipts.
    pub(crate) fn receipt_id(&self, id: &MessageId) -> MessageId {
        self.shape.as_ref().map_or(*id, |shape| shape.id.receipt(id, self.id == IdForm::Hex))
    }

    /// The receipts that come instead of a planned one.
    pub(crate) fn shaped(&self, sm: &Sm<'_>, planned: Receipt, receipts: &mut Vec<Receipt>) {
        let Some(shape) = &self.shape else { return receipts.push(planned) };
        if !shape.receipt.is_for(sm) {
            return;
        }
        let planned = Receipt { shape: Some(Arc::clone(shape)), ..planned };
        if shape.receipt.states.is_empty() {
            return receipts.push(planned);
        }
        for (state, count) in shape.receipt.states.iter().zip(0_u64..) {
            let due_us = planned.due_us + count * u64::from(shape.receipt.gap_ms) * 1_000;
            receipts.push(Receipt { state: *state, due_us, ..planned.clone() });
        }
    }
}

impl Shape {
    /// Calls `send` with the PDU of a receipt.
    pub(crate) fn write<T>(&self, receipt: &Receipt, now_us: i64, send: impl FnOnce(&Pdu<'_>) -> T) -> T {
        let shape = &self.receipt;
        let text = self.text(receipt, now_us);
        let mut tlvs = self.tlvs(receipt);
        if shape.payload || shape.data_sm {
            tlvs.push(Tag::MESSAGE_PAYLOAD, &text);
        }
        let with = |party: &Party, other: &Option<String>| {
            other.as_ref().map_or_else(|| party.addr.as_bytes().to_vec(), |other| other.clone().into_bytes())
        };
        let (handset, sender) = (with(&receipt.destination, &shape.number), with(&receipt.source, &shape.sender));
        let (handset, sender) = (Address::new(1, 1, &handset), Address::new(5, 0, &sender));
        let (source, destination) = if shape.unswapped { (sender, handset) } else { (handset, sender) };
        let (esm_class, tlvs) = (shape.esm_class, tlvs.as_tlvs());
        let data_coding = if shape.utf16.is_some() { 8 } else { 0 };
        if shape.data_sm {
            return send(&Pdu::DataSm(DataSm {
                source,
                destination,
                esm_class,
                data_coding,
                tlvs,
                ..DataSm::default()
            }));
        }
        let short_message = if shape.payload { &[][..] } else { &text };
        let sm = Sm { source, destination, esm_class, data_coding, short_message, tlvs, ..Sm::default() };
        send(&Pdu::DeliverSm(sm))
    }

    fn text(&self, receipt: &Receipt, now_us: i64) -> Vec<u8> {
        let shape = &self.receipt;
        let id = cut(&text_of(&receipt.message_id), self.id.text_cut);
        let delivered = receipt.state == ReceiptState::Delivered;
        let stat = shape.stat.clone().unwrap_or_else(|| receipt.state.stat().to_owned());
        let err = shape.err.clone().unwrap_or_else(|| format!("{:03}", receipt.state.usual_error()));
        let text = (shape.text.replace("{id}", &id))
            .replace("{dlvrd}", if delivered { "001" } else { "000" })
            .replace("{submit}", &shape.date_of(receipt.submitted_us))
            .replace("{done}", &shape.date_of(now_us))
            .replace("{stat}", &stat)
            .replace("{err}", &err);
        let mut octets = match shape.utf16 {
            None => text.into_bytes(),
            Some(Order::Big) => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Some(Order::Little) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        };
        let digits: Vec<_> = shape.tail.chars().filter_map(|c| c.to_digit(16)).collect();
        octets.extend(digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]).to_le_bytes()[0]));
        octets
    }

    fn tlvs(&self, receipt: &Receipt) -> TlvBuf {
        let shape = &self.receipt;
        let mut tlvs = TlvBuf::new();
        if shape.tlv_id && !receipt.message_id.as_bytes().is_empty() {
            tlvs.push(Tag::RECEIPTED_MESSAGE_ID, &[receipt.message_id.as_bytes(), &[0]].concat());
        }
        if shape.tlv_state {
            let state = u32::from(shape.state.unwrap_or(receipt.state.number())).to_be_bytes();
            let count = usize::from(shape.state_octets).clamp(1, 4);
            tlvs.push(Tag::MESSAGE_STATE, &state[4 - count..]);
        }
        if let Some(code) = shape.network_error {
            let [high, low] = code.to_be_bytes();
            tlvs.push(Tag::NETWORK_ERROR_CODE, &[NETWORK_GSM, high, low]);
        }
        tlvs
    }
}

impl ReceiptShape {
    fn date_of(&self, at_us: i64) -> String {
        let local_us = at_us + i64::from(self.utc_offset_minutes) * 60_000_000;
        let time = jiff::Timestamp::from_microsecond(local_us).unwrap_or_default();
        let mut text = String::new();
        // A form that strftime does not know leaves the date out.
        let _ = write!(text, "{}", time.strftime(&self.date));
        text
    }
}

fn text_of(id: &MessageId) -> String {
    String::from_utf8_lossy(id.as_bytes()).into_owned()
}

fn padded(text: &str, width: u8) -> String {
    format!("{text:0>width$}", width = usize::from(width))
}

fn cut(text: &str, chars: u8) -> String {
    if chars == 0 { text.to_owned() } else { text.chars().take(usize::from(chars)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(table: &str, id: &str, is_hex: bool) -> (String, String) {
        let shape: IdShape = toml::from_str(table).expect("well formed");
        let id = MessageId::new(id.as_bytes());
        (text_of(&shape.answer(&id)), text_of(&shape.receipt(&id, is_hex)))
    }

    #[test]
    fn ids_are_shaped_on_either_side() {
        let pair = |answer: &str, receipt: &str| (answer.to_owned(), receipt.to_owned());
        assert_eq!(ids("", "4711", false), pair("4711", "4711"));
        assert_eq!(
            ids("receipt = 'hex'\nreceipt_lower = true\nreceipt_pad = 6", "4711", false),
            pair("4711", "001267")
        );
        assert_eq!(ids("receipt = 'decimal'\nanswer_prefix = 'A'", "1267", true), pair("A1267", "4711"));
        assert_eq!(
            ids("receipt_cut = 2\nreceipt_prefix = 'M'\nanswer_tail = ' '", "4711", false),
            pair("4711 ", "M47")
        );
        assert_eq!(ids("answer_fixed = ''\nreceipt_fixed = '0'", "4711", false), pair("", "0"));
    }

    #[test]
    fn a_receipt_is_written_as_the_table_says() {
        let shape = Shape {
            id: IdShape { text_cut: 2, ..IdShape::default() },
            receipt: toml::from_str(
                "esm_class = 0x20\ntext = 'stat:{stat} id:{id} {done}'\ndate = '%Y%m%d%H%M%S'\nutc_offset_minutes = 60\n\
                 stat = 'OK'\nstate_octets = 2\nunswapped = true\nnumber = '07'\ntail = '00ff'",
            )
            .expect("well formed"),
        };
        let receipt = Receipt {
            source: Party::new(Address::new(5, 0, b"Bank")),
            destination: Party::new(Address::new(1, 1, b"999000000000")),
            message_id: MessageId::new(b"4711"),
            state: ReceiptState::Delivered,
            format: super::super::scenario::ReceiptFormat::Both,
            shape: None,
            submitted_us: 0,
            due_us: 0,
            sent: 0,
        };
        shape.write(&receipt, 1_767_225_600_000_000, |pdu| {
            let Pdu::DeliverSm(sm) = pdu else { panic!("a deliver_sm") };
            assert_eq!(sm.short_message, b"stat:OK id:47 20260101010000\0\xff");
            assert_eq!((sm.source.addr, sm.destination.addr, sm.esm_class), (&b"Bank"[..], &b"07"[..], 0x20));
            assert_eq!(sm.tlvs.get(Tag::MESSAGE_STATE), Some(&[0, 2][..]));
            assert_eq!(sm.tlvs.get(Tag::RECEIPTED_MESSAGE_ID), Some(&b"4711\0"[..]));
        });
    }
}
