//! What can wait in a queue: the one task enum that every producer and consumer speaks.

use std::sync::Arc;

use sambac_domain::class::Lane;
use sambac_domain::id::{AccountId, NoticeId, SegmentId, TargetId};
use sambac_domain::message::Message;

use crate::notice::Notice;

/// One unit of work, as its outbox row describes it.
#[derive(Clone, Debug)]
pub enum Task {
    /// Send one segment to an operator.
    Submit {
        /// The segment; its id is also the outbox row's.
        segment: SegmentId,
        /// Attempts made before this one, and what it goes without: an [`Attempt`](crate::Attempt).
        attempt: u16,
        /// The accepted message, shared by all its segments.
        message: Arc<Message>,
    },
    /// Tell the client something: `deliver_sm` or webhook.
    Notify {
        /// The notice; its id is also the outbox row's.
        id: NoticeId,
        /// Attempts made before this one.
        attempt: u16,
        /// What is told.
        notice: Arc<Notice>,
    },
}

impl Task {
    /// Sends this message's text instead of the one that it had, if the task is one of its segments.
    pub fn replace(&mut self, message: &Arc<Message>) {
        if let Self::Submit { message: own, .. } = self
            && own.id == message.id
        {
            *own = Arc::clone(message);
        }
    }
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

impl Task {
    /// Whose share of a lane it uses: the account that submitted the segment. Notices of one target share alike.
    #[must_use]
    pub fn account(&self) -> AccountId {
        match self {
            Self::Submit { message, .. } => message.account_id,
            Self::Notify { .. } => AccountId::from_raw(0),
        }
    }
}
