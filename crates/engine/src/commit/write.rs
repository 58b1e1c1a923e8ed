//! What can be asked of the group commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sambac_bus::{Notice, Queued, TargetQueue, Task};
use sambac_domain::account_event::EventType;
use sambac_domain::id::{
    AccountEventId, AccountId, BatchId, ConnectorId, HoldId, IntentId, MessageId, MoId, NoticeId, SegmentId, TargetId,
    WebhookId,
};
use sambac_domain::message::Message;
use sambac_domain::mo::{Part, Reference};
use sambac_domain::profile::{Profile, Verdict};
use sambac_domain::time::Timestamp;
use sambac_smpp::{CommandStatus, Header, Session};
use sambac_store::rows::{AccountRow, DeadLetterRow, OrphanRow, OutboxKey, RequestNonceRow, WebhookDeliveryRow};
use sambac_store::{AwaitingReceipt, DoubtedSegment, NewEvent};
use tokio::sync::oneshot;

use super::{Credit, Found, OptOutWrite, OtpSend, OtpWrite, Queried, Recalled, Release, Replace, Withdraw};
use crate::admission::Place;
use crate::connector::Slot;
use crate::idempotency::Claim;
use crate::ledger::ChargeRequest;
use crate::live::Live;
use crate::refusal::Refusal;
use crate::smsc::{MultiReply, SubmitReply};
use crate::snapshot::Snapshot;
use crate::submit::{Draft, Submitted};

/// One request to the group commit.
pub(crate) enum Write {
    /// Take a message.
    Accept(Box<Accept>),
    /// Take some messages of a batch.
    Chunk(Box<Chunk>),
    /// Commands of another service.
    Charge(Box<ChargeRequest>),
    /// Money that has come in.
    Credit(Box<Credit>),
    /// Something about one-time codes.
    Otp(Box<OtpWrite>),
    /// Holds whose time is over.
    ExpireHolds { holds: Vec<HoldId>, done: oneshot::Sender<()> },
    /// The one-time password of a message was verified; how many segments it has is told.
    Verified { message: MessageId, done: oneshot::Sender<usize> },
    /// Charges that waited for a verification for long enough.
    Unverified { segments: Vec<SegmentId>, done: oneshot::Sender<()> },
    /// Segments are about to be sent: to be stored before any of them is.
    Intent(Intent),
    /// What became of a segment that was announced by an intent.
    Answer(Box<Answer>),
    /// An operator's receipt.
    Receipt(Box<ReceiptIn>),
    /// A message from a handset, or a part of one.
    Handset { incoming: Box<HandsetIn>, acknowledge: Acknowledgement },
    /// The time is over for parts that others were waited for with, and for targets that did not take a message.
    HandsetDue { assemblies: Vec<i64>, deliveries: Vec<NoticeId>, done: oneshot::Sender<()> },
    /// An account says which numbers want no more messages.
    OptOut(Box<OptOutWrite>),
    /// An account is to be told something of itself.
    Tell { account_id: AccountId, kind: EventType, body: String, done: oneshot::Sender<()> },
    /// A signed request has come: its nonce is not taken again.
    Nonce { row: RequestNonceRow, done: oneshot::Sender<()> },
    /// A webhook is told of events again.
    TellAgain { account_id: AccountId, webhook: WebhookId, events: Vec<AccountEventId>, done: oneshot::Sender<usize> },
    /// A notice was delivered to the client, or given up.
    NoticeDone(NoticeDone),
    /// A notice could not be delivered now.
    NoticeRetry(NoticeRetry),
    /// An operator was asked about a segment: it has ended.
    Queried(Box<Queried>),
    /// Operators have taken segments back.
    Recalled(Recalled),
    /// A client withdraws messages.
    Withdraw(Withdraw),
    /// A client gives messages another text.
    Replace(Box<Replace>),
    /// The time has come for an outbox row that had to wait.
    Due { queued: Queued, queue: Arc<TargetQueue>, done: oneshot::Sender<()> },
    /// The validity of these messages has passed: what was not sent ends, and what was when its receipt is overdue.
    Expire { messages: Vec<MessageId>, done: oneshot::Sender<()> },
    /// Segments whose answer is unknown because this process ended before it was stored.
    Recovered(Recovered),
    /// Segments whose answer another node will bring.
    Adopted(Adopted),
    /// What the last process left that has to do with receipts.
    Waiting(Box<Left>),
    /// Keys of segments are made again by the rules that hold now.
    Rekey { segments: Vec<SegmentId>, done: oneshot::Sender<()> },
    /// Receipts of these messages are told to the client once more.
    Replay { ended: Vec<Arc<Live>>, done: oneshot::Sender<()> },
    /// Messages from handsets that no route took are tried by the routes of now, or dismissed; tells of how many that is so.
    Unrouted { ids: Vec<MoId>, dismiss: bool, done: oneshot::Sender<usize> },
    /// A connector gives away what waits for it.
    Release(Release),
    /// Tells when everything before it is stored.
    Stored(oneshot::Sender<()>),
    /// Orphans that a person has dealt with.
    Dismiss { orphans: Vec<i64>, done: oneshot::Sender<()> },
    /// The configuration or a balance was changed from outside.
    Reload { loaded: Option<Loaded>, done: oneshot::Sender<()> },
    /// Something goes wrong that must not.
    #[cfg(test)]
    Panic,
}

/// A configuration that was read outside, so that the group commit does not wait for it.
pub(crate) struct Loaded {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) accounts: Vec<AccountRow>,
}

/// A message to be taken.
pub(crate) struct Accept {
    pub(crate) draft: Draft,
    pub(crate) reply: Reply,
    /// Holds the idempotency key until the message is stored, also when its client has gone meanwhile.
    pub(crate) claim: Option<Claim>,
    /// The one-time code that it tells.
    pub(crate) otp: Option<OtpSend>,
    /// Its place among the new messages, free again once it was taken up.
    pub(crate) place: Place,
}

/// Recipients of a batch that are decided in one commit, in their order.
pub(crate) struct Chunk {
    pub(crate) batch: BatchId,
    /// The number of the first of them.
    pub(crate) first: u32,
    /// What is to be taken, and why not.
    pub(crate) items: Vec<Result<Draft, Refusal>>,
    /// Told once they are stored; dropped when nothing of them is.
    pub(crate) done: oneshot::Sender<()>,
    pub(crate) place: Place,
}

/// Where the answer to an [`Accept`] goes.
pub(crate) enum Reply {
    /// A task waits for it.
    Wait(oneshot::Sender<Result<Submitted, Refusal>>),
    /// A request of a client ESME waits for it.
    Smpp(SubmitReply),
    /// A request for many destinations waits for all of them.
    Multi(MultiReply),
}

/// Segments that a connector is about to send.
pub(crate) struct Intent {
    pub(crate) connector: ConnectorId,
    pub(crate) segments: Vec<SegmentId>,
    /// By which lease another node has the connector; negative where this one has it.
    pub(crate) epoch: i64,
    /// Told once it is stored.
    pub(crate) stored: oneshot::Sender<Announcement>,
}

/// A stored intent.
#[derive(Debug)]
pub(crate) struct Announcement {
    pub(crate) intent: IntentId,
    /// Segments that must not be sent: they are announced already, answered, ended or moved elsewhere. Of one that stands twice in the intent the second.
    pub(crate) refused: Vec<SegmentId>,
    /// Messages whose text was replaced since they were queued: what is to be sent.
    pub(crate) replaced: Vec<Arc<Message>>,
}

impl Announcement {
    /// Leaves of `segments`, which were to be announced, those that may be sent, as they are to be sent.
    pub(crate) fn sift(&self, segments: &mut Vec<Queued>) {
        for refused in &self.refused {
            if let Some(last) = segments.iter().rposition(|queued| queued.id == refused.raw()) {
                segments.remove(last);
            }
        }
        for message in &self.replaced {
            segments.iter_mut().for_each(|queued| queued.task.replace(message));
        }
    }
}

/// What the last process left that has to do with receipts.
pub(crate) struct Left {
    /// Receipts that found no segment.
    pub(crate) orphans: Vec<OrphanRow>,
    /// Segments whose receipts are still to come: their answers are stored.
    pub(crate) segments: Vec<AwaitingReceipt>,
    /// The same of which nobody knows the id.
    pub(crate) in_doubt: Vec<AwaitingReceipt>,
    /// Segments of which something was lost on its way, whatever became of them.
    pub(crate) doubted: Vec<DoubtedSegment>,
}

/// Segments of an intent that the last process left behind.
pub(crate) struct Recovered {
    /// The intent, with the last of its segments.
    pub(crate) intent: Option<IntentId>,
    pub(crate) connector: ConnectorId,
    pub(crate) announced_at: Timestamp,
    pub(crate) segments: Vec<SegmentId>,
}

/// What became of an announced segment.
pub(crate) struct Answer {
    pub(crate) intent: IntentId,
    pub(crate) connector: ConnectorId,
    pub(crate) queued: Queued,
    pub(crate) queue: Arc<TargetQueue>,
    pub(crate) segment: SegmentId,
    pub(crate) outcome: AnswerOutcome,
    pub(crate) submitted_at: Option<Timestamp>,
    pub(crate) answered_at: Timestamp,
    /// The place in the window, freed when the answer is stored.
    pub(crate) slot: Option<Slot>,
}

/// The operator's answer to a `submit_sm`, or what stands in for it.
#[derive(Clone, Debug)]
pub(crate) enum AnswerOutcome {
    /// Taken; under this id, which may be empty.
    Accepted { smsc_message_id: String },
    /// Refused with this status; what the connector's profile says to do about it.
    Refused { status: CommandStatus, verdict: Verdict },
    /// It was sent, and no answer came.
    Unknown,
    /// It was never written to a link: back to the queue.
    NotSent,
    /// Its validity passed before it could be sent.
    Expired,
    /// It cannot be put into a PDU.
    Unsendable,
    /// The program broke on it.
    Broken,
}

/// A receipt as it came in.
pub(crate) struct ReceiptIn {
    pub(crate) found: Found,
    /// Where it came from.
    pub(crate) from: ReceiptFrom,
}

/// Where somebody waits for the answer to what an operator brought.
pub(crate) enum Acknowledgement {
    /// The operator itself.
    Session {
        session: Session,
        request: Header,
        /// What it is told when we cannot store it.
        cannot_store: CommandStatus,
    },
    /// Another node, which has told the operator that we have it.
    Node(Arc<Brought>),
}

/// What another node has brought, with one report.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    refused: AtomicBool,
}

impl Brought {
    /// Something of it was not stored, and has to be handed over again.
    pub(crate) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }

    pub(super) fn refuse(&self) {
        self.refused.store(true, Ordering::Release);
    }
}

/// Segments of an intent that the last process left behind, while another node sends them.
pub(crate) struct Adopted {
    pub(crate) intent: IntentId,
    pub(crate) connector: ConnectorId,
    pub(crate) announced_at: Timestamp,
    pub(crate) segments: Vec<SegmentId>,
    /// Whether somebody will answer for them: they are in doubt otherwise.
    pub(crate) is_carried: bool,
    /// Told which of them have no answer yet.
    pub(crate) done: oneshot::Sender<Vec<SegmentId>>,
}

/// Where a receipt came from.
pub(crate) enum ReceiptFrom {
    /// Whoever brought it, and is answered once it is stored.
    Session(Acknowledgement),
    /// The orphans: it is tried again.
    Orphan(i64),
}

impl ReceiptFrom {
    /// Whether an operator waits for the answer, and brings it again.
    pub(super) const fn is_of_session(&self) -> bool {
        matches!(self, Self::Session(_))
    }

    /// It cannot be stored now: an operator brings it again, and an orphan is in the table.
    pub(super) fn refuse(self) {
        if let Self::Session(acknowledge) = self {
            acknowledge.refuse();
        }
    }
}

/// A message from a handset as it came in, or a part of one.
pub(crate) struct HandsetIn {
    pub(crate) connector: ConnectorId,
    pub(crate) profile: Arc<Profile>,
    /// The correlation group: connectors by which the same SMSC may deliver.
    pub(crate) group: i64,
    /// The handset and the number that it wrote to, normalised.
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) part: Part,
    pub(crate) reference: Option<Reference>,
    pub(crate) tlvs: BTreeMap<String, Vec<String>>,
    pub(crate) fingerprint: i64,
    /// Whether the handset's own reference is in the fingerprint: then it is the same message for sure.
    pub(crate) has_reference: bool,
    pub(crate) received_at: Timestamp,
}

/// A notice that needs no more work.
pub(crate) struct NoticeDone {
    pub(crate) key: OutboxKey,
    pub(crate) event: Option<NewEvent>,
    /// The message from a handset that it handed over, and whether it was taken.
    pub(crate) handed: Option<(MoId, bool)>,
    /// What is kept of a webhook's attempt.
    pub(crate) log: Option<Box<WebhookLog>>,
}

/// What is kept of an attempt to tell a webhook.
#[derive(Default)]
pub(crate) struct WebhookLog {
    pub(crate) delivery: Option<WebhookDeliveryRow>,
    /// That the event is not offered any more.
    pub(crate) dead: Option<DeadLetterRow>,
}

/// A notice to be tried again.
pub(crate) struct NoticeRetry {
    pub(crate) key: OutboxKey,
    pub(crate) attempt: u16,
    pub(crate) due_at: Timestamp,
    pub(crate) event: Option<NewEvent>,
    /// What is kept of a webhook's attempt.
    pub(crate) log: Option<Box<WebhookLog>>,
}

impl Write {
    /// Whether it is about something new, which its sender may be told to bring again: everything else has happened outside.
    pub(super) fn may_be_refused(&self) -> bool {
        match self {
            Self::Accept(_) | Self::Chunk(_) | Self::Charge(_) | Self::Handset { .. } => true,
            Self::Otp(otp) => otp.may_be_refused(),
            _ => false,
        }
    }
}

impl NoticeDone {
    /// Its target has taken it.
    pub(crate) fn new(queued: &Queued) -> Self {
        Self { key: key_of(queued), event: None, handed: handed(queued, true), log: None }
    }

    /// Its target will not take it: a message from a handset goes on to whoever is next.
    pub(crate) fn given_up(queued: &Queued) -> Self {
        Self { key: key_of(queued), event: None, handed: handed(queued, false), log: None }
    }
}

fn handed(queued: &Queued, taken: bool) -> Option<(MoId, bool)> {
    match &queued.task {
        Task::Notify { notice, .. } => match &**notice {
            Notice::Received(received) => Some((received.mo_id, taken)),
            Notice::Outcome(_) | Notice::Event(_) => None,
        },
        Task::Submit { .. } => None,
    }
}

/// The key of a task's outbox row.
pub(crate) fn key_of(queued: &Queued) -> OutboxKey {
    OutboxKey { target: queued.target, lane: queued.lane, id: queued.id }
}

/// The target whose queue holds a connector's segments.
pub(crate) fn target_of(connector: ConnectorId) -> TargetId {
    TargetId::from(connector)
}

#[cfg(test)]
mod tests {
    use sambac_bus::{EventRef, Notice, Task};
    use sambac_domain::class::Lane;
    use sambac_domain::id::{AccountEventId, AccountId, NoticeId, TargetId};

    use super::*;

    /// A queue may give a segment twice: as it was put back, and as it was read from the outbox. One of the two is announced, and must be sent.
    #[test]
    fn of_a_segment_that_stands_there_twice_one_is_sent() {
        let queued = |id: i64| {
            let event = EventRef { account_id: AccountId::from_raw(1), event_id: AccountEventId::from_raw(1) };
            let task = Task::Notify { id: NoticeId::from_raw(1), attempt: 0, notice: Arc::new(Notice::Event(event)) };
            Queued { target: TargetId(1), lane: Lane(1), id, task }
        };
        let refused = [7, 9].map(SegmentId::from_raw).to_vec();
        let announcement = Announcement { intent: IntentId::from_raw(1), refused, replaced: Vec::new() };
        let mut segments: Vec<_> = [7, 8, 7, 9].map(queued).into();
        announcement.sift(&mut segments);
        assert_eq!(segments.iter().map(|queued| queued.id).collect::<Vec<_>>(), [7, 8]);
    }
}
