//! What a handset has sent: a `deliver_sm` or `data_sm` that is no receipt.

use std::sync::Arc;

use sambac_domain::mo::{Fingerprint, Reference, parameters, place};
use sambac_domain::number::incoming_address;
use sambac_domain::profile::Profile;
use sambac_smpp::{CommandStatus, Header, Session, Tag, esm_class};

use super::Connector;
use super::receipts::Delivered;
use crate::commit::{Acknowledgement, HandsetIn, Write};

/// Parameters that are part of the message itself.
const OWN: [Tag; 4] = [Tag::MESSAGE_PAYLOAD, Tag::SAR_MSG_REF_NUM, Tag::SAR_TOTAL_SEGMENTS, Tag::SAR_SEGMENT_SEQNUM];

impl Connector {
    /// Hands a message to the group commit, which acknowledges it once it is stored.
    pub(super) async fn handset(self: &Arc<Self>, delivered: &Delivered<'_>, session: &Session, request: Header) {
        let profile = self.profile();
        if !profile.mo.take {
            return session.respond_error(request, CommandStatus::RX_R_APPN);
        }
        let cannot_store = CommandStatus(profile.mo.store_down_status);
        let acknowledge = Acknowledgement::Session { session: session.clone(), request, cannot_store };
        let incoming = Box::new(self.handset_in(delivered, profile));
        self.write(Write::Handset { incoming, acknowledge }).await;
    }

    fn handset_in(&self, delivered: &Delivered<'_>, profile: Arc<Profile>) -> HandsetIn {
        let tlvs = delivered.tlvs;
        let octets = match delivered.short_message {
            [] => tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default(),
            octets => octets,
        };
        let udhi = delivered.esm_class & esm_class::UDHI != 0;
        let (part, reference) = place(octets, delivered.data_coding, udhi, sar(delivered));
        let country = profile.address.country_code.as_str();
        let source = incoming_address(delivered.source.ton, delivered.source.addr, country);
        let destination = incoming_address(delivered.destination.ton, delivered.destination.addr, country);
        let group = self.receipt_group();
        let fingerprint = Fingerprint {
            group,
            source: &source,
            destination: &destination,
            part: &part,
            reference,
            user_reference: tlvs.u32(Tag::USER_MESSAGE_REFERENCE),
        };
        let has_reference = fingerprint.user_reference.is_some() || fingerprint.reference.is_some();
        let others = tlvs.iter().filter(|(tag, _)| !OWN.contains(tag)).map(|(tag, value)| (tag.0, value));
        HandsetIn {
            connector: self.id(),
            group,
            fingerprint: fingerprint.key(),
            has_reference,
            tlvs: parameters(others, &profile.tlvs.incoming),
            profile,
            source,
            destination,
            part,
            reference,
            received_at: self.inner.clock.now(),
        }
    }
}

fn sar(delivered: &Delivered<'_>) -> Option<Reference> {
    let tlvs = delivered.tlvs;
    Reference::of_sar(
        tlvs.u32(Tag::SAR_MSG_REF_NUM)?,
        tlvs.u32(Tag::SAR_TOTAL_SEGMENTS)?,
        tlvs.u32(Tag::SAR_SEGMENT_SEQNUM)?,
    )
}
