//! The sixteen octets that every PDU begins with (SMPP 3.4 §3.2, 5.0 §3.2).

use crate::{CommandId, CommandStatus};

/// Octets in a header.
pub const HEADER_OCTETS: usize = 16;

/// The highest sequence number that may be used (SMPP 3.4 §5.1.4).
pub const SEQUENCE_MAX: u32 = 0x7FFF_FFFF;

/// A PDU's header, as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Octets of the whole PDU, this header included.
    pub command_length: u32,
    /// What the PDU is.
    pub command_id: CommandId,
    /// How the request ended; zero in requests.
    pub command_status: CommandStatus,
    /// Ties a response to its request.
    pub sequence_number: u32,
}

impl Header {
    /// Reads a header.
    #[must_use]
    pub const fn parse(octets: &[u8; HEADER_OCTETS]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *octets;
        Self {
            command_length: u32::from_be_bytes([a, b, c, d]),
            command_id: CommandId(u32::from_be_bytes([e, f, g, h])),
            command_status: CommandStatus(u32::from_be_bytes([i, j, k, l])),
            sequence_number: u32::from_be_bytes([m, n, o, p]),
        }
    }

    /// The header's octets.
    #[must_use]
    pub fn to_octets(self) -> [u8; HEADER_OCTETS] {
        let mut octets = [0; HEADER_OCTETS];
        octets[0..4].copy_from_slice(&self.command_length.to_be_bytes());
        octets[4..8].copy_from_slice(&self.command_id.0.to_be_bytes());
        octets[8..12].copy_from_slice(&self.command_status.0.to_be_bytes());
        octets[12..16].copy_from_slice(&self.sequence_number.to_be_bytes());
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_survives_its_octets() {
        let header = Header {
            command_length: 0x0102_0304,
            command_id: CommandId(0x8000_0004),
            command_status: CommandStatus(0x0000_0458),
            sequence_number: 0x7FFF_FFFF,
        };
        assert_eq!(Header::parse(&header.to_octets()), header);
    }
}
