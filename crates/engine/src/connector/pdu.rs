//! A segment as a `submit_sm` (SMPP 3.4 §4.4), in the way that the connector's profile wants it.

use sambac_domain::class::TrafficClass;
use sambac_domain::id::SegmentId;
use sambac_domain::message::{Message, MessageBody};
use sambac_domain::options::MessageOptions;
use sambac_domain::profile::{
    Profile, ReceiptSettings, ReceiptedSegments, ReplaceIfPresent, SenderRefused, SubmitSettings, TlvError, TlvSubject,
    ValidityForm, WrittenAddress,
};
use sambac_domain::text::{self, Body, Encoding, Marks, Segment, TextError};
use sambac_domain::time::Timestamp;
use sambac_smpp::{Address, Pdu, Sm, Tag, TlvBuf, esm_class, registered_delivery};
use smallvec::SmallVec;

use super::pdu_time::{self, PduTime};

/// Everything that the PDU borrows from.
pub(super) struct Outgoing<'a> {
    source: WrittenAddress,
    destination: WrittenAddress,
    segment: Segment,
    data_coding: u8,
    validity: Option<PduTime>,
    schedule: Option<PduTime>,
    registered_delivery: u8,
    tlvs: TlvBuf,
    fields: Fields<'a>,
}

/// The fields that the profile and the client's wishes decide.
struct Fields<'a> {
    service_type: &'a str,
    esm_mode: u8,
    protocol_id: u8,
    priority: u8,
    replace_if_present: u8,
    default_message_id: u8,
}

/// Why a segment cannot go by a connector; another one may take it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsendable {
    #[error(transparent)]
    Text(#[from] TextError),
    #[error("it takes more segments here than were charged")]
    MoreSegments,
    #[error(transparent)]
    Sender(#[from] SenderRefused),
    #[error(transparent)]
    Parameter(#[from] TlvError),
}

impl<'a> Outgoing<'a> {
    /// Lays the message out and keeps the segment asked for.
    pub(super) fn new(
        message: &'a Message,
        id: SegmentId,
        profile: &'a Profile,
        now: Timestamp,
    ) -> Result<Self, Unsendable> {
        let options = message.options.as_deref();
        let marks = options.map_or_else(Marks::default, MessageOptions::marks);
        let laid = text::lay_out(&body_of(&message.body), &marks, &profile.writing())?;
        let data_coding = laid.data_coding();
        let reference = options.and_then(|options| options.reference).unwrap_or_default();
        let segment = laid.segment(id.no(), message.cut_segments(), reference).ok_or(Unsendable::MoreSegments)?;
        let submit = &profile.submit;
        let deliver_at = options.filter(|options| options.operator_waits).and_then(|options| options.deliver_at);
        Ok(Self {
            source: profile.address.sender(&message.sender, &profile.text)?,
            destination: profile.address.destination(message.destination),
            data_coding,
            validity: validity(message.expires_at, submit, now),
            schedule: deliver_at.filter(|at| *at > now).map(|at| pdu_time::absolute(at, submit.utc_offset_quarters)),
            registered_delivery: receipts_asked(&profile.receipt, id.no() >= message.cut_segments()),
            tlvs: tlvs(message, &segment, profile)?,
            fields: Fields::new(message, &segment, submit),
            segment,
        })
    }

    pub(super) fn pdu(&self) -> Pdu<'_> {
        let Self { fields, segment, .. } = self;
        Pdu::SubmitSm(Sm {
            service_type: fields.service_type.as_bytes(),
            source: address(&self.source),
            destination: address(&self.destination),
            esm_class: fields.esm_mode | if segment.udh { esm_class::UDHI } else { 0 },
            protocol_id: fields.protocol_id,
            priority_flag: fields.priority,
            schedule_delivery_time: self.schedule.as_ref().map_or(b"", |text| text.as_slice()),
            validity_period: self.validity.as_ref().map_or(b"", |text| text.as_slice()),
            registered_delivery: self.registered_delivery,
            replace_if_present: fields.replace_if_present,
            data_coding: self.data_coding,
            sm_default_msg_id: fields.default_message_id,
            short_message: if segment.as_payload { b"" } else { &segment.payload },
            tlvs: self.tlvs.as_tlvs(),
        })
    }
}

impl<'a> Fields<'a> {
    fn new(message: &'a Message, segment: &Segment, submit: &'a SubmitSettings) -> Self {
        let none = const { &MessageOptions::NONE };
        let options = message.options.as_deref().unwrap_or(none);
        let asked = options.service_type.as_deref().unwrap_or_default();
        let passed = |pass: bool, value: Option<u8>| value.filter(|_| pass).unwrap_or_default();
        let replaces = match submit.replace_if_present {
            ReplaceIfPresent::AsAsked => options.replace_if_present,
            ReplaceIfPresent::Otp => options.replace_if_present || message.class == TrafficClass::Otp,
            ReplaceIfPresent::Never => false,
        };
        let canned = options.default_message_id.unwrap_or(submit.default_message_id);
        Self {
            service_type: if submit.service_type.is_empty() { asked } else { &submit.service_type },
            esm_mode: submit.esm_mode & esm_class::MODE_MASK,
            protocol_id: passed(submit.pass_protocol_id, options.protocol_id),
            priority: passed(submit.pass_priority, options.priority),
            // The second segment would replace the first one.
            replace_if_present: u8::from(replaces && segment.total == 1),
            default_message_id: if segment.payload.is_empty() { canned } else { 0 },
        }
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
        (true, false) => registered_delivery::FINAL,
        (true, true) => registered_delivery::FINAL | registered_delivery::INTERMEDIATE,
    }
}

/// A text that was counted as GSM goes in whatever alphabet the connector has, UCS-2 included.
fn body_of(body: &MessageBody) -> Body<'_> {
    match body {
        MessageBody::Text { text, encoding } => {
            Body::Text { text, encoding: Some(*encoding).filter(|encoding| *encoding != Encoding::Gsm7) }
        }
        MessageBody::Octets { data, data_coding, udhi } => Body::Octets { data, data_coding: *data_coding, udh: *udhi },
    }
}

fn address(written: &WrittenAddress) -> Address<'_> {
    Address { ton: written.ton, npi: written.npi, addr: &written.addr }
}

fn validity(expires_at: Timestamp, submit: &SubmitSettings, now: Timestamp) -> Option<PduTime> {
    match submit.validity {
        ValidityForm::Never => None,
        ValidityForm::Relative => pdu_time::relative(expires_at, now),
        ValidityForm::Absolute => Some(pdu_time::absolute(expires_at, submit.utc_offset_quarters)),
    }
}

/// Optional parameters: those that the segment needs, then the dictionary's. None before SMPP 3.4.
fn tlvs(message: &Message, segment: &Segment, profile: &Profile) -> Result<TlvBuf, TlvError> {
    let mut tlvs = TlvBuf::new();
    if !profile.writing().optional_parameters {
        return Ok(tlvs);
    }
    if let Some((reference, total, no)) = segment.sar {
        tlvs.push_u16(Tag::SAR_MSG_REF_NUM, reference).push_u8(Tag::SAR_TOTAL_SEGMENTS, total);
        tlvs.push_u8(Tag::SAR_SEGMENT_SEQNUM, no);
    }
    if profile.long.more_messages_to_send && segment.no < segment.total {
        tlvs.push_u8(Tag::MORE_MESSAGES_TO_SEND, 1);
    }
    if segment.as_payload {
        tlvs.push(Tag::MESSAGE_PAYLOAD, &segment.payload);
    }
    let given = message.options.as_ref().map_or(&[][..], |options| &options.tlvs);
    if profile.tlvs.out.is_empty() && given.is_empty() {
        return Ok(tlvs);
    }
    let (message_id, account) = (message.id.to_string(), message.account_id.to_string());
    let digits = message.destination.digits();
    let subject = TlvSubject {
        sender: message.sender.as_str(),
        destination: std::str::from_utf8(digits.as_bytes()).unwrap_or_default(),
        message_id: &message_id,
        account: &account,
    };
    let written: SmallVec<[_; 4]> = profile.tlvs.written(given, &subject)?.into();
    for (tag, value) in written {
        tlvs.push(Tag(tag), &value);
    }
    Ok(tlvs)
}
