//! What the node with the ledger asks of the node with a connector's binds, beside sending.
//!
//! Nothing is lost with a question: who asks waits for a bounded time, and takes silence for what it is. So questions pass away when nobody takes them.

use sambac_domain::id::ConnectorId;
use sambac_domain::time::Timestamp;
use sambac_domain::{Msisdn, ReceiptState, Sender};
use serde::{Deserialize, Serialize};

use super::{Unreadable, VERSION, read};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    version: u16,
    /// Of which connector.
    pub connector: ConnectorId,
    /// By which the reply is known.
    pub id: i64,
    /// Until when a reply is waited for, by the clock of who asks.
    pub until: Timestamp,
    /// What.
    #[serde(flatten)]
    pub asked: Asked,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Asked {
    /// What became of a segment, by `query_sm`.
    Query {
        /// The operator's id.
        smsc_message_id: String,
        /// Whom the message is from.
        sender: Sender,
    },
    /// To take a segment back, by `cancel_sm`.
    TakeBack {
        /// The operator's id.
        smsc_message_id: String,
        /// Whom the message is from.
        sender: Sender,
        /// Whom it is to.
        destination: Msisdn,
    },
    /// To unbind in good order and bind again.
    BindAgain,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Of which.
    pub id: i64,
    /// What.
    #[serde(flatten)]
    pub said: Said,
}

/// What the operator said, or what stands in for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
pub enum Said {
    /// It was not asked: there was no room.
    NotAsked,
    /// It gave no answer in time.
    Nothing,
    /// It does not offer that.
    NotOffered {
        /// As what it answered tells.
        why: String,
    },
    /// The segment is on its way, or unknown to it.
    Open,
    /// The segment has reached its end.
    Ended {
        /// Which.
        state: ReceiptState,
        /// The operator's error code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// When, as the operator says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        done_at: Option<Timestamp>,
    },
    /// It has taken the segment back.
    TakenBack,
    /// It keeps the segment.
    Kept,
    /// It is done.
    Done,
}

impl Ask {
    /// A question.
    pub const fn new(connector: ConnectorId, id: i64, until: Timestamp, asked: Asked) -> Self {
        Self { version: VERSION, connector, id, until, asked }
    }

    /// As it is in a queue.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads [`to_json`](Self::to_json) back.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_json(octets: &[u8]) -> Result<Self, Unreadable> {
        read(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_go_round_and_can_be_read() {
        let sender: Sender = "Bank".parse().unwrap();
        let destination = Msisdn::from_u64(447_700_900_123).unwrap();
        let smsc_message_id = "0a7F".to_owned();
        for (asked, word) in [
            (Asked::Query { smsc_message_id: smsc_message_id.clone(), sender }, "\"ask\":\"query\""),
            (Asked::TakeBack { smsc_message_id, sender, destination }, "\"smsc_message_id\":\"0a7F\""),
            (Asked::BindAgain, "\"ask\":\"bind_again\""),
        ] {
            let ask = Ask::new(ConnectorId::from_raw(7), 5, Timestamp(9), asked);
            let json = String::from_utf8(ask.to_json()).unwrap();
            assert!(json.contains(word), "{word} is not in {json}");
            assert_eq!(Ask::from_json(json.as_bytes()).unwrap(), ask);
        }
    }

    #[test]
    fn replies_go_round_and_can_be_read() {
        for said in [
            Said::NotOffered { why: "0x03".to_owned() },
            Said::Ended { state: ReceiptState::Delivered, error: None, done_at: Some(Timestamp(3)) },
            Said::TakenBack,
        ] {
            let reply = Reply { id: 5, said };
            let json = serde_json::to_string(&reply).unwrap();
            assert!(json.contains("\"said\":"), "{json}");
            assert_eq!(serde_json::from_str::<Reply>(&json).unwrap(), reply);
        }
    }
}
