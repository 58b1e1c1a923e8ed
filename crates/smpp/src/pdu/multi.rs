//! One message for many destinations (SMPP 3.4 §4.5, 5.0 §4.2.3).
//!
//! ```
//! use sambac_smpp::{Address, Destination, DestinationBuf};
//! let mut to = DestinationBuf::new();
//! to.push(Destination::Address(Address::new(1, 1, b"447700900001")))?;
//! to.push(Destination::List(b"staff"))?;
//! assert_eq!(to.as_list().iter().count(), 2);
//! # Ok::<(), sambac_smpp::EncodeError>(())
//! ```

use super::{Address, counted::Counted, counted::CountedBuf, counted::Item, sm::short_message};
use crate::cursor::{Cursor, Fault};
use crate::encode::Sink;
use crate::{CommandStatus, EncodeError, Tlvs, field};
use std::fmt;

/// `dest_flag`: what kind of destination follows.
const FLAG_ADDRESS: u8 = 1;
const FLAG_LIST: u8 = 2;

/// One destination of `submit_multi`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    /// An address.
    Address(Address<'a>),
    /// The name of a distribution list.
    List(&'a [u8]),
}

impl<'a> Item<'a> for Destination<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        match cursor.u8()? {
            FLAG_ADDRESS => Ok(Self::Address(Address::decode(cursor, &field::DESTINATION_ADDR)?)),
            FLAG_LIST => Ok(Self::List(cursor.cstr(&field::DL_NAME)?)),
            _ => Err(&field::DEST_FLAG),
        }
    }

    fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        match self {
            Self::Address(address) => {
                out.u8(FLAG_ADDRESS);
                address.encode(out, &field::DESTINATION_ADDR)
            }
            Self::List(name) => {
                out.u8(FLAG_LIST);
                out.cstr(&field::DL_NAME, name)
            }
        }
    }
}

/// The destinations of `submit_multi`, read lazily.
pub type Destinations<'a> = Counted<'a, Destination<'a>>;
/// Builds [`Destinations`]; at most 255.
pub type DestinationBuf = CountedBuf<Destination<'static>>;

/// A destination that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsuccessful<'a> {
    /// The destination.
    pub address: Address<'a>,
    /// Why.
    pub status: CommandStatus,
}

impl<'a> Item<'a> for Unsuccessful<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let address = Address::decode(cursor, &field::DESTINATION_ADDR)?;
        Ok(Self { address, status: CommandStatus(cursor.u32()?) })
    }

    fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        self.address.encode(out, &field::DESTINATION_ADDR)?;
        out.u32(self.status.0);
        Ok(())
    }
}

/// `submit_multi`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct SubmitMulti<'a> {
    /// Service, often empty.
    pub service_type: &'a [u8],
    /// From.
    pub source: Address<'a>,
    /// To.
    pub destinations: Destinations<'a>,
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
    /// Which receipts are wanted.
    pub registered_delivery: u8,
    /// 1 to replace an earlier message.
    pub replace_if_present: u8,
    /// How the message is encoded.
    pub data_coding: u8,
    /// A predefined message of the SMSC.
    pub sm_default_msg_id: u8,
    /// The message; at most 255 octets.
    pub short_message: &'a [u8],
    /// Optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl<'a> SubmitMulti<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            service_type: cursor.cstr(&field::SERVICE_TYPE)?,
            source: Address::decode(cursor, &field::SOURCE_ADDR)?,
            destinations: Counted::decode(cursor)?,
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

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::SERVICE_TYPE, self.service_type)?;
        self.source.encode(out, &field::SOURCE_ADDR)?;
        self.destinations.encode(out)?;
        out.octets(&[self.esm_class, self.protocol_id, self.priority_flag]);
        out.cstr(&field::SCHEDULE_DELIVERY_TIME, self.schedule_delivery_time)?;
        out.cstr(&field::VALIDITY_PERIOD, self.validity_period)?;
        out.octets(&[self.registered_delivery, self.replace_if_present, self.data_coding, self.sm_default_msg_id]);
        out.short_message(self.short_message)?;
        out.tlvs(self.tlvs)
    }
}

/// The message is left out.
impl fmt::Debug for SubmitMulti<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitMulti")
            .field("source", &self.source)
            .field("destinations", &self.destinations)
            .field("short_message_octets", &self.short_message.len())
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}

/// `submit_multi_resp`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SubmitMultiResp<'a> {
    /// The SMSC's id of the message.
    pub message_id: &'a [u8],
    /// The destinations that were refused; all others were taken.
    pub unsuccessful: UnsuccessfulList<'a>,
    /// Optional parameters (5.0).
    pub tlvs: Tlvs<'a>,
}

/// The refused destinations of `submit_multi_resp`, read lazily.
pub type UnsuccessfulList<'a> = Counted<'a, Unsuccessful<'a>>;
/// Builds an [`UnsuccessfulList`]; at most 255.
pub type UnsuccessfulBuf = CountedBuf<Unsuccessful<'static>>;

impl<'a> SubmitMultiResp<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let message_id = cursor.cstr_or_rest();
        // Nothing after the id: the sender left out an empty list.
        let unsuccessful = if cursor.is_empty() { Counted::default() } else { Counted::decode(cursor)? };
        Ok(Self { message_id, unsuccessful, tlvs: cursor.response_tlvs() })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::MESSAGE_ID, self.message_id)?;
        self.unsuccessful.encode(out)?;
        out.tlvs(self.tlvs)
    }
}
