//! SMPP 3.4 and 5.0: PDUs, TLVs, framing and sessions for both sides.
//!
//! Reading is liberal: whatever frames is kept, a bad body costs one answer with an honest status, never the session.
//! Writing is strict. Numbers of commands, statuses and tags are open sets.
//!
//! ```
//! use bytes::BytesMut;
//! use sambac_smpp::{Address, CommandStatus, Framer, Pdu, Sm, encode};
//!
//! let sm = Sm { destination: Address::new(1, 1, b"447700900123"), short_message: b"hello", ..Sm::default() };
//! let mut stream = BytesMut::new();
//! encode(&Pdu::SubmitSm(sm), 1, CommandStatus::ROK, &mut stream)?;
//!
//! let frame = Framer::default().next(&mut stream).unwrap().unwrap();
//! assert_eq!(frame.pdu(), Ok(Pdu::SubmitSm(sm)));
//! # Ok::<(), sambac_smpp::EncodeError>(())
//! ```

mod command;
mod cursor;
mod encode;
mod error;
mod field;
mod frame;
mod header;
mod mask;
mod named;
mod pdu;
mod session;
mod status;
mod tag;
mod tlv;
mod values;

pub use command::CommandId;
pub use encode::encode;
pub use error::{DecodeError, EncodeError, FrameError};
pub use field::Field;
pub use frame::{Frame, Framer, PDU_OCTETS_MAX};
pub use header::{HEADER_OCTETS, Header, SEQUENCE_MAX};
pub use mask::mask_into;
pub use pdu::*;
pub use session::*;
pub use status::CommandStatus;
pub use tag::Tag;
pub use tlv::{TlvBuf, TlvIter, Tlvs};
pub use values::{data_coding, esm_class, interface_version, message_state, npi, registered_delivery, ton};
