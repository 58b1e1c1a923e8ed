//! What a message has beyond sender, destination and text. Most have nothing of it, and nothing is stored for them then.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, MessageId, MoId, OtpId};
use crate::profile::GivenTlv;
use crate::redaction::Redaction;
use crate::text::{Marks, Ports};
use crate::time::Timestamp;

/// The further fields of a message: what its client asked for, and what we decided once for all its segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageOptions {
    /// Message class of a text: 0 is shown at once and not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_class: Option<u8>,
    /// TP-PID in GSM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_id: Option<u8>,
    /// Application ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Ports>,
    /// Whether an earlier message of this sender to this destination may be replaced while it is undelivered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replace_if_present: bool,
    /// priority_flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// service_type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_type: Option<String>,
    /// A canned message of the SMSC, sent instead of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_message_id: Option<u8>,
    /// Optional parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tlvs: Vec<GivenTlv>,
    /// Not to be delivered before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliver_at: Option<Timestamp>,
    /// The operator waits for that moment, not we.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub operator_waits: bool,
    /// What ties the segments together for the handset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<u16>,
    /// Segments that are charged, when they go as one message_payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<u8>,
    /// Segments that the text is cut into, when a later one takes fewer than were charged for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<u8>,
    /// The first of the messages that make up a long one, when the client made its segments itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<MessageId>,
    /// The account whose wallet holds its price, when that is another one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet_of: Option<AccountId>,
    /// Words by which its client finds it again; kept apart.
    #[serde(skip)]
    pub tags: Vec<String>,
    /// The one-time code that it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otp: Option<OtpId>,
    /// The message from a handset that it answers: it goes also to who wants no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<MoId>,
    /// Its recipient wants no more messages, and gets it all the same, as a one-time code.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub opted_out: bool,
    /// What of it is kept no longer than it is needed.
    #[serde(skip_serializing_if = "Redaction::is_none")]
    pub redact: Redaction,
}

impl Default for MessageOptions {
    fn default() -> Self {
        Self::NONE
    }
}

impl MessageOptions {
    /// Nothing of it.
    pub const NONE: Self = Self {
        message_class: None,
        protocol_id: None,
        ports: None,
        replace_if_present: false,
        priority: None,
        service_type: None,
        default_message_id: None,
        tlvs: Vec::new(),
        deliver_at: None,
        operator_waits: false,
        reference: None,
        parts: None,
        cut: None,
        group: None,
        wallet_of: None,
        tags: Vec::new(),
        otp: None,
        answers: None,
        opted_out: false,
        redact: Redaction { text: false, to: false },
    };

    /// What the layout of the text depends on.
    #[must_use]
    pub fn marks(&self) -> Marks {
        Marks { class: self.message_class, ports: self.ports }
    }

    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// The text that is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A struct of numbers and texts always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads [`to_json`](Self::to_json) back.
    ///
    /// # Errors
    /// For a text that it did not write.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{GivenTlv, TlvKey, TlvValue};

    #[test]
    fn options_go_round_and_only_what_is_there_is_written() {
        assert!(MessageOptions::default().is_empty());
        let options = MessageOptions { message_class: Some(0), reference: Some(700), ..MessageOptions::default() };
        assert_eq!(options.to_json(), r#"{"message_class":0,"reference":700}"#);
        let tlvs = vec![
            GivenTlv { key: TlvKey::Name("dlt_entity_id".to_owned()), value: TlvValue::Text("1101".to_owned()) },
            GivenTlv { key: TlvKey::Tag(0x1402), value: TlvValue::Octets(vec![1, 2]) },
        ];
        let full = MessageOptions { tlvs, group: Some(MessageId::from_raw(7 << 8)), ..options };
        assert_eq!(MessageOptions::from_json(&full.to_json()).unwrap(), full);
        assert!(!format!("{full:?}").contains("1101"), "values stay out of logs");
    }
}
