//! A copy of a PDU without what nobody has to see: texts, codes, passwords, and the ends of numbers.
//!
//! Every length stays, so that a masked PDU decodes like the one it was made of. What cannot be read is masked whole.
//!
//! ```
//! use sambac_smpp::{Address, CommandStatus, Frame, Pdu, Sm, encode, mask_into};
//! let sm = Sm { destination: Address::new(1, 1, b"447700900123"), short_message: b"code 1234", ..Sm::default() };
//! let mut pdu = bytes::BytesMut::new();
//! encode(&Pdu::SubmitSm(sm), 1, CommandStatus::ROK, &mut pdu)?;
//! let mut masked = Vec::new();
//! mask_into(&pdu, &mut masked);
//! let frame = Frame::new(masked.into()).unwrap();
//! let Ok(Pdu::SubmitSm(sm)) = frame.pdu() else { panic!() };
//! assert_eq!((sm.destination.addr, sm.short_message), (&b"44770090****"[..], &b"*********"[..]));
//! # Ok::<(), sambac_smpp::EncodeError>(())
//! ```

use crate::header::{HEADER_OCTETS, Header};
use crate::tlv::whole_tlvs_octets;
use crate::{Address, Destination, Pdu, Tag, Tlvs, esm_class};

/// What stands for an octet that is not shown.
const MASK: u8 = b'*';
/// Digits at a number's end that are not shown.
const HIDDEN_DIGITS: usize = 4;
/// An address of fewer digits is a short code, not a person.
const NUMBER_DIGITS_MIN: usize = 7;
/// Where the words of the message begin in a receipt (SMPP 3.4, appendix B).
const RECEIPT_TEXT: &[u8] = b"text:";
const RECEIPT_STATE: &[u8] = b"stat:";
/// Optional parameters whose values are texts or numbers of people.
const PERSONAL: [Tag; 4] = [Tag::CALLBACK_NUM, Tag::CALLBACK_NUM_ATAG, Tag::SOURCE_SUBADDRESS, Tag::DEST_SUBADDRESS];

/// Appends a masked copy of one whole PDU to `out`. Receipts keep everything but the words that they quote, and a user data
/// header is kept; ids, states, names of senders and other optional parameters are kept too.
pub fn mask_into(pdu: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(pdu);
    let Some(copy) = out.get_mut(start..) else { return };
    let Some((head, body)) = pdu.split_first_chunk::<HEADER_OCTETS>() else { return copy.fill(MASK) };
    let mut mask = Mask { pdu, copy };
    match Pdu::decode(Header::parse(head), body, true) {
        // Either there is nothing but NULs, or what its kind has no fields for, and that was not read.
        Ok(pdu) if pdu == Pdu::empty(pdu.command_id()) => {
            body.split(|octet| *octet == 0).for_each(|part| mask.hide(part));
        }
        Ok(pdu) => mask.pdu(&pdu, body),
        Err(_) => mask.hide(body),
    }
}

struct Mask<'a> {
    pdu: &'a [u8],
    copy: &'a mut [u8],
}

impl Mask<'_> {
    fn pdu(&mut self, pdu: &Pdu<'_>, body: &[u8]) {
        match pdu {
            Pdu::BindTransmitter(bind) | Pdu::BindReceiver(bind) | Pdu::BindTransceiver(bind) => {
                self.hide(bind.password);
            }
            Pdu::Outbind(outbind) => self.hide(outbind.password),
            Pdu::SubmitSm(sm) => {
                self.addresses(&[sm.source, sm.destination]);
                self.message(sm.short_message, Form::of(sm.esm_class, false));
                self.tlvs(sm.tlvs, Form::of(sm.esm_class, false));
            }
            Pdu::DeliverSm(sm) => {
                self.addresses(&[sm.source, sm.destination]);
                let form = Form::of(sm.esm_class, is_receipt(sm.esm_class, sm.tlvs));
                self.message(sm.short_message, form);
                self.tlvs(sm.tlvs, form);
            }
            Pdu::DataSm(sm) => {
                self.addresses(&[sm.source, sm.destination]);
                self.tlvs(sm.tlvs, Form::of(sm.esm_class, is_receipt(sm.esm_class, sm.tlvs)));
            }
            Pdu::SubmitMulti(multi) => {
                self.addresses(&[multi.source]);
                for destination in multi.destinations.iter() {
                    if let Destination::Address(address) = destination {
                        self.addresses(&[address]);
                    }
                }
                self.message(multi.short_message, Form::of(multi.esm_class, false));
                self.tlvs(multi.tlvs, Form::of(multi.esm_class, false));
            }
            Pdu::ReplaceSm(replace) => {
                self.addresses(&[replace.source]);
                self.message(replace.short_message, Form::default());
                self.tlvs(replace.tlvs, Form::default());
            }
            Pdu::BroadcastSm(broadcast) => {
                self.addresses(&[broadcast.source]);
                self.tlvs(broadcast.tlvs, Form::default());
            }
            Pdu::SubmitMultiResp(resp) => {
                for unsuccessful in resp.unsuccessful.iter() {
                    self.addresses(&[unsuccessful.address]);
                }
            }
            Pdu::QuerySm(query) => self.addresses(&[query.source]),
            Pdu::CancelSm(cancel) => self.addresses(&[cancel.source, cancel.destination]),
            Pdu::QueryBroadcastSm(query) => self.addresses(&[query.source]),
            Pdu::CancelBroadcastSm(cancel) => self.addresses(&[cancel.source]),
            Pdu::AlertNotification(alert) => self.addresses(&[alert.source, alert.esme]),
            Pdu::SubmitSmResp(resp) | Pdu::DeliverSmResp(resp) | Pdu::DataSmResp(resp) => {
                self.tlvs(resp.tlvs, Form::default());
            }
            Pdu::Unknown { .. } => self.hide(body),
            _ => {}
        }
    }

    fn addresses(&mut self, addresses: &[Address<'_>]) {
        for address in addresses {
            let digits = address.addr.strip_prefix(b"+").unwrap_or(address.addr);
            if digits.len() >= NUMBER_DIGITS_MIN && digits.iter().all(u8::is_ascii_digit) {
                self.hide(digits.get(digits.len() - HIDDEN_DIGITS..).unwrap_or(digits));
            }
        }
    }

    fn message(&mut self, message: &[u8], form: Form) {
        self.hide(message.get(form.shown_octets(message)..).unwrap_or_default());
    }

    fn tlvs(&mut self, tlvs: Tlvs<'_>, form: Form) {
        for (tag, value) in tlvs {
            match tag {
                Tag::MESSAGE_PAYLOAD => self.message(value, form),
                tag if PERSONAL.contains(&tag) => self.hide(value),
                _ => {}
            }
        }
        let octets = tlvs.as_octets();
        self.hide(octets.get(whole_tlvs_octets(octets)..).unwrap_or_default());
    }

    /// Masks in the copy what `part`, a part of the PDU, says.
    fn hide(&mut self, part: &[u8]) {
        let at = (part.as_ptr() as usize).wrapping_sub(self.pdu.as_ptr() as usize);
        if let Some(copy) = at.checked_add(part.len()).and_then(|end| self.copy.get_mut(at..end)) {
            copy.fill(MASK);
        }
    }
}

/// What a message's octets may begin with.
#[derive(Clone, Copy, Default)]
struct Form {
    has_header: bool,
    may_be_receipt: bool,
}

impl Form {
    const fn of(class: u8, may_be_receipt: bool) -> Self {
        Self { has_header: class & esm_class::UDHI != 0, may_be_receipt }
    }

    /// How many of the first octets are no words of anybody: a receipt up to the text that it quotes, or a user data header.
    fn shown_octets(self, message: &[u8]) -> usize {
        if self.may_be_receipt && find(message, RECEIPT_STATE).is_some() {
            return find(message, RECEIPT_TEXT).map_or(message.len(), |at| at + RECEIPT_TEXT.len());
        }
        let header = message.first().map_or(0, |length| usize::from(*length) + 1);
        // A header that is longer than the message is none.
        if self.has_header && header <= message.len() { header } else { 0 }
    }
}

/// Whether an SMSC says that a message is a receipt; its text alone proves nothing, because anybody can write it.
fn is_receipt(class: u8, tlvs: Tlvs<'_>) -> bool {
    let kind = class & esm_class::TYPE_MASK;
    [esm_class::TYPE_RECEIPT, esm_class::TYPE_INTERMEDIATE].contains(&kind)
        || tlvs.get(Tag::RECEIPTED_MESSAGE_ID).is_some()
}

/// Where `words` begin, in capitals or not.
fn find(text: &[u8], words: &[u8]) -> Option<usize> {
    text.windows(words.len()).position(|window| window.eq_ignore_ascii_case(words))
}
