//! Cell broadcast (SMPP 5.0 §4.4, §4.6). Areas, content and repetition are TLVs.

use super::Address;
use crate::cursor::{Cursor, Fault};
use crate::encode::Sink;
use crate::{EncodeError, Tlvs, field};

/// `broadcast_sm`. Its message is the TLV `message_payload`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BroadcastSm<'a> {
    /// Service, often empty.
    pub service_type: &'a [u8],
    /// From.
    pub source: Address<'a>,
    /// The id of an earlier broadcast that this one replaces; else empty.
    pub message_id: &'a [u8],
    /// 0 to 3, of which 1 is normal.
    pub priority_flag: u8,
    /// When to begin; empty for at once.
    pub schedule_delivery_time: &'a [u8],
    /// When to end; empty for the SMSC's default.
    pub validity_period: &'a [u8],
    /// 1 to replace an earlier broadcast.
    pub replace_if_present: u8,
    /// How the message is encoded.
    pub data_coding: u8,
    /// A predefined message of the SMSC.
    pub sm_default_msg_id: u8,
    /// Optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl<'a> BroadcastSm<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            service_type: cursor.cstr(&field::SERVICE_TYPE)?,
            source: Address::decode(cursor, &field::SOURCE_ADDR)?,
            message_id: cursor.cstr(&field::MESSAGE_ID)?,
            priority_flag: cursor.u8()?,
            schedule_delivery_time: cursor.cstr(&field::SCHEDULE_DELIVERY_TIME)?,
            validity_period: cursor.cstr(&field::VALIDITY_PERIOD)?,
            replace_if_present: cursor.u8()?,
            data_coding: cursor.u8()?,
            sm_default_msg_id: cursor.u8()?,
            tlvs: cursor.tlvs()?,
        })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::SERVICE_TYPE, self.service_type)?;
        self.source.encode(out, &field::SOURCE_ADDR)?;
        out.cstr(&field::MESSAGE_ID, self.message_id)?;
        out.u8(self.priority_flag);
        out.cstr(&field::SCHEDULE_DELIVERY_TIME, self.schedule_delivery_time)?;
        out.cstr(&field::VALIDITY_PERIOD, self.validity_period)?;
        out.octets(&[self.replace_if_present, self.data_coding, self.sm_default_msg_id]);
        out.tlvs(self.tlvs)
    }
}

/// `broadcast_sm_resp` and `query_broadcast_sm_resp`: an id, and all else in TLVs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BroadcastResp<'a> {
    /// The SMSC's id of the broadcast.
    pub message_id: &'a [u8],
    /// Optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl<'a> BroadcastResp<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self { message_id: cursor.cstr_or_rest(), tlvs: cursor.response_tlvs() })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::MESSAGE_ID, self.message_id)?;
        out.tlvs(self.tlvs)
    }
}

/// `query_broadcast_sm`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueryBroadcastSm<'a> {
    /// The SMSC's id of the broadcast.
    pub message_id: &'a [u8],
    /// The source that it was submitted with.
    pub source: Address<'a>,
    /// Optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl<'a> QueryBroadcastSm<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            message_id: cursor.cstr(&field::MESSAGE_ID)?,
            source: Address::decode(cursor, &field::SOURCE_ADDR)?,
            tlvs: cursor.tlvs()?,
        })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::MESSAGE_ID, self.message_id)?;
        self.source.encode(out, &field::SOURCE_ADDR)?;
        out.tlvs(self.tlvs)
    }
}

/// `cancel_broadcast_sm`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CancelBroadcastSm<'a> {
    /// Service, often empty.
    pub service_type: &'a [u8],
    /// The SMSC's id of the broadcast.
    pub message_id: &'a [u8],
    /// The source that it was submitted with.
    pub source: Address<'a>,
    /// Optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl<'a> CancelBroadcastSm<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            service_type: cursor.cstr(&field::SERVICE_TYPE)?,
            message_id: cursor.cstr(&field::MESSAGE_ID)?,
            source: Address::decode(cursor, &field::SOURCE_ADDR)?,
            tlvs: cursor.tlvs()?,
        })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::SERVICE_TYPE, self.service_type)?;
        out.cstr(&field::MESSAGE_ID, self.message_id)?;
        self.source.encode(out, &field::SOURCE_ADDR)?;
        out.tlvs(self.tlvs)
    }
}
