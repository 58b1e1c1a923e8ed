//! The connection and the session on it (smsc-quirks, section A).

use serde::{Deserialize, Serialize};

use super::section::section;

/// A version of SMPP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum InterfaceVersion {
    /// 3.3: no optional parameters.
    #[serde(rename = "3.3")]
    V3_3,
    /// 3.4.
    #[default]
    #[serde(rename = "3.4")]
    V3_4,
    /// 5.0.
    #[serde(rename = "5.0")]
    V5_0,
}

impl InterfaceVersion {
    /// The octet of a bind: 0x33, 0x34 or 0x50.
    #[must_use]
    pub const fn octet(self) -> u8 {
        match self {
            Self::V3_3 => 0x33,
            Self::V3_4 => 0x34,
            Self::V5_0 => 0x50,
        }
    }
}

section! {
    /// The connection and the session on it.
    SessionSettings {
        /// SMPP version that we bind with: "3.3", "3.4" or "5.0". With 3.3 no optional parameter is sent.
        interface_version: InterfaceVersion = InterfaceVersion::V3_4, ["Q-A14", "Q-H8", "Q-I1"];
        /// The largest PDU taken. A larger one, or one under 16 octets, ends the session: the stream is out of step.
        pdu_octets_max: u32 = 65_536, ["Q-A1", "Q-A2"], 1_024..=1_048_576;
        /// How long a PDU that has begun may take to arrive whole.
        pdu_timeout_ms: u64 = 30_000, ["Q-A1"], 100..=600_000;
        /// How long an answer may take before its outcome is unknown.
        response_timeout_ms: u64 = 30_000, ["Q-A6", "Q-A8"], 100..=600_000;
        /// Silence of the peer after which the link is probed. 0 = never: for SMSCs that do not answer probes.
        enquire_link_s: u64 = 30, ["Q-A9", "Q-A10", "Q-A11"], 0..=3_600;
        /// How long after a probe any PDU may take to come before the link counts as dead.
        enquire_link_timeout_ms: u64 = 15_000, ["Q-A10"], 100..=600_000;
        /// How long a session may carry nothing but probes before we end it. 0 = for ever.
        inactivity_timeout_s: u64 = 0, ["Q-A11"], 0..=86_400;
        /// How long the peer may take none of what we write.
        write_timeout_ms: u64 = 30_000, ["Q-A11"], 100..=600_000;
        /// Idle time after which TCP itself probes the connection. 0 = never.
        tcp_keepalive_s: u64 = 60, ["Q-A11"], 0..=7_200;
        /// How long sent octets may stay unacknowledged before TCP gives the connection up. 0 = the system's default.
        tcp_user_timeout_ms: u64 = 30_000, ["Q-A11"], 0..=600_000;
        /// The sequence number of our first request. A bind that comes again goes on where its last session ended.
        sequence_first: u32 = 1, ["Q-A8"], 1..=2_147_483_647;
        /// Whether requests whose optional parameters are cut or of a wrong length are taken all the same.
        take_broken_tlvs: bool = true, ["Q-H3"];
    }
}
