//! What can wait in a queue: the one task enum that every producer and consumer speaks.

use std::sync::Arc;

use sambac_domain::class::Lane;
use sambac_domain::id::{AccountId, MessageId, NoticeId, SegmentId, TargetId};
use sambac_domain::message::Message;
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One unit of work, as its outbox row describes it.
#[derive(Clone, Debug)]
pub enum Task {
    /// Send one segment to an operator.
    Submit {
        /// The segment; its id is also the outbox row's.
        segment: SegmentId,
        /// Attempts made before this one.
        attempt: u16,
        /// The accepted message, shared by all its segments.
        message: Arc<Message>,
    },
    /// Tell the client what became of a message: `deliver_sm` or webhook.
    Notify {
        /// The notice; its id is also the outbox row's.
        id: NoticeId,
        /// Attempts made before this one.
        attempt: u16,
        /// What is told.
        notice: Arc<Notice>,
    },
}

/// Which way a notice goes; the code is the outbox row's `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// A receipt by `deliver_sm` on a bind of an SMPP account.
    Deliver,
    /// An event by HTTP POST to a webhook.
    Webhook,
}

/// The news of one message's final state. Stored as JSON in the outbox row, so that delivering needs no other read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The message.
    pub message_id: MessageId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Sender as submitted.
    pub sender: String,
    /// Destination in E.164 digits, without plus.
    pub destination: String,
    /// The state reached.
    pub state: MessageState,
    /// Code of the error catalogue or the operator's own, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Segments charged.
    pub segments: u8,
    /// The client's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When the state was reached.
    pub final_at: Timestamp,
}

/// A task with the key of its outbox row.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Whose queue.
    pub target: TargetId,
    /// Which lane.
    pub lane: Lane,
    /// The row's id: rising in the order of commits within a lane.
    pub id: i64,
    /// The work.
    pub task: Task,
}
