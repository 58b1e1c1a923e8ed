//! Where the answer to a client's submit goes once its message is stored or refused.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::client_message_id;
use sambac_smpp::{CommandId, CommandStatus, Pdu, SmResp, Tag, Tlvs};

use super::client::OpenRequest;
use crate::submit::Submitted;

/// Of a `submit_sm` or `data_sm`.
pub(crate) struct SubmitReply(OpenRequest);

impl SubmitReply {
    pub(super) fn new(request: OpenRequest) -> Self {
        Self(request)
    }

    /// Why its client may submit nothing any more, when that was decided after it was asked.
    pub(crate) fn revoked(&self) -> Option<ErrorCode> {
        self.0.client.revoked()
    }

    /// The message is stored: the client gets its id. A client that has gone finds it by its receipt.
    pub(crate) fn accepted(self, submitted: &Submitted) {
        let OpenRequest { client, header } = &self.0;
        client.submitted(submitted.message_id);
        let id = client_message_id(submitted.message_id, client.account.profile.receipt.message_id);
        let tlv = client.congestion_state().map(congestion_tlv);
        let tlvs = tlv.as_ref().map_or(Tlvs::EMPTY, |octets| Tlvs::from_octets(octets));
        let resp = SmResp { message_id: id.as_bytes(), tlvs };
        let pdu = match header.command_id {
            CommandId::DATA_SM => Pdu::DataSmResp(resp),
            _ => Pdu::SubmitSmResp(resp),
        };
        let _ = client.session.respond(header.sequence_number, CommandStatus::ROK, &pdu);
    }

    /// Nothing was stored.
    pub(crate) fn refused(self, code: ErrorCode) {
        let OpenRequest { client, header } = &self.0;
        client.session.respond_error(*header, client.account.status(code));
    }
}

/// The optional parameter congestion_state, encoded: without a buffer, as it goes with every answer.
pub(super) fn congestion_tlv(state: u8) -> [u8; 5] {
    let [high, low] = Tag::CONGESTION_STATE.0.to_be_bytes();
    [high, low, 0, 1, state]
}
