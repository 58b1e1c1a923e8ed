//! Messages with a `short_message` (SMPP 3.4 §4.4, §4.6; 5.0 §4.2.1, §4.3.1).

use super::Address;
use crate::cursor::{Cursor, Fault};
use crate::encode::Sink;
use crate::{EncodeError, Tag, Tlvs, field};
use std::fmt;

/// The body of `submit_sm` and `deliver_sm`. Strings come and go without their NUL.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Sm<'a> {
    /// Service, often empty.
    pub service_type: &'a [u8],
    /// From.
    pub source: Address<'a>,
    /// To.
    pub destination: Address<'a>,
    /// Mode, type and features, see [`esm_class`](crate::esm_class).
    pub esm_class: u8,
    /// TP-PID in GSM.
    pub protocol_id: u8,
    /// 0 to 3 (5.0: 4).
    pub priority_flag: u8,
    /// When to deliver; empty for at once.
    pub schedule_delivery_time: &'a [u8],
    /// How long to try; empty for the SMSC's default.
    pub validity_period: &'a [u8],
    /// Which receipts are wanted, see [`registered_delivery`](crate::registered_delivery).
    pub registered_delivery: u8,
    /// 1 to replace an earlier message.
    pub replace_if_present: u8,
    /// How the message is encoded, see [`data_coding`](crate::data_coding).
    pub data_coding: u8,
    /// A predefined message of the SMSC.
    pub sm_default_msg_id: u8,
    /// The message, with its user data header if it has one; at most 255 octets.
    pub short_message: &'a [u8],
    /// Optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Sm<'a> {
    /// The message's octets: `message_payload` when `short_message` is empty.
    #[must_use]
    pub fn message(&self) -> &'a [u8] {
        if self.short_message.is_empty() {
            return self.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default();
        }
        self.short_message
    }

    #[inline]
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            service_type: cursor.cstr(&field::SERVICE_TYPE)?,
            source: Address::decode(cursor, &field::SOURCE_ADDR)?,
            destination: Address::decode(cursor, &field::DESTINATION_ADDR)?,
            esm_class: cursor.u8()?,
            protocol_id: cursor.u8()?,
            priority_flag: cursor.u8()?,
            schedule_delivery_time: cursor.cstr(&field::SCHEDULE_DELIVERY_TIME)?,
            validity_period: cursor.cstr(&field::VALIDITY_PERIOD)?,
            registered_delivery: cursor.u8()?,
            replace_if_present: cursor.u8()?,
            data_coding: cursor.u8()?,
            sm_default_msg_id: cursor.u8()?,
            short_message: short_message(cursor)?,
            tlvs: cursor.tlvs()?,
        })
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::SERVICE_TYPE, self.service_type)?;
        self.source.encode(out, &field::SOURCE_ADDR)?;
        self.destination.encode(out, &field::DESTINATION_ADDR)?;
        out.octets(&[self.esm_class, self.protocol_id, self.priority_flag]);
        out.cstr(&field::SCHEDULE_DELIVERY_TIME, self.schedule_delivery_time)?;
        out.cstr(&field::VALIDITY_PERIOD, self.validity_period)?;
        out.octets(&[self.registered_delivery, self.replace_if_present, self.data_coding, self.sm_default_msg_id]);
        out.short_message(self.short_message)?;
        out.tlvs(self.tlvs)
    }
}

/// The message, the numbers and the values of TLVs are left out.
impl fmt::Debug for Sm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sm")
            .field("source", &self.source)
            .field("destination", &self.destination)
            .field("esm_class", &self.esm_class)
            .field("registered_delivery", &self.registered_delivery)
            .field("data_coding", &self.data_coding)
            .field("short_message_octets", &self.short_message.len())
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}

/// `sm_length` and as many octets.
#[inline]
pub(super) fn short_message<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Fault> {
    let length = cursor.u8()?;
    cursor.octets(usize::from(length), &field::SHORT_MESSAGE)
}

/// The answer to `submit_sm`, `deliver_sm` and `data_sm`. An error may come without a body; a missing NUL is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SmResp<'a> {
    /// The SMSC's id of the message; empty in `deliver_sm_resp` and in errors.
    pub message_id: &'a [u8],
    /// Optional parameters (5.0, and `data_sm_resp` in 3.4).
    pub tlvs: Tlvs<'a>,
}

impl<'a> SmResp<'a> {
    /// An answer with a message id.
    #[must_use]
    pub const fn new(message_id: &'a [u8]) -> Self {
        Self { message_id, tlvs: Tlvs::EMPTY }
    }

    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self { message_id: cursor.cstr_or_rest(), tlvs: cursor.response_tlvs() })
    }

    #[inline]
    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::MESSAGE_ID, self.message_id)?;
        out.tlvs(self.tlvs)
    }
}
