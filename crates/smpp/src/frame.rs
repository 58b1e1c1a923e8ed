//! Cuts a stream of octets into PDUs. A bad body never moves the cut: only a senseless length ends a stream.
//!
//! ```
//! use bytes::BytesMut;
//! use sambac_smpp::{encode, CommandStatus, Framer, Pdu};
//!
//! let mut stream = BytesMut::new();
//! encode(&Pdu::EnquireLink, 7, CommandStatus::ROK, &mut stream).unwrap();
//! let frame = Framer::default().next(&mut stream).unwrap().unwrap();
//! assert_eq!(frame.header().sequence_number, 7);
//! assert!(stream.is_empty());
//! ```

use crate::header::{HEADER_OCTETS, Header};
use crate::{DecodeError, FrameError, Pdu};
use bytes::{Bytes, BytesMut};
use std::fmt;

/// The default bound of a PDU: 64 KiB. A TLV alone may hold 65,535 octets; who needs that raises the bound.
pub const PDU_OCTETS_MAX: usize = 64 * 1024;

/// Exactly one PDU. A cheap handle to the buffer it came in: copy out what is kept for long.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    bytes: Bytes,
    header: Header,
}

impl Frame {
    /// Takes one whole PDU; `None` when its length field and its length differ.
    #[must_use]
    pub fn new(bytes: Bytes) -> Option<Self> {
        let header = Header::parse(bytes.first_chunk()?);
        (header.command_length as usize == bytes.len()).then_some(Self { bytes, header })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> Header {
        self.header
    }

    /// The whole PDU, header included.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The octets after the header.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.bytes.get(HEADER_OCTETS..).unwrap_or_default()
    }

    /// Reads the body. Over-long fields and octets of any kind are kept: [`Pdu::check_limits`] reports them.
    ///
    /// # Errors
    /// When a field runs past the end, or the optional parameters are not whole TLVs (except in responses).
    pub fn pdu(&self) -> Result<Pdu<'_>, DecodeError> {
        Pdu::decode(self.header, self.body(), false)
    }

    /// As [`pdu`](Self::pdu), but broken optional parameters are kept as far as they can be read
    /// ([`Tlvs::is_whole`](crate::Tlvs::is_whole) tells): for SMSCs whose receipts come so.
    ///
    /// # Errors
    /// When a mandatory field runs past the end.
    pub fn pdu_with_broken_tlvs(&self) -> Result<Pdu<'_>, DecodeError> {
        Pdu::decode(self.header, self.body(), true)
    }
}

/// Bodies hold texts, codes and passwords: only the header is shown.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Frame").field(&self.header).finish()
    }
}

/// Cuts whole PDUs off the front of a buffer.
#[derive(Debug, Clone, Copy)]
pub struct Framer {
    max_pdu_bytes: usize,
}

impl Framer {
    /// A framer that takes PDUs of up to `max_pdu_bytes` octets, header included.
    #[must_use]
    pub const fn new(max_pdu_bytes: usize) -> Self {
        Self { max_pdu_bytes }
    }

    /// The next whole PDU, or `None` when more octets are needed.
    ///
    /// # Errors
    /// When the length is under 16 or over the bound: the stream is out of step. The octets stay in the buffer.
    pub fn next(&self, buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        let Some(&first) = buffer.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(first) as usize;
        if length < HEADER_OCTETS || length > self.max_pdu_bytes {
            return Err(out_of_step(buffer, length));
        }
        if buffer.len() < length {
            return Ok(None);
        }
        let bytes = buffer.split_to(length).freeze();
        Ok(Frame::new(bytes))
    }
}

impl Default for Framer {
    fn default() -> Self {
        Self::new(PDU_OCTETS_MAX)
    }
}

fn out_of_step(buffer: &BytesMut, length: usize) -> FrameError {
    let sequence = buffer.first_chunk().map_or(0, |octets| Header::parse(octets).sequence_number);
    FrameError { command_length: length as u32, sequence }
}
