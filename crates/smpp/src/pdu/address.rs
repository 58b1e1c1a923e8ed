//! An address: type of number, numbering plan, and octets (SMPP 3.4 §5.2.5–5.2.9).

use crate::cursor::{Cursor, Fault};
use crate::encode::Sink;
use crate::{EncodeError, Field};
use std::fmt;

/// A source, a destination, or an address range. The octets are kept as they came: digits, letters, Latin-1.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Address<'a> {
    /// Type of number, see [`ton`](crate::ton).
    pub ton: u8,
    /// Numbering plan indicator, see [`npi`](crate::npi).
    pub npi: u8,
    /// The address, without NUL.
    pub addr: &'a [u8],
}

impl<'a> Address<'a> {
    /// An address.
    #[must_use]
    pub const fn new(ton: u8, npi: u8, addr: &'a [u8]) -> Self {
        Self { ton, npi, addr }
    }

    #[inline]
    pub(crate) fn decode(cursor: &mut Cursor<'a>, field: &'static Field) -> Result<Self, Fault> {
        Ok(Self { ton: cursor.u8()?, npi: cursor.u8()?, addr: cursor.cstr(field)? })
    }

    #[inline]
    pub(crate) fn encode(&self, out: &mut impl Sink, field: &'static Field) -> Result<(), EncodeError> {
        out.octets(&[self.ton, self.npi]);
        out.cstr(field, self.addr)
    }
}

/// A number is personal data: only its length is shown.
impl fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}/{}, {} octets)", self.ton, self.npi, self.addr.len())
    }
}
