//! The body of `POST /v1/sms/send`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::message::Origin;
use sambac_domain::number::{self, Sender};
use sambac_domain::options::MessageOptions;
use sambac_domain::profile::{GivenTlv, TlvKey, TlvValue};
use sambac_domain::redaction::Redaction;
use sambac_domain::text::{Encoding, Ports, udh};
use sambac_domain::unique_map;
use sambac_domain::{Timestamp, TrafficClass, parse_micros};
use sambac_engine::SendAt;
use sambac_engine::submit::{Content, Idempotency, SubmitRequest};
use sambac_engine::templates::NamedTemplate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Authorised, scope};
use crate::problem::Problem;
use crate::shown;

/// A message to send.
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": "+447700900123", "from": "MyBank", "text": "Your parcel comes today." }))]
pub(crate) struct SendSms {
    /// Destination as an international number, with or without the plus.
    #[garde(skip)]
    #[schema(example = "+447700900123")]
    pub(super) to: String,
    /// What the handset shows: a number, a short code, or up to 11 characters.
    #[garde(skip)]
    #[schema(example = "MyBank")]
    pub(super) from: String,
    /// The text; long ones are sent in several segments. Needed unless `template`, `data` or `default_message_id` is given.
    #[garde(skip)]
    #[schema(min_length = 1, example = "Your code is 123456")]
    pub(super) text: Option<String>,
    /// The approved template that makes the text, instead of a text.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "parcel")]
    pub(super) template: Option<String>,
    /// Which version of the template; the latest approved one when left out.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template_version: Option<u32>,
    /// In which language; the template's default one where it has no text for that.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "de-AT")]
    pub(super) locale: Option<String>,
    /// What goes into the places of the template.
    #[garde(length(max = 32))]
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique_map::deserialize")]
    #[schema(example = json!({ "parcel": "17" }))]
    pub(super) variables: BTreeMap<String, String>,
    /// How the text is encoded; chosen by its characters when left out.
    #[garde(skip)]
    #[schema(value_type = Option<shown::TextEncoding>)]
    pub(super) encoding: Option<TextEncoding>,
    /// What the message is for. An `otp` goes before all others and is never sent twice on doubt.
    #[garde(skip)]
    #[serde(default = "transactional")]
    #[schema(value_type = shown::Class, default = "transactional")]
    pub(super) class: TrafficClass,
    /// Seconds after which it is not sent any more; by default 300 for an `otp`, else 86400.
    #[garde(range(min = 1, max = 259_200))]
    #[schema(minimum = 1, maximum = 259_200)]
    pub(super) validity_s: Option<u32>,
    /// When to send it, at most 7 days ahead: a moment with its offset from UTC, or a local time without one. At once when left out.
    #[garde(length(max = 40))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "2026-12-01T09:00:00+01:00")]
    pub(super) send_at: Option<String>,
    /// Whose clocks show `send_at`, when it has no offset: an IANA zone, or `recipient` for that of the number's country, as long
    /// as that has one time only; by default UTC.
    #[garde(length(max = 64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64, example = "Europe/Berlin")]
    pub(super) zone: Option<String>,
    /// Your own reference, given back in the message's status and notifications.
    #[garde(length(chars, max = 64), inner(custom(without_controls)))]
    #[schema(max_length = 64)]
    pub(super) reference: Option<String>,
    /// Words by which you find the message again, up to 10. Each has up to 32 letters, digits, points, colons, hyphens and
    /// underscores, a letter first. No personal data.
    #[garde(length(max = 10), inner(custom(tag)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10, example = json!(["november"]))]
    pub(super) tags: Vec<String>,
    /// What is kept no longer than it is needed: `text` is wiped once operators have all segments, and is in no receipt; of `to` the last seven digits
    /// become zeros when the message ends, in its status, lists, events, webhooks and records.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Redaction::is_none")]
    #[schema(value_type = Vec<shown::RedactedPart>, example = json!(["text"]))]
    pub(super) redact: Redaction,
    /// Refuse when all segments together would cost more, in your account's currency.
    #[garde(skip)]
    #[schema(pattern = r"^\d+(\.\d{1,6})?$", example = "0.05")]
    pub(super) max_price: Option<String>,
    /// Answer what would happen, without sending, holding or storing anything.
    #[garde(skip)]
    #[serde(default)]
    #[schema(default = false)]
    pub(super) dry_run: bool,
    /// Whether you want to be told the final state.
    #[garde(skip)]
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub(super) receipt: bool,
    /// Octets instead of a text, in hexadecimal: binary content. Given instead of `text`.
    #[garde(length(min = 2, max = 71_400), inner(custom(hexadecimal)))]
    #[schema(pattern = "^([0-9A-Fa-f]{2})+$", max_length = 71_400)]
    pub(super) data: Option<String>,
    /// data_coding of `data`; by default 4 (binary).
    #[garde(skip)]
    pub(super) data_coding: Option<u8>,
    /// A user data header for `data` in hexadecimal, its length octet first.
    #[garde(length(min = 2, max = 280), inner(custom(hexadecimal)))]
    #[schema(pattern = "^([0-9A-Fa-f]{2})+$", max_length = 280)]
    pub(super) udh: Option<String>,
    /// Message class: 0 is shown at once and not kept (flash), 1 is kept on the handset, 2 on the SIM, 3 on a device behind it.
    #[garde(range(max = 3))]
    #[schema(maximum = 3)]
    pub(super) message_class: Option<u8>,
    /// Application ports, for a program on the handset.
    #[garde(skip)]
    #[schema(value_type = Option<ApplicationPorts>)]
    pub(super) ports: Option<Ports>,
    /// protocol_id (TP-PID). Sent where the operator takes it, 0 otherwise.
    #[garde(skip)]
    pub(super) protocol_id: Option<u8>,
    /// Whether the operator may replace your last message from this sender to this number, while it is undelivered.
    #[garde(skip)]
    #[serde(default)]
    #[schema(default = false)]
    pub(super) replace_if_present: bool,
    /// priority_flag, 0 to 4. Sent where the operator takes it, 0 otherwise.
    #[garde(range(max = 4))]
    #[schema(maximum = 4)]
    pub(super) priority: Option<u8>,
    /// service_type, where the operator has none of its own.
    #[garde(length(max = 5), inner(custom(without_controls)))]
    #[schema(max_length = 5)]
    pub(super) service_type: Option<String>,
    /// A canned message of the operator (sm_default_msg_id), instead of a text.
    #[garde(range(min = 1, max = 254))]
    #[schema(minimum = 1, maximum = 254)]
    pub(super) default_message_id: Option<u8>,
    /// Optional parameters by their name or tag, as the operators of your routes call them.
    #[garde(length(max = 32))]
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique_map::deserialize")]
    #[schema(example = json!({ "dlt_entity_id": "1101234567890" }))]
    pub(super) tlvs: BTreeMap<String, String>,
}

/// Application ports of 16 bits.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is wanted: the fields are the domain's")]
pub(super) struct ApplicationPorts {
    /// To which the handset gives the message.
    destination: u16,
    /// From which it comes.
    #[schema(default = 0)]
    source: u16,
}

/// The encodings of text.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TextEncoding {
    Gsm7,
    Latin1,
    Ucs2,
}

impl SendSms {
    /// Whether nothing is to happen.
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Checks the fields whose rules are the domain's, all of them before it refuses.
    pub(super) fn into_request(
        self,
        client: &Authorised<scope::SmsSend>,
        idempotency: Option<Idempotency>,
    ) -> Result<SubmitRequest, Problem> {
        let destination = number::parse(&self.to, None)
            .map_err(|error| Problem::from(ErrorCode::InvalidDestination).at("/to", error.to_string()));
        let sender = Sender::parse(&self.from)
            .map_err(|error| Problem::from(ErrorCode::InvalidSender).at("/from", error.to_string()));
        let price_micros_max = self.max_price.as_deref().map(price).transpose();
        let content = self.content(client);
        let destination = destination?;
        let deliver_at = self.when()?.map(|when| client.engine().send_at(&when, destination)).transpose()?;
        Ok(SubmitRequest {
            account_id: client.account_id(),
            origin: Origin::Rest { api_key: client.api_key_id() },
            destination,
            sender: sender?,
            price_micros_max: price_micros_max?,
            content: content?,
            options: self.options(deliver_at).map(Box::new),
            part: None,
            class: self.class,
            validity: self.validity_s.map(|seconds| Duration::from_secs(seconds.into())),
            client_ref: self.reference,
            receipt_wanted: self.receipt,
            registered_delivery: 1,
            test_only: client.is_test(),
            idempotency,
        })
    }

    /// Digest of what was asked: the same for the same request however its JSON was written.
    pub(super) fn fingerprint(&self, client: &Authorised<scope::SmsSend>) -> String {
        let mut request = b"POST /v1/sms/send\n".to_vec();
        request.extend(serde_json::to_vec(self).unwrap_or_default());
        client.engine().fingerprint(client.account_id(), &request)
    }

    /// A text or octets, and never both.
    fn content(&self, client: &Authorised<scope::SmsSend>) -> Result<Content, Problem> {
        let bad = |field, detail: &str| Err(Problem::from(ErrorCode::InvalidRequest).at(field, detail.to_owned()));
        let (version, locale) = (self.template_version, self.locale.as_ref());
        if let Some(template) = named_template(self.template.as_ref(), version, locale, !self.variables.is_empty())? {
            if self.text.is_some() || self.data.is_some() || self.default_message_id.is_some() {
                return bad("/template", "a message has a template or a text or data");
            }
            let text = client.engine().fill_template(client.account_id(), &template, &self.variables)?;
            return Ok(Content::Text(text, self.encoding.map(Encoding::from)));
        }
        let Some(data) = &self.data else {
            if self.udh.is_some() || self.data_coding.is_some() {
                return bad("/data", "udh and data_coding are for data: give it, or leave them out");
            }
            let Some(text) = self.text.clone().or_else(|| self.default_message_id.map(|_| String::new())) else {
                return bad("/text", "missing: give a text or data");
            };
            return Ok(Content::Text(text, self.encoding.map(Encoding::from)));
        };
        if self.text.is_some() || self.encoding.is_some() {
            return bad("/data", "a message has a text or data, not both");
        }
        if self.message_class.is_some() && self.data_coding.is_some() {
            return bad("/message_class", "the class of data is in its data_coding");
        }
        let header = self.udh.as_deref().map(octets).unwrap_or_default();
        if !header.is_empty() && udh::parse(&header).is_none_or(|(_, rest)| !rest.is_empty()) {
            return bad("/udh", "it is no user data header: its lengths do not fit");
        }
        let octets = [header, octets(data)].concat();
        // Binary, in the class that was asked for (3GPP TS 23.038, section 4).
        let data_coding = self.data_coding.or(self.message_class.map(|class| 0x14 | class)).unwrap_or(4);
        Ok(Content::Octets { data: octets, data_coding, udhi: self.udh.is_some() })
    }

    /// When it is to be sent, as it is written.
    fn when(&self) -> Result<Option<SendAt>, Problem> {
        when(self.send_at.as_ref(), self.zone.as_ref())
    }

    fn options(&self, deliver_at: Option<Timestamp>) -> Option<MessageOptions> {
        let tlv =
            |(key, text): (&String, &String)| GivenTlv { key: TlvKey::parse(key), value: TlvValue::Text(text.clone()) };
        let options = MessageOptions {
            message_class: self.message_class,
            protocol_id: self.protocol_id,
            ports: self.ports,
            replace_if_present: self.replace_if_present,
            priority: self.priority,
            service_type: self.service_type.clone(),
            default_message_id: self.default_message_id,
            tlvs: self.tlvs.iter().map(tlv).collect(),
            deliver_at,
            redact: self.redact,
            tags: self.tags.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect(),
            ..MessageOptions::NONE
        };
        (!options.is_empty()).then_some(options)
    }
}

impl From<TextEncoding> for Encoding {
    fn from(encoding: TextEncoding) -> Self {
        match encoding {
            TextEncoding::Gsm7 => Self::Gsm7,
            TextEncoding::Latin1 => Self::Latin1,
            TextEncoding::Ucs2 => Self::Ucs2,
        }
    }
}

/// The template that is meant; its version, locale and variables need one.
pub(super) fn named_template(
    name: Option<&String>,
    version: Option<u32>,
    locale: Option<&String>,
    has_variables: bool,
) -> Result<Option<NamedTemplate>, Problem> {
    match name {
        Some(name) => Ok(Some(NamedTemplate { name: name.clone(), version, locale: locale.cloned() })),
        None if version.is_some() || locale.is_some() || has_variables => {
            let detail = "template_version, locale and variables are for a template: name it";
            Err(Problem::from(ErrorCode::InvalidRequest).at("/template", detail))
        }
        None => Ok(None),
    }
}

/// A zone needs a time.
pub(super) fn when(send_at: Option<&String>, zone: Option<&String>) -> Result<Option<SendAt>, Problem> {
    match (send_at, zone) {
        (None, None) => Ok(None),
        (None, Some(_)) => {
            Err(Problem::from(ErrorCode::InvalidRequest).at("/zone", "a zone is for send_at: give it, too"))
        }
        (Some(at), zone) => Ok(Some(SendAt { at: at.clone(), zone: zone.cloned() })),
    }
}

pub(super) fn price(text: &str) -> Result<i64, Problem> {
    let bad = |detail: String| Problem::from(ErrorCode::InvalidRequest).at("/max_price", detail);
    match parse_micros(text) {
        Ok(micros) if micros >= 0 => Ok(micros),
        Ok(_) => Err(bad("the price must not be negative".to_owned())),
        Err(error) => Err(bad(error.to_string())),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is garde's")]
pub(super) fn without_controls(text: &str, _context: &()) -> garde::Result {
    if text.chars().any(char::is_control) {
        return Err(garde::Error::new("must not hold control characters"));
    }
    Ok(())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is garde's")]
pub(super) fn tag(text: &str, _context: &()) -> garde::Result {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b':' | b'-' | b'_');
    if text.len() > 32 || !text.bytes().all(fits) || !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        let detail = "must have up to 32 letters, digits, points, colons, hyphens and underscores, a letter first";
        return Err(garde::Error::new(detail));
    }
    Ok(())
}

pub(super) fn transactional() -> TrafficClass {
    TrafficClass::Transactional
}

pub(super) fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is garde's")]
pub(super) fn hexadecimal(text: &str, _context: &()) -> garde::Result {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        return Err(garde::Error::new("must be octets in hexadecimal, two digits each"));
    }
    Ok(())
}

/// Of digits that were checked.
fn octets(hex: &str) -> Vec<u8> {
    let octet = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    hex.as_bytes().chunks(2).filter_map(octet).collect()
}
