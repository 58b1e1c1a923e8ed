//! One `submit_multi`, many messages (SMPP 3.4 §4.5): each destination is accepted or refused by itself.
//!
//! The answer carries one id, the first accepted message's. All messages of the request are known to the client by it:
//! their receipts carry it (the number tells them apart), and `query_sm`, `cancel_sm` and `replace_sm` with it mean all.
//! It is given when every destination is decided, and every accepted one is stored.

use std::sync::{Arc, Mutex, PoisonError};

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{MessageId, client_message_id};
use sambac_smpp::{
    Address, CommandStatus, Destination, Pdu, Sm, SubmitMulti, SubmitMultiResp, Tlvs, Unsuccessful, UnsuccessfulBuf,
};

use super::client::OpenRequest;
use super::reply::congestion_tlv;

/// A request of which not every destination is decided; answered when the last one lets go of it.
pub(super) struct Multi {
    request: OpenRequest,
    decided: Mutex<Decided>,
}

#[derive(Default)]
struct Decided {
    known_as: Option<MessageId>,
    accepted: usize,
    refused: UnsuccessfulBuf,
    /// Why the first of them was.
    first_refusal: Option<ErrorCode>,
}

/// One destination's part of the answer.
pub(crate) struct MultiReply {
    multi: Arc<Multi>,
    destination: (u8, u8, Box<[u8]>),
    outcome: Result<(), ErrorCode>,
}

impl Multi {
    pub(super) fn new(request: OpenRequest) -> Arc<Self> {
        Arc::new(Self { request, decided: Mutex::default() })
    }

    pub(super) fn reply(self: &Arc<Self>, destination: Address<'_>) -> MultiReply {
        let Address { ton, npi, addr } = destination;
        // What nobody decides was not accepted.
        MultiReply { multi: Arc::clone(self), destination: (ton, npi, addr.into()), outcome: Err(ErrorCode::Internal) }
    }
}

impl MultiReply {
    /// The id by which the client will know a message that has this one: that of the first of the request.
    pub(crate) fn known_as(&self, id: MessageId) -> MessageId {
        self.multi.request.client.submitted(id);
        *self.multi.decided.lock().unwrap_or_else(PoisonError::into_inner).known_as.get_or_insert(id)
    }

    /// As [`SubmitReply::revoked`](super::SubmitReply::revoked).
    pub(crate) fn revoked(&self) -> Option<ErrorCode> {
        self.multi.request.client.revoked()
    }

    /// The message is stored.
    pub(crate) fn accepted(mut self) {
        self.outcome = Ok(());
    }

    /// Nothing was stored for this destination.
    pub(crate) fn refused(mut self, code: ErrorCode) {
        self.outcome = Err(code);
    }
}

impl Drop for MultiReply {
    fn drop(&mut self) {
        let mut decided = self.multi.decided.lock().unwrap_or_else(PoisonError::into_inner);
        match self.outcome {
            Ok(()) => decided.accepted += 1,
            Err(code) => {
                decided.first_refusal.get_or_insert(code);
                let (ton, npi, addr) = &self.destination;
                let status = self.multi.request.client.account.status(code);
                // It came out of a PDU, so that it fits into one; a field that was too long there is not told of.
                let _ = decided.refused.push(Unsuccessful { address: Address::new(*ton, *npi, addr), status });
            }
        }
    }
}

impl Drop for Multi {
    fn drop(&mut self) {
        let decided = self.decided.get_mut().unwrap_or_else(PoisonError::into_inner);
        let OpenRequest { client, header } = &self.request;
        let (Some(id), 1..) = (decided.known_as, decided.accepted) else {
            return client.refuse(*header, decided.first_refusal.unwrap_or(ErrorCode::TooManyDestinations));
        };
        let id = client_message_id(id, client.account.profile.receipt.message_id);
        let tlv = client.congestion_state().map(congestion_tlv);
        let resp = SubmitMultiResp {
            message_id: id.as_bytes(),
            unsuccessful: decided.refused.as_list(),
            tlvs: tlv.as_ref().map_or(Tlvs::EMPTY, |octets| Tlvs::from_octets(octets)),
        };
        let _ = client.session.respond(header.sequence_number, CommandStatus::ROK, &Pdu::SubmitMultiResp(resp));
    }
}

/// The numbers of a request.
///
/// # Errors
/// When there are none, or one of them is a distribution list: of such a request nothing is taken.
pub(super) fn numbers<'a>(sm: &SubmitMulti<'a>) -> Result<Vec<Address<'a>>, ErrorCode> {
    let number = |destination| match destination {
        Destination::Address(address) => Ok(address),
        Destination::List(_) => Err(ErrorCode::ListNotOffered),
    };
    let numbers: Vec<_> = sm.destinations.iter().map(number).collect::<Result<_, _>>()?;
    if numbers.is_empty() { Err(ErrorCode::TooManyDestinations) } else { Ok(numbers) }
}

/// The `submit_sm` that a `submit_multi` stands for, without its destination.
pub(super) fn as_submit<'a>(sm: &SubmitMulti<'a>) -> Sm<'a> {
    Sm {
        service_type: sm.service_type,
        source: sm.source,
        destination: Address::default(),
        esm_class: sm.esm_class,
        protocol_id: sm.protocol_id,
        priority_flag: sm.priority_flag,
        schedule_delivery_time: sm.schedule_delivery_time,
        validity_period: sm.validity_period,
        registered_delivery: sm.registered_delivery,
        replace_if_present: sm.replace_if_present,
        data_coding: sm.data_coding,
        sm_default_msg_id: sm.sm_default_msg_id,
        short_message: sm.short_message,
        tlvs: sm.tlvs,
    }
}
