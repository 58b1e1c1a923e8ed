//! The PDUs. One borrowed type for reading and for writing; nothing is copied or allocated.
//!
//! ```
//! use bytes::BytesMut;
//! use sambac_smpp::{encode, CommandStatus, Framer, Pdu, SmResp};
//!
//! let mut stream = BytesMut::new();
//! encode(&Pdu::SubmitSmResp(SmResp::new(b"id-1")), 1, CommandStatus::ROK, &mut stream).unwrap();
//! let frame = Framer::default().next(&mut stream).unwrap().unwrap();
//! assert_eq!(frame.pdu(), Ok(Pdu::SubmitSmResp(SmResp::new(b"id-1"))));
//! ```

mod address;
mod alert;
mod bind;
mod broadcast;
mod counted;
mod data_sm;
mod manage;
mod multi;
mod sm;

pub use address::Address;
pub use alert::AlertNotification;
pub use bind::{Bind, BindResp, Outbind};
pub use broadcast::{BroadcastResp, BroadcastSm, CancelBroadcastSm, QueryBroadcastSm};
pub use counted::{Counted, CountedBuf};
pub use data_sm::DataSm;
pub use manage::{CancelSm, QuerySm, QuerySmResp, ReplaceSm};
pub use multi::{
    Destination, DestinationBuf, Destinations, SubmitMulti, SubmitMultiResp, Unsuccessful, UnsuccessfulBuf,
    UnsuccessfulList,
};
pub use sm::{Sm, SmResp};

use crate::cursor::{Cursor, Fault};
use crate::encode::{Nowhere, Sink};
use crate::{CommandId, DecodeError, EncodeError, Header};

macro_rules! pdus {
    ($(
        $(#[$doc:meta])*
        $name:ident $(($body:ident))? = $command:ident;
    )+) => {
        /// A PDU's body, borrowed from a [`Frame`](crate::Frame) or from the caller.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Pdu<'a> {
            $( $(#[$doc])* $name $(($body<'a>))?, )+
            /// A command that no specification names; kept whole.
            Unknown {
                /// Its number.
                command_id: CommandId,
                /// Its body.
                body: &'a [u8],
            },
        }

        impl<'a> Pdu<'a> {
            /// What the PDU is.
            #[must_use]
            pub const fn command_id(&self) -> CommandId {
                match self {
                    $( Self::$name { .. } => CommandId::$command, )+
                    Self::Unknown { command_id, .. } => *command_id,
                }
            }

            fn decode_body(id: CommandId, cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
                Ok(match id {
                    $( CommandId::$command => Self::$name $(($body::decode(cursor)?))?, )+
                    command_id => Self::Unknown { command_id, body: cursor.rest() },
                })
            }

            #[inline]
            pub(crate) fn encode_body(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
                match self {
                    $( pdus!(@pattern $name body $($body)?) => pdus!(@encode body out $($body)?), )+
                    Self::Unknown { body, .. } => {
                        out.octets(body);
                        Ok(())
                    }
                }
            }

            /// The PDU of this command with an empty body: the shape of an error response.
            #[must_use]
            pub fn empty(command_id: CommandId) -> Self {
                match command_id {
                    $( CommandId::$command => Self::$name $(($body::default()))?, )+
                    command_id => Self::Unknown { command_id, body: &[] },
                }
            }
        }
    };
    (@pattern $name:ident $bound:ident $body:ident) => { Self::$name($bound) };
    (@pattern $name:ident $bound:ident) => { Self::$name };
    (@encode $bound:ident $out:ident $body:ident) => { $bound.encode($out) };
    (@encode $bound:ident $out:ident) => { Ok(()) };
}

pdus! {
    /// Opens a session that sends.
    BindTransmitter(Bind) = BIND_TRANSMITTER;
    /// Opens a session that receives.
    BindReceiver(Bind) = BIND_RECEIVER;
    /// Opens a session that does both.
    BindTransceiver(Bind) = BIND_TRANSCEIVER;
    /// Answer.
    BindTransmitterResp(BindResp) = BIND_TRANSMITTER_RESP;
    /// Answer.
    BindReceiverResp(BindResp) = BIND_RECEIVER_RESP;
    /// Answer.
    BindTransceiverResp(BindResp) = BIND_TRANSCEIVER_RESP;
    /// The SMSC asks the ESME to bind.
    Outbind(Outbind) = OUTBIND;
    /// Ends a session.
    Unbind = UNBIND;
    /// Answer.
    UnbindResp = UNBIND_RESP;
    /// Are you there?
    EnquireLink = ENQUIRE_LINK;
    /// Answer.
    EnquireLinkResp = ENQUIRE_LINK_RESP;
    /// Answer to what could not be understood.
    GenericNack = GENERIC_NACK;
    /// A message from an ESME.
    SubmitSm(Sm) = SUBMIT_SM;
    /// Answer.
    SubmitSmResp(SmResp) = SUBMIT_SM_RESP;
    /// A message or a receipt to an ESME.
    DeliverSm(Sm) = DELIVER_SM;
    /// Answer.
    DeliverSmResp(SmResp) = DELIVER_SM_RESP;
    /// A message in either direction.
    DataSm(DataSm) = DATA_SM;
    /// Answer.
    DataSmResp(SmResp) = DATA_SM_RESP;
    /// One message for many.
    SubmitMulti(SubmitMulti) = SUBMIT_MULTI;
    /// Answer.
    SubmitMultiResp(SubmitMultiResp) = SUBMIT_MULTI_RESP;
    /// Asks for the state of a message.
    QuerySm(QuerySm) = QUERY_SM;
    /// Answer.
    QuerySmResp(QuerySmResp) = QUERY_SM_RESP;
    /// Withdraws a message.
    CancelSm(CancelSm) = CANCEL_SM;
    /// Answer.
    CancelSmResp = CANCEL_SM_RESP;
    /// Changes a message.
    ReplaceSm(ReplaceSm) = REPLACE_SM;
    /// Answer.
    ReplaceSmResp = REPLACE_SM_RESP;
    /// A subscriber can be reached again.
    AlertNotification(AlertNotification) = ALERT_NOTIFICATION;
    /// A cell broadcast.
    BroadcastSm(BroadcastSm) = BROADCAST_SM;
    /// Answer.
    BroadcastSmResp(BroadcastResp) = BROADCAST_SM_RESP;
    /// Asks for the state of a broadcast.
    QueryBroadcastSm(QueryBroadcastSm) = QUERY_BROADCAST_SM;
    /// Answer.
    QueryBroadcastSmResp(BroadcastResp) = QUERY_BROADCAST_SM_RESP;
    /// Withdraws a broadcast.
    CancelBroadcastSm(CancelBroadcastSm) = CANCEL_BROADCAST_SM;
    /// Answer.
    CancelBroadcastSmResp = CANCEL_BROADCAST_SM_RESP;
}

impl<'a> Pdu<'a> {
    /// Checks what [`Frame::pdu`](crate::Frame::pdu) let pass against the limits of the specification.
    ///
    /// # Errors
    /// The first field that breaks its limit; [`EncodeError::status`] is what to answer.
    pub fn check_limits(&self) -> Result<(), EncodeError> {
        self.encode_body(&mut Nowhere)
    }

    pub(crate) fn decode(header: Header, body: &'a [u8], keep_broken_tlvs: bool) -> Result<Self, DecodeError> {
        let id = header.command_id;
        let mut cursor = Cursor::new(body, keep_broken_tlvs);
        match Self::decode_body(id, &mut cursor) {
            Ok(pdu) => Ok(pdu),
            // An error has no body, or one that does not matter.
            Err(_) if id.is_response() && (!header.command_status.is_ok() || body.is_empty()) => Ok(Self::empty(id)),
            Err(field) => Err(DecodeError { header, field }),
        }
    }

    /// Whether, as an error, this is written without a body. `deliver_sm_resp` and `data_sm_resp` keep theirs
    /// (SMPP 3.4 §4.6.2, §4.7.2).
    pub(crate) fn is_bodiless_as_error(&self) -> bool {
        let keeps_body = matches!(self, Self::DeliverSmResp(_) | Self::DataSmResp(_));
        let id = self.command_id();
        !keeps_body && id.is_response() && *self == Self::empty(id)
    }
}
