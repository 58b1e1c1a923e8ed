//! One PDU of the log, and the session that it went over.

use std::net::SocketAddr;
use std::sync::Arc;

use sambac_domain::id::{MessageId, SegmentId};
use sambac_domain::time::Timestamp;
use sambac_smpp::{CommandId, Direction, HEADER_OCTETS, Header};

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// We are the ESME, towards an operator.
    Connector {
        /// The connector's name.
        name: String,
    },
    /// A client's ESME is bound to us, or tries to.
    Client,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TappedSession {
    /// Counts connections since the start.
    pub number: u64,
    /// Whose it is.
    pub side: Side,
    /// Our end.
    pub ours: SocketAddr,
    /// The peer's end.
    pub theirs: SocketAddr,
}

/// One PDU.
#[derive(Clone, Debug)]
pub struct PduRecord {
    /// Rises with time over all sessions.
    pub number: u64,
    /// When it was read, or queued to be written.
    pub at: Timestamp,
    /// The connection.
    pub session: Arc<TappedSession>,
    /// Who is bound, as the bind said; empty before it.
    pub system_id: Arc<str>,
    /// Which way it went.
    pub direction: Direction,
    /// The segment that a `submit_sm` of ours carried.
    pub segment: Option<SegmentId>,
    /// The PDU; masked unless `is_revealed`.
    pub octets: Vec<u8>,
    /// Whether texts and numbers are in it.
    pub is_revealed: bool,
}

/// A record that was found, and its other half.
#[derive(Clone, Debug)]
pub struct Found {
    /// The record.
    pub record: PduRecord,
    /// The number of the request that this answers, or of the answer that this got.
    pub pair: Option<u64>,
    /// Of an answer: microseconds since its request.
    pub latency_us: Option<i64>,
}

impl PduRecord {
    /// Its header; only whole PDUs are kept.
    pub fn header(&self) -> Header {
        self.octets.first_chunk().map_or_else(|| Header::parse(&[0; HEADER_OCTETS]), Header::parse)
    }

    /// Our message that it carried to an operator.
    pub fn message_id(&self) -> Option<MessageId> {
        self.segment.map(SegmentId::message)
    }

    /// The direction and sequence number that a request and its answer share: those of the request.
    pub(super) fn exchange(&self) -> (Direction, u32) {
        let header = self.header();
        let is_answer = header.command_id.is_response();
        let direction = match (self.direction, is_answer) {
            (Direction::Sent, false) | (Direction::Received, true) => Direction::Sent,
            (Direction::Received, false) | (Direction::Sent, true) => Direction::Received,
        };
        (direction, header.sequence_number)
    }

    /// `sent` or `received`, seen from us.
    pub fn direction_name(&self) -> &'static str {
        match self.direction {
            Direction::Sent => "sent",
            Direction::Received => "received",
        }
    }

    /// What it is.
    pub fn command(&self) -> CommandId {
        self.header().command_id
    }
}
