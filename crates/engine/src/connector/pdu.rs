//! A segment as a `submit_sm` (SMPP 3.4 §4.4).

use sambac_domain::id::SegmentId;
use sambac_domain::message::{Message, MessageBody};
use sambac_domain::number::Digits;
use sambac_domain::profile::{Profile, ReceiptSettings, ReceiptedSegments, ValidityForm};
use sambac_domain::text::{self, Body, LongMethod, Segment, TextError};
use sambac_domain::time::Timestamp;
use sambac_smpp::{Address, Pdu, Sm, Tag, TlvBuf};

/// UDH indicator of esm_class.
const UDHI: u8 = 0x40;
/// Ask for a receipt of the final outcome, success or failure.
const FINAL_RECEIPT: u8 = 0x01;
/// Ask for news on the way, too.
const INTERMEDIATE: u8 = 0x10;
/// Type of number: international; numbering plan: ISDN.
const INTERNATIONAL: u8 = 1;
const ISDN: u8 = 1;

/// Everything that the PDU borrows from.
pub(super) struct Outgoing<'a> {
    message: &'a Message,
    destination: Digits,
    segment: Segment,
    data_coding: u8,
    validity: Option<[u8; 16]>,
    registered_delivery: u8,
    tlvs: TlvBuf,
}

impl<'a> Outgoing<'a> {
    /// Cuts the message and keeps the segment asked for.
    pub(super) fn new(
        message: &'a Message,
        id: SegmentId,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<Self, TextError> {
        let (body, data_coding) = match &message.body {
            MessageBody::Text { text, encoding } => (Body::Text { text, encoding: *encoding }, encoding.data_coding()),
            MessageBody::Octets { data, data_coding, udhi } => {
                (Body::Octets { data, data_coding: *data_coding, udh: *udhi }, *data_coding)
            }
        };
        let mut segments = text::segment(&body, profile.long.method, reference(message))?;
        if segments.len() != usize::from(message.segment_count) {
            // A message goes out in as many segments as were charged, which are counted for the short header.
            segments = text::segment(&body, LongMethod::Udh8, reference(message))?;
        }
        let index = usize::from(id.no()).saturating_sub(1).min(segments.len().saturating_sub(1));
        let segment = segments.swap_remove(index);
        let tlvs = tlvs(&segment);
        let is_last = id.no() == message.segment_count;
        let registered_delivery = receipts_asked(&profile.receipt, is_last);
        let validity = (profile.submit.validity == ValidityForm::Relative)
            .then(|| relative_validity(message.expires_at, now))
            .flatten();
        Ok(Self {
            message,
            destination: message.destination.digits(),
            segment,
            data_coding,
            validity,
            registered_delivery,
            tlvs,
        })
    }

    pub(super) fn pdu(&self) -> Pdu<'_> {
        let sender = &self.message.sender;
        Pdu::SubmitSm(Sm {
            source: Address { ton: sender.ton(), npi: sender.npi(), addr: sender.as_bytes() },
            destination: Address { ton: INTERNATIONAL, npi: ISDN, addr: self.destination.as_bytes() },
            esm_class: if self.segment.udh { UDHI } else { 0 },
            validity_period: self.validity.as_ref().map_or(b"", |text| text.as_slice()),
            registered_delivery: self.registered_delivery,
            data_coding: self.data_coding,
            short_message: if self.segment.as_payload { b"" } else { &self.segment.payload },
            tlvs: self.tlvs.as_tlvs(),
            ..Sm::default()
        })
    }
}

/// registered_delivery (3.4 §5.2.17), by the profile.
fn receipts_asked(settings: &ReceiptSettings, is_last: bool) -> u8 {
    let asked = match settings.ask {
        ReceiptedSegments::Each => true,
        ReceiptedSegments::Last => is_last,
        ReceiptedSegments::Never => false,
    };
    match (asked, settings.ask_intermediate) {
        (false, _) => 0,
        (true, false) => FINAL_RECEIPT,
        (true, true) => FINAL_RECEIPT | INTERMEDIATE,
    }
}

/// Concatenation reference: differs between neighbouring messages, the same for all segments of one.
fn reference(message: &Message) -> u16 {
    let raw = message.id.raw() >> 8;
    u16::try_from((raw ^ (raw >> 16)) & 0xffff).unwrap_or(0)
}

fn tlvs(segment: &Segment) -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    if let Some((reference, total, no)) = segment.sar {
        tlvs.push_u16(Tag::SAR_MSG_REF_NUM, reference).push_u8(Tag::SAR_TOTAL_SEGMENTS, total);
        tlvs.push_u8(Tag::SAR_SEGMENT_SEQNUM, no);
    }
    if segment.as_payload {
        tlvs.push(Tag::MESSAGE_PAYLOAD, &segment.payload);
    }
    tlvs
}

/// What is left of the validity, as SMPP relative time `YYMMDDhhmmss000R` (3.4 §7.1.1.2).
fn relative_validity(expires_at: Timestamp, now: Timestamp) -> Option<[u8; 16]> {
    let left_s = expires_at.0.checked_sub(now.0)? / 1_000_000;
    let days = left_s / 86_400;
    if left_s <= 0 || days > 30 {
        return None;
    }
    let parts = [0, 0, days, left_s / 3_600 % 24, left_s / 60 % 60, left_s % 60];
    let mut text = *b"000000000000000R";
    for (pair, part) in text.chunks_exact_mut(2).zip(parts) {
        let part = u8::try_from(part).ok()?;
        pair.copy_from_slice(&[b'0' + part / 10, b'0' + part % 10]);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity_is_what_is_left() {
        let left = |seconds: i64| relative_validity(Timestamp(seconds * 1_000_000), Timestamp(0));
        assert_eq!(left(300).as_ref(), Some(b"000000000500000R"));
        assert_eq!(left(3 * 86_400 + 3_661).as_ref(), Some(b"000003010101000R"));
        assert_eq!(left(0), None);
    }
}
