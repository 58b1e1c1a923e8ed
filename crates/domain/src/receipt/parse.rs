//! Reads a receipt from the fields of a deliver_sm or data_sm.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::scan::{Fields, scan};
use super::{ReceiptDate, ReceiptState};
use crate::ErrorCode;
use crate::profile::{Detect, Prefer, ReceiptIdSettings, ReceiptSettings};
use crate::text::{Encoding, decode};

/// Longest smsc_message_id kept, of answers as of receipts: the protocol's 64 characters. Of a longer one the beginning counts.
pub const ID_OCTETS_MAX: usize = 64;
/// Longest error code or state word kept.
const WORD_OCTETS_MAX: usize = 32;
/// So much of a text tells in which form its characters are.
const BEGINNING_OCTETS: usize = 32;

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The SMSC's id of the message, without NULs and blanks around it; empty when the receipt has none (Q-B9). Compare by
    /// the connector's rules, [`ReceiptIdSettings::comparable`].
    pub smsc_message_id: String,
    /// The other id, when text and TLV name two (Q-B4).
    pub other_id: Option<String>,
    /// The state; [`ReceiptState::Unknown`] when nothing tells.
    pub state: ReceiptState,
    /// The state's number or word when it is in no table, for an alert and the connector's profile.
    pub unmapped_state: Option<String>,
    /// `err:` as written, else the code of network_error_code in decimal, three digits at least.
    pub error: Option<String>,
    /// `submit date:`, time zone unknown.
    pub submit_date: Option<ReceiptDate>,
    /// `done date:`, time zone unknown.
    pub done_date: Option<ReceiptDate>,
    /// `sub:`, messages submitted.
    pub sub: Option<u16>,
    /// `dlvrd:`, messages delivered.
    pub dlvrd: Option<u16>,
    /// Nothing but its text says that it is a receipt: it is one only if its id is known (Q-C2).
    pub by_text_only: bool,
}

/// The fields of a deliver_sm or data_sm that a receipt is made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReceiptInput<'a> {
    /// esm_class.
    pub esm_class: u8,
    /// data_coding.
    pub data_coding: u8,
    /// short_message, empty for data_sm.
    pub short_message: &'a [u8],
    /// TLV 0x0424, used when short_message is empty.
    pub message_payload: Option<&'a [u8]>,
    /// TLV 0x001E, as on the wire.
    pub receipted_message_id: Option<&'a [u8]>,
    /// TLV 0x0427, as on the wire: one octet, though some write two or four (Q-H4).
    pub message_state: Option<&'a [u8]>,
    /// TLV 0x0423: one octet of network type, two of code.
    pub network_error_code: Option<&'a [u8]>,
}

/// What a connector's profile says of its receipts.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptRules<'a> {
    /// How ids are read.
    pub id: &'a ReceiptIdSettings,
    /// How everything else is read.
    pub receipt: &'a ReceiptSettings,
}

/// As [`parse_by`], by the rules of a profile that says nothing.
#[must_use]
pub fn parse(input: &ReceiptInput<'_>) -> Option<Receipt> {
    parse_by(input, ReceiptRules { id: &ReceiptIdSettings::default(), receipt: &ReceiptSettings::default() })
}

/// Reads a receipt; `None` when the PDU is none, which makes it a message of a user (MO). The type bits of esm_class decide,
/// or else TLV receipted_message_id; the text, which anybody can write, only when the profile says so and with a mark
/// (Q-C1, Q-C2). TLVs win over the text, unless the profile prefers it (Q-C10).
#[must_use]
pub fn parse_by(input: &ReceiptInput<'_>, rules: ReceiptRules<'_>) -> Option<Receipt> {
    let kind = Kind::of(input, rules.receipt.detect)?;
    let text = receipt_text(input);
    let fields = scan(&text);
    let tlv_id = input.receipted_message_id.map(id_text).filter(|id| !id.is_empty());
    let text_id = fields.id.map(id_text).filter(|id| !id.is_empty());
    let (has_id, has_state) = (tlv_id.is_some() || text_id.is_some(), fields.stat.is_some());
    match kind {
        Kind::Acknowledgement if !(has_id || has_state) => return None,
        Kind::TextOnly if !(has_id && has_state) => return None,
        _ => {}
    }
    let (first, second) = if rules.id.prefer_text { (text_id, tlv_id) } else { (tlv_id, text_id) };
    let (smsc_message_id, other_id) = match (first, second) {
        (Some(first), second) => {
            let other = second.filter(|second| *second != first);
            (first, other)
        }
        (None, second) => (second.unwrap_or_default(), None),
    };
    let (state, unmapped_state) = state_of(input, &fields, kind, rules.receipt);
    Some(Receipt {
        smsc_message_id,
        other_id,
        state,
        unmapped_state,
        error: error_of(&fields, input.network_error_code),
        submit_date: fields.submit_date.and_then(ReceiptDate::parse),
        done_date: fields.done_date.and_then(ReceiptDate::parse),
        sub: fields.sub.and_then(number),
        dlvrd: fields.dlvrd.and_then(number),
        by_text_only: kind == Kind::TextOnly,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Bit 2: delivery receipt of the SMSC, or no type bits and the TLV.
    Final,
    /// Bit 5: intermediate notification.
    Intermediate,
    /// Bit 3: acknowledgement by the other ESME. It may carry a user's text, so it must also look like a receipt.
    Acknowledgement,
    /// No sign of a receipt but its text.
    TextOnly,
}

impl Kind {
    fn of(input: &ReceiptInput<'_>, detect: Detect) -> Option<Self> {
        match input.esm_class & 0x3C {
            // Conversation abort (0x18) and user acknowledgement (0x10) are no receipts.
            bits if bits & 0x10 != 0 => None,
            bits if bits & 0x04 != 0 => Some(Self::Final),
            bits if bits & 0x20 != 0 => Some(Self::Intermediate),
            bits if bits & 0x08 != 0 => Some(Self::Acknowledgement),
            _ if detect == Detect::Bits => None,
            _ if input.receipted_message_id.is_some_and(|id| !id_text(id).is_empty()) => Some(Self::Final),
            _ => (detect == Detect::BitsTlvOrText).then_some(Self::TextOnly),
        }
    }
}

/// The text in ASCII. Whether it is UTF-16 is seen from the zeros of its beginning: SMSCs declare it where it is not, and the
/// other way round (Q-C11, Q-E5), and what they pad with zeros at the end is none. A user data header (esm_class 0x40) is
/// skipped.
fn receipt_text<'a>(input: &ReceiptInput<'a>) -> Cow<'a, [u8]> {
    let mut octets = match input.message_payload {
        Some(payload) if input.short_message.is_empty() => payload,
        _ => input.short_message,
    };
    if input.esm_class & 0x40 != 0 {
        octets = crate::text::udh::parse(octets).map_or(octets, |(_, rest)| rest);
    }
    let beginning = octets.get(..BEGINNING_OCTETS).unwrap_or(octets);
    let (even, odd) = zeros_by_place(beginning);
    if octets.len() < 8 || even.max(odd) * 3 < beginning.len() {
        return Cow::Borrowed(octets);
    }
    let text = if even >= odd { decode(octets, Encoding::Ucs2) } else { decode_little_endian(octets) };
    Cow::Owned(text.into_bytes())
}

fn zeros_by_place(octets: &[u8]) -> (usize, usize) {
    octets.chunks(2).fold((0, 0), |(even, odd), pair| {
        (even + usize::from(pair.first() == Some(&0)), odd + usize::from(pair.get(1) == Some(&0)))
    })
}

fn decode_little_endian(octets: &[u8]) -> String {
    let swapped: Vec<u8> = octets.chunks_exact(2).flat_map(|pair| [pair[1], pair[0]]).collect();
    decode(&swapped, Encoding::Ucs2)
}

/// TLV, then word (or the other way round), then what `err` and `dlvrd` tell: a failure is believed from a code alone, a
/// delivery only when `dlvrd` counts it (Q-C8).
fn state_of(
    input: &ReceiptInput<'_>,
    fields: &Fields<'_>,
    kind: Kind,
    rules: &ReceiptSettings,
) -> (ReceiptState, Option<String>) {
    let number_of_tlv = input.message_state.and_then(integer);
    let tlv = number_of_tlv.and_then(|number| rules.state_of_number(number));
    let word = fields.stat.and_then(|word| rules.state_of_word(word));
    let told = match rules.prefer {
        Prefer::Tlv => tlv.or(word),
        Prefer::Text => word.or(tlv),
    };
    if let Some(state) = told {
        return (state, None);
    }
    if let Some(word) = fields.stat {
        return (ReceiptState::Unknown, Some(word_text(word)));
    }
    let failed = fields.err.is_some_and(|err| err.iter().any(|octet| *octet != b'0'));
    let delivered = fields.dlvrd.and_then(number).is_some_and(|count| count > 0);
    let state = match kind {
        Kind::Intermediate => ReceiptState::Enroute,
        _ if failed => ReceiptState::Undeliverable,
        _ if delivered => ReceiptState::Delivered,
        _ => ReceiptState::Unknown,
    };
    (state, number_of_tlv.map(|number| number.to_string()))
}

impl ReceiptSettings {
    /// The state of a word: the operator's own table first.
    fn state_of_word(&self, word: &[u8]) -> Option<ReceiptState> {
        let own = self.words.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(word));
        own.map(|(_, state)| *state).or_else(|| ReceiptState::from_stat(word))
    }

    /// The state of a number: the operator's own table first.
    #[must_use]
    pub fn state_of_number(&self, number: u32) -> Option<ReceiptState> {
        let own = || self.numbers.get(&number.to_string()).copied();
        let usual = || u8::try_from(number).ok().and_then(ReceiptState::from_message_state);
        (!self.numbers.is_empty()).then(own).flatten().or_else(usual)
    }

    /// What the operator's error code means in our catalogue, if the profile says so. Codes are compared as text, without
    /// leading zeros (Q-C6).
    #[must_use]
    pub fn error_of_code(&self, code: &str) -> Option<ErrorCode> {
        let bare = |code: &str| code.trim_start_matches('0').to_ascii_uppercase();
        let wanted = bare(code);
        self.error_codes.iter().find(|(known, _)| bare(known) == wanted).map(|(_, error)| *error)
    }
}

/// An integer of one, two or four octets (Q-H4).
fn integer(octets: &[u8]) -> Option<u32> {
    matches!(octets.len(), 1 | 2 | 4).then(|| octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
}

/// The text's code unless it is missing or zero while the TLV has one.
fn error_of(fields: &Fields<'_>, network_error_code: Option<&[u8]>) -> Option<String> {
    let tlv = match network_error_code {
        Some([_, high, low, ..]) => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    };
    let from_text = fields.err.map(word_text);
    let says_nothing = from_text.as_ref().is_none_or(|err| err.bytes().all(|octet| octet == b'0'));
    match tlv {
        Some(code) if says_nothing && (code != 0 || from_text.is_none()) => Some(format!("{code:03}")),
        _ => from_text,
    }
}

fn id_text(octets: &[u8]) -> String {
    let kept = octets.get(..ID_OCTETS_MAX).unwrap_or(octets);
    // A fixed-length field may carry what was in it before, after the NUL.
    let kept = kept.trim_ascii_start();
    let kept = kept.split(|octet| *octet == 0).find(|part| !part.is_empty()).unwrap_or_default();
    String::from_utf8_lossy(kept).trim().to_owned()
}

fn word_text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets.get(..WORD_OCTETS_MAX).unwrap_or(octets)).into_owned()
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
