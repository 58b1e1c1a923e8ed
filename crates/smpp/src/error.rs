//! What can be wrong with a PDU, and the honest `command_status` to answer with.

use crate::{CommandStatus, Field, Header};

/// The body of a PDU does not parse. Framing is not affected: the next PDU is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} {}: {} runs past the end or is malformed", header.command_id, header.sequence_number, field.name)]
pub struct DecodeError {
    /// The header, always whole: sequence number and command id are good for an answer.
    pub header: Header,
    /// The field that was bad.
    pub field: &'static Field,
}

impl DecodeError {
    /// What to answer with.
    #[must_use]
    pub const fn status(&self) -> CommandStatus {
        self.field.status
    }
}

/// A PDU breaks a limit of the specification: it cannot be written, or a client that sent it can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A value is longer than its field.
    #[error("{} has {octets} octets", field.name)]
    TooLong {
        /// Which field.
        field: &'static Field,
        /// Octets of the value, without NUL.
        octets: usize,
    },
    /// A C-octet string holds a NUL, which would end it early.
    #[error("{} holds a NUL", field.name)]
    EmbeddedNul {
        /// Which field.
        field: &'static Field,
    },
    /// The optional parameters are not whole TLVs, or one value has more than 65,535 octets.
    #[error("the optional parameters are malformed")]
    BrokenTlvs,
}

impl EncodeError {
    /// What to answer to a client that sent this.
    #[must_use]
    pub const fn status(&self) -> CommandStatus {
        match self {
            Self::TooLong { field, .. } | Self::EmbeddedNul { field } => field.status,
            Self::BrokenTlvs => CommandStatus::RINVTLVSTREAM,
        }
    }
}

/// The stream cannot be framed any more: answer `generic_nack` with `RINVCMDLEN` and close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("command_length {command_length} is out of bounds")]
pub struct FrameError {
    /// What the length field said.
    pub command_length: u32,
    /// The sequence number, or zero when it had not arrived.
    pub sequence: u32,
}
