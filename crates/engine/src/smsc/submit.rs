//! A client's `submit_sm` (SMPP 3.4 §4.4) as a request to submit.

use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::message::Origin;
use sambac_domain::number::{Sender, normalise_smpp};
use sambac_domain::options::MessageOptions;
use sambac_domain::profile::{GivenTlv, TlvKey, TlvValue};
use sambac_domain::time::Timestamp;
use sambac_smpp::{Sm, Tag, registered_delivery};

use super::content;
use super::time::{self, Span};
use crate::refusal::Refusal;
use crate::snapshot::SmppAccount;
use crate::submit::{SCHEDULE_MAX, SubmitRequest, VALIDITY_MAX};

/// Octets of all optional parameters of a message that are kept.
const PARAMETERS_OCTETS_MAX: usize = 4_096;

/// The longest service_type (SMPP 3.4 §5.2.11).
const SERVICE_TYPE_OCTETS_MAX: usize = 5;

/// Parameters that say how the message comes, and not what the operator is to be told.
const OURS: [Tag; 5] = [
    Tag::MESSAGE_PAYLOAD,
    Tag::SAR_MSG_REF_NUM,
    Tag::SAR_TOTAL_SEGMENTS,
    Tag::SAR_SEGMENT_SEQNUM,
    Tag::MORE_MESSAGES_TO_SEND,
];

pub(super) fn request(account: &SmppAccount, sm: &Sm<'_>, now: Timestamp) -> Result<SubmitRequest, Refusal> {
    let sender = Sender::from_smpp(sm.source.ton, sm.source.addr)
        .map_err(|error| Refusal::new(ErrorCode::InvalidSender, error.to_string()))?;
    let destination = normalise_smpp(sm.destination.ton, sm.destination.addr)
        .map_err(|error| Refusal::new(ErrorCode::InvalidDestination, error.to_string()))?;
    let past = Duration::from_secs(account.profile.limits.schedule_past_s.into());
    let deliver_at = deliver_at(sm.schedule_delivery_time, now, past)?;
    let mut options = options(sm, deliver_at)?;
    let read = content::read(&account.profile.text, sm, &mut options)?;
    Ok(SubmitRequest {
        account_id: account.row.account_id,
        origin: Origin::Smpp { smpp_account: account.row.id },
        sender,
        destination,
        content: read.content,
        class: account.class,
        validity: validity(sm.validity_period, deliver_at, now)?,
        client_ref: None,
        receipt_wanted: sm.registered_delivery & registered_delivery::MASK != 0,
        registered_delivery: sm.registered_delivery,
        price_micros_max: None,
        test_only: account.profile.limits.test_only,
        idempotency: None,
        options,
        part: read.part,
    })
}

/// How long the message is valid, counted from when it is to be delivered.
pub(super) fn validity(
    text: &[u8],
    deliver_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Duration>, Refusal> {
    let refused = |detail| Err(Refusal::new(ErrorCode::Expired, detail));
    match time::span(text, now) {
        Span::None => Ok(None),
        Span::Malformed => refused("validity_period is not a time of SMPP"),
        Span::Passed(_) => refused("validity_period has passed"),
        Span::For(wanted) => {
            let waits = deliver_at.map_or(Duration::ZERO, |at| Duration::from_micros(at.0.abs_diff(now.0)));
            match wanted.saturating_sub(waits) {
                Duration::ZERO => refused("validity_period ends before schedule_delivery_time"),
                left => Ok(Some(left.min(VALIDITY_MAX))),
            }
        }
    }
}

/// A moment to come; what has passed just now goes at once.
fn deliver_at(text: &[u8], now: Timestamp, past: Duration) -> Result<Option<Timestamp>, Refusal> {
    let refused = |detail| Err(Refusal::new(ErrorCode::InvalidSchedule, detail));
    match time::span(text, now) {
        Span::None => Ok(None),
        Span::Passed(ago) if ago <= past => Ok(None),
        Span::Passed(_) => refused("schedule_delivery_time has passed"),
        Span::Malformed => refused("schedule_delivery_time is not a time of SMPP"),
        Span::For(wait) if wait > SCHEDULE_MAX => refused("schedule_delivery_time is more than 7 days ahead"),
        Span::For(wait) => Ok(Some(now.saturating_add(wait))),
    }
}

/// What the client asks for beside the text; `None` for most.
fn options(sm: &Sm<'_>, deliver_at: Option<Timestamp>) -> Result<Option<Box<MessageOptions>>, Refusal> {
    let given = |value: u8| Some(value).filter(|value| *value != 0);
    let options = MessageOptions {
        protocol_id: given(sm.protocol_id),
        priority: given(sm.priority_flag),
        replace_if_present: sm.replace_if_present == 1,
        default_message_id: given(sm.sm_default_msg_id).filter(|_| sm.message().is_empty()),
        service_type: service_type(sm.service_type)?,
        tlvs: parameters(sm)?,
        deliver_at,
        ..MessageOptions::NONE
    };
    Ok((!options.is_empty()).then(|| Box::new(options)))
}

/// An operator takes no longer one, and the message could not be put into a PDU.
fn service_type(text: &[u8]) -> Result<Option<String>, Refusal> {
    let possible = text.len() <= SERVICE_TYPE_OCTETS_MAX && text.iter().all(u8::is_ascii_graphic);
    if !possible {
        return Err(Refusal::new(ErrorCode::InvalidServiceType, "service_type has more than 5 octets, or no letters"));
    }
    Ok((!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned()))
}

fn parameters(sm: &Sm<'_>) -> Result<Vec<GivenTlv>, Refusal> {
    let mut octets = 0;
    let mut given = Vec::new();
    for (tag, value) in sm.tlvs.iter().filter(|(tag, _)| !OURS.contains(tag)) {
        octets += value.len();
        if octets > PARAMETERS_OCTETS_MAX {
            let detail = format!("the optional parameters have more than {PARAMETERS_OCTETS_MAX} octets");
            return Err(Refusal::new(ErrorCode::ParameterInvalid, detail));
        }
        given.push(GivenTlv { key: TlvKey::Tag(tag.0), value: TlvValue::Octets(value.to_vec()) });
    }
    Ok(given)
}
