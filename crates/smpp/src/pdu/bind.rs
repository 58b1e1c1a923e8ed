//! Opening a session (SMPP 3.4 §4.1, 5.0 §4.1.1).

use super::Address;
use crate::cursor::{Cursor, Fault};
use crate::encode::Sink;
use crate::{EncodeError, Tag, Tlvs, field};
use std::fmt;

/// `bind_transmitter`, `bind_receiver`, `bind_transceiver`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Bind<'a> {
    /// Who binds.
    pub system_id: &'a [u8],
    /// The secret.
    pub password: &'a [u8],
    /// Kind of ESME; often empty.
    pub system_type: &'a [u8],
    /// SMPP version, see [`interface_version`](crate::interface_version).
    pub interface_version: u8,
    /// `addr_ton`, `addr_npi` and `address_range`.
    pub address: Address<'a>,
}

impl<'a> Bind<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self {
            system_id: cursor.cstr(&field::SYSTEM_ID)?,
            password: cursor.cstr(&field::PASSWORD)?,
            system_type: cursor.cstr(&field::SYSTEM_TYPE)?,
            interface_version: cursor.u8()?,
            address: Address::decode(cursor, &field::ADDRESS_RANGE)?,
        })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::SYSTEM_ID, self.system_id)?;
        out.cstr(&field::PASSWORD, self.password)?;
        out.cstr(&field::SYSTEM_TYPE, self.system_type)?;
        out.u8(self.interface_version);
        self.address.encode(out, &field::ADDRESS_RANGE)
    }
}

/// The password is left out.
impl fmt::Debug for Bind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bind")
            .field("system_id", &self.system_id.escape_ascii().to_string())
            .field("system_type", &self.system_type.escape_ascii().to_string())
            .field("interface_version", &self.interface_version)
            .finish_non_exhaustive()
    }
}

/// The answer to a bind. An error comes without a body from most SMSCs, with one from some.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BindResp<'a> {
    /// The SMSC's name.
    pub system_id: &'a [u8],
    /// Optional parameters, of which only `sc_interface_version` is standard.
    pub tlvs: Tlvs<'a>,
}

impl<'a> BindResp<'a> {
    /// The SMSC's SMPP version, when it says so.
    #[must_use]
    pub fn sc_interface_version(&self) -> Option<u8> {
        self.tlvs.u8(Tag::SC_INTERFACE_VERSION)
    }

    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self { system_id: cursor.cstr_or_rest(), tlvs: cursor.response_tlvs() })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::SYSTEM_ID, self.system_id)?;
        out.tlvs(self.tlvs)
    }
}

/// `outbind` (SMPP 3.4 §4.1.7).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Outbind<'a> {
    /// The SMSC's name.
    pub system_id: &'a [u8],
    /// Its secret.
    pub password: &'a [u8],
}

impl<'a> Outbind<'a> {
    pub(super) fn decode(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        Ok(Self { system_id: cursor.cstr(&field::SYSTEM_ID)?, password: cursor.cstr(&field::PASSWORD)? })
    }

    pub(super) fn encode(&self, out: &mut impl Sink) -> Result<(), EncodeError> {
        out.cstr(&field::SYSTEM_ID, self.system_id)?;
        out.cstr(&field::PASSWORD, self.password)
    }
}

/// The password is left out.
impl fmt::Debug for Outbind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbind").field("system_id", &self.system_id.escape_ascii().to_string()).finish_non_exhaustive()
    }
}
