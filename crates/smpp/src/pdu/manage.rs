//! What an ESME does with a message that the SMSC still holds: ask, withdraw, change (SMPP 3.4 §4.8–4.10).

use super::{Address, sm::short_message};
use crate::cursor::{Cursor, Fault};
use crate::encode::Sink;
use crate::{EncodeError, Tlvs, field};
use std::fmt;

/// `query_sm`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuerySm<'a> {
    /// The SMSC's id of the message.
    pub message_id: &'a [u8],
    /// The source that it was submitted with.
    pub source: Address<'a>,
}

impl<'a> QuerySm<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self { message_id: cursor.cstr(&field::MESSAGE_ID)?, source: Address::decode(cursor, &field::SOURCE_ADDR)? })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::MESSAGE_ID, self.message_id)?;
        self.source.encode(out, &field::SOURCE_ADDR)
    }
}

/// `query_sm_resp`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuerySmResp<'a> {
    /// The SMSC's id of the message.
    pub message_id: &'a [u8],
    /// When it reached its final state; empty before that.
    pub final_date: &'a [u8],
    /// Its state, see [`message_state`](crate::message_state).
    pub message_state: u8,
    /// The network's error.
    pub error_code: u8,
}

impl<'a> QuerySmResp<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            message_id: cursor.cstr(&field::MESSAGE_ID)?,
            final_date: cursor.cstr(&field::FINAL_DATE)?,
            message_state: cursor.u8()?,
            error_code: cursor.u8()?,
        })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::MESSAGE_ID, self.message_id)?;
        out.cstr(&field::FINAL_DATE, self.final_date)?;
        out.octets(&[self.message_state, self.error_code]);
        Ok(())
    }
}

/// `cancel_sm`. With an empty id, all messages of this source and destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CancelSm<'a> {
    /// Service, often empty.
    pub service_type: &'a [u8],
    /// The SMSC's id of the message.
    pub message_id: &'a [u8],
    /// The source that it was submitted with.
    pub source: Address<'a>,
    /// The destination that it was submitted with.
    pub destination: Address<'a>,
}

impl<'a> CancelSm<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            service_type: cursor.cstr(&field::SERVICE_TYPE)?,
            message_id: cursor.cstr(&field::MESSAGE_ID)?,
            source: Address::decode(cursor, &field::SOURCE_ADDR)?,
            destination: Address::decode(cursor, &field::DESTINATION_ADDR)?,
        })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::SERVICE_TYPE, self.service_type)?;
        out.cstr(&field::MESSAGE_ID, self.message_id)?;
        self.source.encode(out, &field::SOURCE_ADDR)?;
        self.destination.encode(out, &field::DESTINATION_ADDR)
    }
}

/// `replace_sm`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplaceSm<'a> {
    /// The SMSC's id of the message.
    pub message_id: &'a [u8],
    /// The source that it was submitted with.
    pub source: Address<'a>,
    /// The new time of delivery; empty to leave it.
    pub schedule_delivery_time: &'a [u8],
    /// The new validity; empty to leave it.
    pub validity_period: &'a [u8],
    /// Which receipts are wanted.
    pub registered_delivery: u8,
    /// A predefined message of the SMSC.
    pub sm_default_msg_id: u8,
    /// The new message.
    pub short_message: &'a [u8],
    /// Optional parameters (5.0).
    pub tlvs: Tlvs<'a>,
}

impl<'a> ReplaceSm<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            message_id: cursor.cstr(&field::MESSAGE_ID)?,
            source: Address::decode(cursor, &field::SOURCE_ADDR)?,
            schedule_delivery_time: cursor.cstr(&field::SCHEDULE_DELIVERY_TIME)?,
            validity_period: cursor.cstr(&field::VALIDITY_PERIOD)?,
            registered_delivery: cursor.u8()?,
            sm_default_msg_id: cursor.u8()?,
            short_message: short_message(cursor)?,
            tlvs: cursor.tlvs()?,
        })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::MESSAGE_ID, self.message_id)?;
        self.source.encode(out, &field::SOURCE_ADDR)?;
        out.cstr(&field::SCHEDULE_DELIVERY_TIME, self.schedule_delivery_time)?;
        out.cstr(&field::VALIDITY_PERIOD, self.validity_period)?;
        out.octets(&[self.registered_delivery, self.sm_default_msg_id]);
        out.short_message(self.short_message)?;
        out.tlvs(self.tlvs)
    }
}

/// The message is left out.
impl fmt::Debug for ReplaceSm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplaceSm")
            .field("message_id", &self.message_id.escape_ascii().to_string())
            .field("source", &self.source)
            .field("short_message_octets", &self.short_message.len())
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}
