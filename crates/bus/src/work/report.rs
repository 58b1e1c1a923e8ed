//! What the node with a connector's binds tells the node with the ledger.

use sambac_domain::Msisdn;
use sambac_domain::id::{ConnectorId, IntentId, SegmentId};
use sambac_domain::mo::Reference;
use sambac_domain::receipt::Receipt;
use sambac_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Reply, Unreadable, VERSION, read};

/// What has happened at one connector since the last report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    version: u16,
    /// Whose.
    pub connector: ConnectorId,
    /// Who tells.
    pub node: String,
    /// The lease by which that node has the connector: of two nodes the greater one tells how it is.
    pub epoch: i64,
    /// Since which epoch each holder of that lease has told everything before it went; 0 when that is not known.
    #[serde(default)]
    pub orderly_since: i64,
    /// What became of segments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answered>,
    /// Receipts that the operator has been told that we have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<ReceiptSeen>,
    /// Messages from handsets, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handsets: Vec<HandsetSeen>,
    /// What came of questions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<Reply>,
    /// Subscribers that can be reached again, as the operator says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reachable: Vec<Msisdn>,
    /// What has happened at the connector that a person must know of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<AlertSeen>,
    /// How the connector is now. Nobody waits for it: the next one says it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<ConnectorSeen>,
}

/// What became of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Which.
    pub segment: SegmentId,
    /// By which it was announced.
    pub intent: IntentId,
    /// What.
    #[serde(flatten)]
    pub happened: Happened,
    /// When it was written to a link, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Timestamp>,
    /// When that was known.
    pub answered_at: Timestamp,
}

/// The operator's answer to a segment, or what stands in for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Happened {
    /// Taken under this id, which may be empty.
    Accepted {
        /// The operator's id.
        smsc_message_id: String,
    },
    /// Refused.
    Refused {
        /// With this.
        command_status: u32,
    },
    /// It was sent, or may have been, and no answer came.
    Unknown,
    /// It was never written to a link.
    NotSent,
    /// Its validity passed before it could be sent.
    Expired,
    /// It cannot be put into a PDU.
    Unsendable,
    /// The program broke on it.
    Broken,
}

/// A receipt as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptSeen {
    /// What it says.
    pub receipt: Receipt,
    /// Its addresses, as written.
    pub source: String,
    /// The other one.
    pub destination: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// A message from a handset as it was read, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandsetSeen {
    /// The handset, normalised.
    pub source: String,
    /// The number that it wrote to, normalised.
    pub destination: String,
    /// What it says and the parameters beside it, sealed for the fingerprint, in base64.
    pub text: String,
    /// Which part of which long message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// By which a repeated delivery is known.
    pub fingerprint: i64,
    /// Whether the handset's own reference is in it.
    pub has_reference: bool,
    /// When it came.
    pub received_at: Timestamp,
}

/// How a connector is where its binds are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorSeen {
    /// Binds, or whole pairs, that are up.
    pub bound: usize,
    /// What it does as a whole: `down`, `partly_bound`, `bound`, `draining` or `stopped`.
    pub state: String,
    /// Why it is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<StoppedBy>,
    /// Segments that it has and has not sent.
    pub queued: usize,
    /// Each of its binds.
    pub binds: Vec<BindSeen>,
    /// What is wrong with it that a person must know of; `None` where a node of an earlier version tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Vec<AlertSeen>>,
}

/// Something that a person must know of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSeen {
    /// Which kind of alert.
    pub kind: String,
    /// Of what.
    pub subject: String,
    /// What about it.
    pub text: String,
    /// How often it has happened since it was last told.
    pub times: u64,
}

/// Who has stopped a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "said", rename_all = "snake_case")]
pub enum StoppedBy {
    /// The operator, which refused our credentials: what it said.
    Credentials(String),
    /// The operator, by an answer that stands for "stop": what it said.
    Answer(String),
    /// A person.
    Person,
    /// A person, who has had it drained.
    Drained,
}

/// How a bind is where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindSeen {
    /// From 1.
    pub number: usize,
    /// `transmitter`, `receiver` or `transceiver`.
    pub kind: String,
    /// What it does: `connecting`, `listening`, `bound`, `waiting`, `draining` or `stopped`.
    pub state: String,
    /// Until when it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why it is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Since when it does that.
    pub since: Option<Timestamp>,
    /// The last failed attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<(Timestamp, String)>,
    /// `host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What the SMSC calls itself.
    #[serde(default)]
    pub peer_system_id: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_version: Option<u8>,
    /// Unanswered submits that it may have.
    pub window: usize,
    /// Unanswered submits that it has.
    pub in_flight: usize,
}

impl Report {
    /// An empty one.
    pub fn new(connector: ConnectorId, node: &str, epoch: i64) -> Self {
        Self {
            version: VERSION,
            connector,
            node: node.to_owned(),
            epoch,
            orderly_since: 0,
            answers: Vec::new(),
            receipts: Vec::new(),
            handsets: Vec::new(),
            replies: Vec::new(),
            reachable: Vec::new(),
            alerts: Vec::new(),
            seen: None,
        }
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

    /// The epochs of the lease's holders that have told everything, but for the last, who tells this.
    pub const fn held(&self) -> std::ops::Range<i64> {
        let first = if self.orderly_since > 0 { self.orderly_since } else { self.epoch };
        first..self.epoch
    }

    /// How much there is that must not be lost.
    pub fn len(&self) -> usize {
        self.answers.len() + self.receipts.len() + self.handsets.len()
    }

    /// Whether there is nothing that must not be lost.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_goes_round_and_can_be_read() {
        let mut report = Report::new(ConnectorId::from_raw(7), "node 2", 3);
        let segment: SegmentId = SegmentId::from_raw(5 << 8 | 1);
        let intent = IntentId::from_raw(9 << 8);
        for happened in [
            Happened::Accepted { smsc_message_id: "0a7F".to_owned() },
            Happened::Refused { command_status: 0x58 },
            Happened::Unknown,
        ] {
            report.answers.push(Answered { segment, intent, happened, submitted_at: None, answered_at: Timestamp(1) });
        }
        let json = String::from_utf8(report.to_json()).unwrap();
        for told in
            ["\"outcome\":\"accepted\"", "\"smsc_message_id\":\"0a7F\"", "\"command_status\":88", "\"node\":\"node 2\""]
        {
            assert!(json.contains(told), "{told} is not in {json}");
        }
        assert_eq!(Report::from_json(json.as_bytes()).unwrap(), report);
        assert_eq!((report.len(), report.is_empty()), (3, false));
    }

    /// Who tells is none of those that have gone; what a node of an earlier version tells names none.
    #[test]
    fn holders_that_have_told_everything_are_those_before() {
        let held = |epoch, orderly_since| {
            let mut report = Report::new(ConnectorId::from_raw(7), "node 2", epoch);
            report.orderly_since = orderly_since;
            report.held()
        };
        assert_eq!((held(5, 3), held(5, 5)), (3..5, 5..5));
        assert!(held(5, 0).is_empty() && held(0, 0).is_empty());
        let earlier = r#"{"version":1,"connector":"con_0annqxhm3y3r0","node":"node 2","epoch":5}"#;
        assert!(Report::from_json(earlier.as_bytes()).unwrap().held().is_empty());
    }
}
