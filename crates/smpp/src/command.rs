//! Command identifiers (SMPP 3.4 §5.1.2.1, 5.0 §4.7.5).
//!
//! ```
//! use sambac_smpp::CommandId;
//! assert_eq!(CommandId::SUBMIT_SM.response(), Some(CommandId::SUBMIT_SM_RESP));
//! assert_eq!(CommandId(0x0001_0000).name(), "0x00010000");
//! ```

use crate::named::named_set;

/// The bit that tells a response from a request.
const RESPONSE_BIT: u32 = 0x8000_0000;

named_set! {
    /// What a PDU is. An open set: any number may arrive.
    CommandId(u32), prefix "", unknown "0x{:08X}";
    /// Answer to a PDU that could not be understood.
    GENERIC_NACK = 0x8000_0000;
    /// Opens a session that receives.
    BIND_RECEIVER = 0x0000_0001;
    /// Answer to `bind_receiver`.
    BIND_RECEIVER_RESP = 0x8000_0001;
    /// Opens a session that sends.
    BIND_TRANSMITTER = 0x0000_0002;
    /// Answer to `bind_transmitter`.
    BIND_TRANSMITTER_RESP = 0x8000_0002;
    /// Asks for the state of a message.
    QUERY_SM = 0x0000_0003;
    /// Answer to `query_sm`.
    QUERY_SM_RESP = 0x8000_0003;
    /// A message from an ESME.
    SUBMIT_SM = 0x0000_0004;
    /// Answer to `submit_sm`.
    SUBMIT_SM_RESP = 0x8000_0004;
    /// A message or a receipt to an ESME.
    DELIVER_SM = 0x0000_0005;
    /// Answer to `deliver_sm`.
    DELIVER_SM_RESP = 0x8000_0005;
    /// Ends a session.
    UNBIND = 0x0000_0006;
    /// Answer to `unbind`.
    UNBIND_RESP = 0x8000_0006;
    /// Changes a message that waits at the SMSC.
    REPLACE_SM = 0x0000_0007;
    /// Answer to `replace_sm`.
    REPLACE_SM_RESP = 0x8000_0007;
    /// Withdraws a message that waits at the SMSC.
    CANCEL_SM = 0x0000_0008;
    /// Answer to `cancel_sm`.
    CANCEL_SM_RESP = 0x8000_0008;
    /// Opens a session that sends and receives.
    BIND_TRANSCEIVER = 0x0000_0009;
    /// Answer to `bind_transceiver`.
    BIND_TRANSCEIVER_RESP = 0x8000_0009;
    /// The SMSC asks an ESME to bind; has no answer.
    OUTBIND = 0x0000_000B;
    /// Are you there?
    ENQUIRE_LINK = 0x0000_0015;
    /// Answer to `enquire_link`.
    ENQUIRE_LINK_RESP = 0x8000_0015;
    /// One message for many destinations.
    SUBMIT_MULTI = 0x0000_0021;
    /// Answer to `submit_multi`.
    SUBMIT_MULTI_RESP = 0x8000_0021;
    /// A subscriber has become reachable; has no answer.
    ALERT_NOTIFICATION = 0x0000_0102;
    /// A message in either direction, its text in a TLV.
    DATA_SM = 0x0000_0103;
    /// Answer to `data_sm`.
    DATA_SM_RESP = 0x8000_0103;
    /// A cell broadcast (5.0).
    BROADCAST_SM = 0x0000_0111;
    /// Answer to `broadcast_sm`.
    BROADCAST_SM_RESP = 0x8000_0111;
    /// Asks for the state of a broadcast (5.0).
    QUERY_BROADCAST_SM = 0x0000_0112;
    /// Answer to `query_broadcast_sm`.
    QUERY_BROADCAST_SM_RESP = 0x8000_0112;
    /// Withdraws a broadcast (5.0).
    CANCEL_BROADCAST_SM = 0x0000_0113;
    /// Answer to `cancel_broadcast_sm`.
    CANCEL_BROADCAST_SM_RESP = 0x8000_0113;
}

impl CommandId {
    /// Whether this answers a request (`generic_nack` does).
    #[must_use]
    pub const fn is_response(self) -> bool {
        self.0 & RESPONSE_BIT != 0
    }

    /// The command that answers this one; `None` for responses, unknown commands and those without an answer
    /// (`outbind`, `alert_notification`).
    #[must_use]
    pub fn response(self) -> Option<Self> {
        let has_none = self.is_response() || self == Self::OUTBIND || self == Self::ALERT_NOTIFICATION;
        if has_none || self.known_name().is_none() {
            return None;
        }
        Some(Self(self.0 | RESPONSE_BIT))
    }

    /// Whether this opens a session.
    #[must_use]
    pub fn is_bind(self) -> bool {
        matches!(self, Self::BIND_RECEIVER | Self::BIND_TRANSMITTER | Self::BIND_TRANSCEIVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_but_two_has_a_named_response() {
        for id in CommandId::NAMED.iter().filter(|id| !id.is_response()) {
            match id.response() {
                Some(response) => assert!(response.known_name().is_some(), "{id}"),
                None => assert!(matches!(*id, CommandId::OUTBIND | CommandId::ALERT_NOTIFICATION)),
            }
        }
        assert_eq!(CommandId::SUBMIT_SM_RESP.response(), None);
        assert_eq!(CommandId(0x10).response(), None);
    }
}
