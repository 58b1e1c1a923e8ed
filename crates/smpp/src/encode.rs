//! Writes PDUs, strictly: whatever breaks a limit is refused, and nothing of it stays in the buffer.
//!
//! ```
//! use bytes::BytesMut;
//! use sambac_smpp::{encode, Address, CommandStatus, Pdu, Sm};
//!
//! let sm = Sm { destination: Address::new(1, 1, b"447700900123"), short_message: b"hello", ..Sm::default() };
//! let mut out = BytesMut::new();
//! encode(&Pdu::SubmitSm(sm), 1, CommandStatus::ROK, &mut out)?;
//! assert_eq!(out.len(), 50);
//! # Ok::<(), sambac_smpp::EncodeError>(())
//! ```

use crate::header::{HEADER_OCTETS, Header};
use crate::{CommandId, CommandStatus, EncodeError, Field, Pdu, Tlvs, field};
use bytes::{BufMut, BytesMut};

/// Appends one PDU to `out`. A response with an error status and an empty body is written without a body, where
/// the specification wants it so (SMPP 3.4 §4.1.2, §4.4.2).
///
/// # Errors
/// When a field breaks its limit; `out` is then as it was.
pub fn encode(
    pdu: &Pdu<'_>,
    sequence_number: u32,
    status: CommandStatus,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let start = out.len();
    let header = Header { command_length: 0, command_id: pdu.command_id(), command_status: status, sequence_number };
    out.put_slice(&header.to_octets());
    if status.is_ok() || !pdu.is_bodiless_as_error() {
        pdu.encode_body(out).inspect_err(|_| out.truncate(start))?;
    }
    let length = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(at) = out.get_mut(start..start + 4) {
        at.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// Appends a PDU that is only a header.
pub(crate) fn encode_header(command_id: CommandId, sequence_number: u32, status: CommandStatus, out: &mut BytesMut) {
    let command_length = HEADER_OCTETS as u32;
    out.put_slice(&Header { command_length, command_id, command_status: status, sequence_number }.to_octets());
}

/// Where a body goes: into a buffer, or nowhere when only its limits are checked.
pub(crate) trait Sink {
    fn limit(field: &Field) -> usize;

    fn octets(&mut self, octets: &[u8]);

    #[inline]
    fn u8(&mut self, value: u8) {
        self.octets(&[value]);
    }

    #[inline]
    fn u32(&mut self, value: u32) {
        self.octets(&value.to_be_bytes());
    }

    /// A C-octet string, with its NUL.
    #[inline]
    fn cstr(&mut self, field: &'static Field, value: &[u8]) -> Result<(), EncodeError> {
        check_length::<Self>(field, value)?;
        if value.contains(&0) {
            return Err(EncodeError::EmbeddedNul { field });
        }
        self.octets(value);
        self.u8(0);
        Ok(())
    }

    /// `sm_length` and `short_message`.
    #[inline]
    fn short_message(&mut self, value: &[u8]) -> Result<(), EncodeError> {
        check_length::<Self>(&field::SHORT_MESSAGE, value)?;
        self.u8(value.len() as u8);
        self.octets(value);
        Ok(())
    }

    #[inline]
    fn tlvs(&mut self, tlvs: Tlvs<'_>) -> Result<(), EncodeError> {
        if !tlvs.is_whole() {
            return Err(EncodeError::BrokenTlvs);
        }
        self.octets(tlvs.as_octets());
        Ok(())
    }
}

#[inline]
fn check_length<S: Sink + ?Sized>(field: &'static Field, value: &[u8]) -> Result<(), EncodeError> {
    if value.len() > S::limit(field) {
        return Err(EncodeError::TooLong { field, octets: value.len() });
    }
    Ok(())
}

impl Sink for BytesMut {
    #[inline]
    fn limit(field: &Field) -> usize {
        field.encoded_octets_max
    }

    #[inline]
    fn octets(&mut self, octets: &[u8]) {
        self.extend_from_slice(octets);
    }
}

/// Checks against the specification and writes nothing.
pub(crate) struct Nowhere;

impl Sink for Nowhere {
    fn limit(field: &Field) -> usize {
        field.octets_max
    }

    fn octets(&mut self, _octets: &[u8]) {}
}
