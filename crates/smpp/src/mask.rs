//! A copy of a PDU without what nobody has to see: texts, codes, passwords, and the ends of numbers.
//!
//! Everything is masked but what is proven harmless: the copy begins as a mask, and fields are shown in it one by one, each
//! only when it looks like what belongs there. Every length stays, so that a masked PDU decodes like the one it
//! was made of. Where a flag cannot be one, a string before it may have lost its end, and nothing but lengths is shown. What
//! cannot be read is masked whole, and so is whatever follows the last field.
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

mod layout;
mod receipt;
mod shown;

use std::ops::Range;

use crate::header::{HEADER_OCTETS, Header};
use crate::tlv::whole_tlvs_octets;
use crate::{CommandId, Tag, Tlvs, esm_class};
use layout::Part;

/// What stands for an octet that is not shown.
const MASK: u8 = b'*';
/// Octets of a command_id.
const COMMAND_ID: Range<usize> = 4..8;

/// Appends a masked copy of one whole PDU to `out`. Ids, states, names of senders, flags and numbers of fixed size are shown,
/// of receipts the fields that a receipt has, and of a user data header what a handset needs to join segments.
pub fn mask_into(pdu: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + pdu.len(), MASK);
    let Some(copy) = out.get_mut(start..) else { return };
    let (Some((head, body)), Some((shown_head, shown_body))) =
        (pdu.split_first_chunk::<HEADER_OCTETS>(), copy.split_first_chunk_mut::<HEADER_OCTETS>())
    else {
        return;
    };
    shown_head.copy_from_slice(head);
    let id = Header::parse(head).command_id;
    if !is_plausible(id) {
        // Out of step, or no PDU at all: what is in the place of a header is words.
        if let Some(rest) = shown_head.get_mut(COMMAND_ID.start..) {
            rest.fill(MASK);
        }
        return;
    }
    let mut walk = Walk { body, copy: shown_body, at: 0, class: 0, text: 0..0, is_odd: false, lengths_only: false };
    let mut is_read = walk.parts(id).is_some();
    if is_read && walk.is_odd {
        walk.copy.fill(MASK);
        walk = Walk { at: 0, text: 0..0, lengths_only: true, ..walk };
        is_read = walk.parts(id).is_some();
    }
    if !is_read {
        walk.copy.fill(MASK);
    }
}

/// Whether it can be a command, a vendor's included: those of the specification begin with such an octet, and words do not.
const fn is_plausible(id: CommandId) -> bool {
    matches!(id.0 >> 24, 0 | 0x80)
}

/// Goes through a body, field by field, and shows in the copy what may be seen.
struct Walk<'a, 'b> {
    body: &'a [u8],
    copy: &'b mut [u8],
    at: usize,
    class: u8,
    /// Where `short_message` is. What of it may be seen is known once the optional parameters are.
    text: Range<usize>,
    /// Whether a number is none that it can be: the fields are not what they were taken for.
    is_odd: bool,
    /// Whether nothing is shown but what is needed to tell the fields apart.
    lengths_only: bool,
}

impl<'a> Walk<'a, '_> {
    /// `None` when a field is missing or runs past the end.
    fn parts(&mut self, id: CommandId) -> Option<()> {
        for part in layout::parts(id) {
            self.part(*part, id)?;
        }
        // With more behind the last field the fields may not be what they were taken for. Behind a bind's, some clients
        // send something, and who binds is wanted.
        (self.at == self.body.len() || id.is_bind()).then_some(())
    }

    fn part(&mut self, part: Part, id: CommandId) -> Option<()> {
        match part {
            Part::Octets(count) => self.octets(count)?,
            Part::Small => self.small()?,
            Part::Class => {
                self.class = self.body.get(self.at).copied()?;
                self.octets(1)?;
            }
            Part::Service => self.string(shown::service_type)?,
            Part::Id => self.string(shown::id)?,
            Part::AnsweredId => self.string_or_rest(shown::id),
            Part::Name(max) => self.string(|name| shown::name(name, max))?,
            Part::AnsweredName(max) => self.string_or_rest(|name| shown::name(name, max)),
            Part::Secret => self.string(|_| 0..0)?,
            Part::Time => self.string(shown::time)?,
            Part::Address => self.address(shown::address)?,
            Part::Range => self.address(shown::range)?,
            Part::Text => self.short_message()?,
            Part::Destinations => self.destinations()?,
            Part::Unsuccessful => self.unsuccessful()?,
            Part::Parameters => {
                self.parameters(id);
            }
            Part::WholeParameters => self.is_odd |= !self.parameters(id),
        }
        Some(())
    }

    /// Octets that say nothing of anybody.
    fn octets(&mut self, count: usize) -> Option<()> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.body.len())?;
        self.show(self.at..end);
        self.at = end;
        Some(())
    }

    /// A number that is smaller than any letter.
    fn small(&mut self) -> Option<()> {
        self.is_odd |= *self.body.get(self.at)? >= b' ';
        self.octets(1)
    }

    /// An octet that tells where fields begin and end.
    fn length(&mut self) -> Option<u8> {
        let length = *self.body.get(self.at)?;
        *self.copy.get_mut(self.at)? = length;
        self.at += 1;
        Some(length)
    }

    fn string(&mut self, shown: impl Fn(&[u8]) -> Range<usize>) -> Option<()> {
        let rest = self.body.get(self.at..)?;
        let length = rest.iter().position(|octet| *octet == 0)?;
        self.shown_of(self.at..self.at + length, shown);
        self.at += length;
        self.length().map(drop)
    }

    /// A string of an answer, whose NUL may be missing.
    fn string_or_rest(&mut self, shown: impl Fn(&[u8]) -> Range<usize>) {
        if self.string(&shown).is_none() {
            self.shown_of(self.at..self.body.len(), shown);
            self.at = self.body.len();
        }
    }

    /// TON and NPI are small numbers (SMPP 3.4 §5.2.5, §5.2.6).
    fn address(&mut self, shown: impl Fn(&[u8]) -> Range<usize>) -> Option<()> {
        self.small()?;
        self.small()?;
        self.string(shown)
    }

    fn short_message(&mut self) -> Option<()> {
        let end = usize::from(self.length()?) + self.at;
        self.body.get(self.at..end)?;
        self.text = self.at..end;
        self.at = end;
        Some(())
    }

    fn destinations(&mut self) -> Option<()> {
        for _ in 0..self.length()? {
            match self.length()? {
                layout::FLAG_ADDRESS => self.address(shown::address)?,
                layout::FLAG_LIST => self.string(|name| shown::name(name, layout::LIST_NAME_OCTETS))?,
                _ => return None,
            }
        }
        Some(())
    }

    /// The list may be left out when it is empty.
    fn unsuccessful(&mut self) -> Option<()> {
        if self.at == self.body.len() {
            return Some(());
        }
        for _ in 0..self.length()? {
            self.address(shown::address)?;
            // Of a command_status the first octet is 0.
            self.small()?;
            self.octets(size_of::<u32>() - 1)?;
        }
        Some(())
    }

    /// The optional parameters, and the message, which they may make a receipt; false when something else is behind them.
    fn parameters(&mut self, id: CommandId) -> bool {
        let body = self.body;
        let octets = body.get(self.at..).unwrap_or_default();
        let whole = octets.get(..whole_tlvs_octets(octets)).unwrap_or_default();
        let tlvs = Tlvs::from_octets(whole);
        let may_be_receipt = matches!(id, CommandId::DELIVER_SM | CommandId::DATA_SM);
        let is_receipt = may_be_receipt && is_receipt(self.class, tlvs);
        for (tag, value) in tlvs {
            for _ in 0..layout::TLV_HEAD_OCTETS {
                self.length();
            }
            let start = self.at;
            self.at += value.len();
            match tag {
                Tag::MESSAGE_PAYLOAD => self.message(start..self.at, is_receipt),
                _ => self.shown_of(start..self.at, |value| shown::parameter(tag, value)),
            }
        }
        self.message(self.text.clone(), is_receipt);
        // What is broken at the end stays masked.
        self.at = body.len();
        whole.len() == octets.len()
    }

    fn message(&mut self, at: Range<usize>, is_receipt: bool) {
        let body = self.body;
        let message = body.get(at.clone()).unwrap_or_default();
        let has_header = self.class & esm_class::UDHI != 0;
        let mut show = |part: Range<usize>| self.show(at.start + part.start..at.start + part.end);
        if is_receipt {
            receipt::shown(message, &mut show);
        } else if has_header {
            shown::header(message, &mut show);
        }
    }

    fn shown_of(&mut self, at: Range<usize>, shown: impl Fn(&'a [u8]) -> Range<usize>) {
        let body = self.body;
        let part = shown(body.get(at.clone()).unwrap_or_default());
        self.show(at.start + part.start..at.start + part.end);
    }

    fn show(&mut self, at: Range<usize>) {
        if self.lengths_only {
            return;
        }
        if let (Some(copy), Some(octets)) = (self.copy.get_mut(at.clone()), self.body.get(at)) {
            copy.copy_from_slice(octets);
        }
    }
}

/// Whether an SMSC says that a message is a receipt; its text alone proves nothing, because anybody can write it.
fn is_receipt(class: u8, tlvs: Tlvs<'_>) -> bool {
    let kind = class & esm_class::TYPE_MASK;
    [esm_class::TYPE_RECEIPT, esm_class::TYPE_INTERMEDIATE].contains(&kind)
        || tlvs.get(Tag::RECEIPTED_MESSAGE_ID).is_some()
}
