//! Lets somebody hear every PDU of a session as it goes by: for a log of PDUs, a live tail, a capture.
//!
//! A session without a tap pays for nothing. With one, the listener runs under the session's lock, once for each PDU, so it
//! must be quick and must not call back into the session.
//!
//! ```
//! use sambac_smpp::{Direction, SessionConfig, Tap};
//! let tap = Tap::new(|pdu| assert_eq!(pdu.direction == Direction::Sent, pdu.token.is_some()));
//! let config = SessionConfig { tap: Some(tap), ..SessionConfig::default() };
//! ```

use super::window::Window;
use crate::header::{HEADER_OCTETS, Header};
use std::fmt;
use std::sync::Arc;

/// Which way a PDU went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From us to the peer.
    Sent,
    /// From the peer to us.
    Received,
}

/// One PDU going by.
#[derive(Clone, Copy)]
pub struct Tapped<'a> {
    /// Which way it goes.
    pub direction: Direction,
    /// The whole PDU, header included, with its texts and passwords: see [`mask_into`](crate::mask_into).
    pub octets: &'a [u8],
    /// Of a request of ours, what it was sent with.
    pub token: Option<u64>,
}

/// The octets hold texts and passwords, so only their number is shown.
impl fmt::Debug for Tapped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tapped")
            .field("direction", &self.direction)
            .field("octets", &self.octets.len())
            .field("token", &self.token)
            .finish()
    }
}

/// Hears of every PDU, from the first octet of the bind to the last answer. Clones are the same tap.
#[derive(Clone)]
pub struct Tap(Arc<dyn Fn(Tapped<'_>) + Send + Sync>);

impl Tap {
    /// A tap that calls `hear` for each PDU.
    pub fn new(hear: impl Fn(Tapped<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// Tells of a PDU.
    pub fn hear(&self, pdu: Tapped<'_>) {
        (self.0)(pdu);
    }

    pub(super) fn received(&self, octets: &[u8]) {
        self.hear(Tapped { direction: Direction::Received, octets, token: None });
    }

    /// Tells of each PDU in `octets`, which are whole ones. Requests that are open in `window` are told with their token.
    pub(super) fn sent(&self, octets: &[u8], window: Option<&Window>) {
        let mut rest = octets;
        while let Some(head) = rest.first_chunk::<HEADER_OCTETS>() {
            let header = Header::parse(head);
            let length = (header.command_length as usize).clamp(HEADER_OCTETS, rest.len());
            let (octets, after) = rest.split_at(length);
            let token = window
                .filter(|_| !header.command_id.is_response())
                .and_then(|window| window.token(header.sequence_number));
            self.hear(Tapped { direction: Direction::Sent, octets, token });
            rest = after;
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

/// The same when it is the same listener.
impl PartialEq for Tap {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Tap {}
