//! What a message becomes on the connectors of its route: its encoding, its segments and its optional parameters.
//!
//! All of it is decided when the message is taken, against the first connector that would get it, so that what is charged is
//! what is sent. A connector that the message fails over to sends it in as many segments, or not at all
//! (decision 7: `docs/adr/0007-charged-is-sent.md`).

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::ConnectorId;
use sambac_domain::message::{MessageBody, Origin};
use sambac_domain::options::MessageOptions;
use sambac_domain::profile::{InterfaceVersion, Profile, Schedule, TlvError, TlvKey, TlvSubject};
use sambac_domain::text::{self, Body, Encoding, Laid, Marks};

use crate::refusal::Refusal;
use crate::snapshot::Snapshot;
use crate::submit::{Content, SubmitRequest};

/// A message as it will be stored.
pub(crate) struct Composed {
    pub(crate) body: MessageBody,
    pub(crate) options: Option<Box<MessageOptions>>,
    /// Segments that are submitted.
    pub(crate) segments: u8,
    /// Segments that are charged: more, when the operator does the cutting.
    pub(crate) parts: u8,
}

/// Takes the content and options out of the request and fits them to the connectors, which are in the order of the route.
///
/// # Errors
/// A [`Refusal`] that names what an operator of the route cannot send.
pub(crate) fn compose(
    snapshot: &Snapshot,
    connectors: &[ConnectorId],
    request: &mut SubmitRequest,
) -> Result<Composed, Refusal> {
    let profiles = || connectors.iter().filter_map(|id| snapshot.profile(*id));
    let first = profiles().next().ok_or(ErrorCode::NoRoute)?;
    let content = std::mem::replace(&mut request.content, Content::Text(String::new(), None));
    let mut options = request.options.take();
    for profile in profiles() {
        check(profile, request, options.as_deref())?;
    }
    if let Some(options) = &mut options {
        keep_parameters(options, request.origin, profiles)?;
        options.operator_waits =
            options.deliver_at.is_some() && profiles().all(|profile| profile.submit.schedule == Schedule::Operator);
    }
    let marks = options.as_ref().map_or_else(Marks::default, |options| options.marks());
    let canned = options.as_ref().is_some_and(|options| options.default_message_id.is_some());
    if content.is_empty() && !canned && first.submit.default_message_id == 0 {
        return Err(Refusal::from(ErrorCode::MessageEmpty).at("/text"));
    }
    let laid = content.laid(&marks, first)?;
    let (parts, encoding) = (laid.count().segments, laid.count().encoding);
    // One payload for all of them, or none: whoever it fails over to must be able to send as many segments.
    let whole = |profile: &Arc<Profile>| content.laid(&marks, profile).is_ok_and(|laid| laid.goes_as_payload());
    let as_payload = laid.goes_as_payload() && profiles().skip(1).all(whole);
    drop(laid);
    if as_payload {
        options.get_or_insert_default().parts = Some(parts);
    }
    Ok(Composed {
        body: content.into_body(encoding),
        options: options.filter(|options| !options.is_empty()),
        segments: if as_payload { 1 } else { parts },
        parts,
    })
}

/// Another text for a message that is taken already: how it is stored, and how many segments it takes by this connector.
///
/// # Errors
/// A [`Refusal`] when it cannot be encoded.
pub(crate) fn recompose(profile: &Profile, content: Content) -> Result<(MessageBody, u8), Refusal> {
    let laid = content.laid(&Marks::default(), profile)?;
    let (segments, encoding) = (laid.count().segments, laid.count().encoding);
    drop(laid);
    Ok((content.into_body(encoding), segments))
}

impl Content {
    fn into_body(self, encoding: Encoding) -> MessageBody {
        match self {
            Self::Text(text, _) => MessageBody::Text { text, encoding },
            Self::Octets { data, data_coding, udhi } => MessageBody::Octets { data, data_coding, udhi },
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text, _) => text.is_empty(),
            Self::Octets { data, .. } => data.is_empty(),
        }
    }

    fn laid(&self, marks: &Marks, profile: &Profile) -> Result<Laid<'_>, Refusal> {
        let body = match self {
            Self::Text(text, encoding) => Body::Text { text, encoding: *encoding },
            Self::Octets { data, data_coding, udhi } => Body::Octets { data, data_coding: *data_coding, udh: *udhi },
        };
        text::lay_out(&body, marks, &profile.writing()).map_err(|error| unencodable(&error))
    }
}

/// What one connector needs of sender and parameters.
fn check(profile: &Profile, request: &SubmitRequest, options: Option<&MessageOptions>) -> Result<(), Refusal> {
    profile
        .address
        .sender(&request.sender, &profile.text)
        .map_err(|error| Refusal::new(ErrorCode::InvalidSender, error.to_string()).at("/from"))?;
    let given = options.map_or(&[][..], |options| &options.tlvs);
    if profile.tlvs.out.is_empty() || profile.session.interface_version < InterfaceVersion::V3_4 {
        return Ok(());
    }
    let written = profile.tlvs.written(given, &TlvSubject::default());
    written.map(drop).map_err(|error| {
        let code = match error {
            TlvError::Missing(_) => ErrorCode::ParameterMissing,
            TlvError::Malformed { .. } | TlvError::TooLong { .. } => ErrorCode::ParameterInvalid,
        };
        Refusal::new(code, error.to_string()).at("/tlvs")
    })
}

/// Keeps the parameters that a connector of the route has a use for. What a REST client names and nobody knows is refused; what
/// an ESME sends beside is left out, as any ESME may send anything.
fn keep_parameters<'a, I: Iterator<Item = &'a Arc<Profile>>>(
    options: &mut MessageOptions,
    origin: Origin,
    profiles: impl Fn() -> I,
) -> Result<(), Refusal> {
    let known = |key: &TlvKey| profiles().any(|profile| profile.tlvs.takes(key));
    if let (Origin::Rest { .. }, Some(unknown)) = (origin, options.tlvs.iter().find(|tlv| !known(&tlv.key))) {
        let detail = format!("no operator of the route takes the optional parameter {}", unknown.key);
        return Err(Refusal::new(ErrorCode::ParameterInvalid, detail).at("/tlvs"));
    }
    options.tlvs.retain(|tlv| known(&tlv.key));
    Ok(())
}

fn unencodable(error: &text::TextError) -> Refusal {
    let code = match error {
        text::TextError::TooLong | text::TextError::HeaderedTooLong { .. } => ErrorCode::MessageTooLong,
        _ => ErrorCode::TextNotEncodable,
    };
    Refusal::new(code, error.to_string()).at("/text")
}
