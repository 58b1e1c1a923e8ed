//! `data_sm`: a message whose text is the TLV `message_payload` (SMPP 3.4 §4.7, 5.0 §4.2.2).

use super::Address;
use crate::cursor::{Cursor, Fault};
use crate::encode::Sink;
use crate::{EncodeError, Tlvs, field};

/// The body of `data_sm`, in either direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DataSm<'a> {
    /// Service, often empty.
    pub service_type: &'a [u8],
    /// From; up to 64 octets.
    pub source: Address<'a>,
    /// To; up to 64 octets.
    pub destination: Address<'a>,
    /// Mode, type and features, see [`esm_class`](crate::esm_class).
    pub esm_class: u8,
    /// Which receipts are wanted, see [`registered_delivery`](crate::registered_delivery).
    pub registered_delivery: u8,
    /// How the message is encoded, see [`data_coding`](crate::data_coding).
    pub data_coding: u8,
    /// Optional parameters.
    pub tlvs: Tlvs<'a>,
}

impl<'a> DataSm<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            service_type: cursor.cstr(&field::SERVICE_TYPE)?,
            source: Address::decode(cursor, &field::LONG_SOURCE_ADDR)?,
            destination: Address::decode(cursor, &field::LONG_DESTINATION_ADDR)?,
            esm_class: cursor.u8()?,
            registered_delivery: cursor.u8()?,
            data_coding: cursor.u8()?,
            tlvs: cursor.tlvs()?,
        })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::SERVICE_TYPE, self.service_type)?;
        self.source.encode(out, &field::LONG_SOURCE_ADDR)?;
        self.destination.encode(out, &field::LONG_DESTINATION_ADDR)?;
        out.octets(&[self.esm_class, self.registered_delivery, self.data_coding]);
        out.tlvs(self.tlvs)
    }
}
