//! What the outside is told once a batch is stored.

use sambac_bus::{Queued, TargetQueue};
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, MessageId};
use sambac_smpp::CommandStatus;
use sambac_store::rows::{OtpRow, OutboxKey};
use std::sync::Arc;
use tokio::sync::oneshot;

use super::credit::Credited;
use super::otp::{OtpCheck, OtpReply, OtpWrite};
use super::release::Released;
use super::write::{Acknowledgement, Announcement, Reply};
use crate::Inner;
use crate::connector::Slot;
use crate::idempotency::Claim;
use crate::kill_point;
use crate::ledger::ChargeOutcome;
use crate::opt_out::KeywordReply;
use crate::refusal::Refusal;
use crate::submit::Submitted;

/// Where the answers to commands of another service go.
type ChargeReply = oneshot::Sender<Result<Vec<ChargeOutcome>, Refusal>>;

const CHARGE_UNCERTAIN: &str = "the charge could not be stored for certain: repeat the request with the same key";
const CHARGE_DOUBTED: &str = "what is stored of the charge is not what was written: a person has to look at it first";

/// Everything that waits for the flush.
#[derive(Default)]
pub(super) struct After {
    accepted: Vec<(Reply, Submitted, Option<Claim>)>,
    refused: Vec<(Reply, Refusal)>,
    /// Parts of batches.
    chunks: Vec<oneshot::Sender<()>>,
    charged: Vec<(ChargeReply, Vec<ChargeOutcome>)>,
    charges_refused: Vec<(ChargeReply, &'static str)>,
    otps: Vec<(OtpReply, Result<OtpRow, ErrorCode>)>,
    otps_refused: Vec<OtpReply>,
    /// The next way of a one-time code begins, or its end is to be settled.
    otp_due: bool,
    /// Tasks of new messages, then of everything else, in the order of their ids.
    accept_tasks: Vec<Queued>,
    tasks: Vec<Queued>,
    put_back: Vec<(Arc<TargetQueue>, Queued)>,
    /// Tasks that wait in a queue for nothing.
    withdrawn: Vec<OutboxKey>,
    intents: Vec<(oneshot::Sender<Announcement>, Announcement)>,
    slots: Vec<Slot>,
    receipts: Vec<Acknowledgement>,
    handsets: Vec<(Acknowledgement, CommandStatus)>,
    /// A target has refused a message from a handset: another one may have it now.
    handset_given_up: bool,
    /// What is answered to words from handsets.
    replies: Vec<KeywordReply>,
    /// Whose events were written.
    news: Vec<AccountId>,
    told: Vec<oneshot::Sender<()>>,
    counted: Vec<(oneshot::Sender<usize>, usize)>,
    credited: Vec<(oneshot::Sender<Credited>, Credited)>,
    released: Vec<(oneshot::Sender<Released>, Released)>,
}

impl After {
    pub(super) fn accepted(&mut self, reply: Reply, submitted: Submitted, claim: Option<Claim>) {
        self.accepted.push((reply, submitted, claim));
    }

    pub(super) fn refuse(&mut self, reply: Reply, refusal: Refusal) {
        self.refused.push((reply, refusal));
    }

    pub(super) fn chunk(&mut self, done: oneshot::Sender<()>) {
        self.chunks.push(done);
    }

    pub(super) fn charged(&mut self, reply: ChargeReply, outcomes: Vec<ChargeOutcome>) {
        self.charged.push((reply, outcomes));
    }

    /// Nothing was decided of these commands: they may be sent again.
    pub(super) fn refuse_charge(&mut self, reply: ChargeReply) {
        self.charges_refused.push((reply, CHARGE_UNCERTAIN));
    }

    /// Nothing is done with what these commands are about before a person has looked.
    pub(super) fn refuse_doubted(&mut self, reply: ChargeReply) {
        self.charges_refused.push((reply, CHARGE_DOUBTED));
    }

    /// What became of a one-time code.
    pub(super) fn otp(&mut self, reply: OtpReply, answer: Result<OtpRow, ErrorCode>) {
        self.otps.push((reply, answer));
    }

    /// Somebody is to look after one-time codes.
    pub(super) fn otp_is_due(&mut self) {
        self.otp_due = true;
    }

    /// Nothing was decided of this code. Whoever else waits learns that from its silence.
    pub(super) fn refuse_otp(&mut self, otp: OtpWrite) {
        match otp {
            OtpWrite::Check(OtpCheck { reply, .. }) | OtpWrite::Cancel { reply, .. } => self.otps_refused.push(reply),
            _ => {}
        }
    }

    pub(super) fn publish_accepted(&mut self, task: Queued) {
        self.accept_tasks.push(task);
    }

    pub(super) fn publish(&mut self, task: Queued) {
        self.tasks.push(task);
    }

    pub(super) fn put_back(&mut self, queue: Arc<TargetQueue>, task: Queued) {
        self.put_back.push((queue, task));
    }

    /// It has ended, or waits elsewhere: its task goes out of the queue where it is.
    pub(super) fn withdraw(&mut self, row: OutboxKey) {
        self.withdrawn.push(row);
    }

    pub(super) fn intent(&mut self, stored: oneshot::Sender<Announcement>, announcement: Announcement) {
        self.intents.push((stored, announcement));
    }

    pub(super) fn free(&mut self, slot: Slot) {
        self.slots.push(slot);
    }

    /// An event of this account is stored with the batch.
    pub(super) fn news_of(&mut self, account: AccountId) {
        // Those of one account often come one after the other.
        if self.news.last() != Some(&account) {
            self.news.push(account);
        }
    }

    /// A word from a handset is answered.
    pub(super) fn reply(&mut self, reply: KeywordReply) {
        self.replies.push(reply);
    }

    pub(super) fn tell(&mut self, done: oneshot::Sender<()>) {
        self.told.push(done);
    }

    pub(super) fn count(&mut self, done: oneshot::Sender<usize>, count: usize) {
        self.counted.push((done, count));
    }

    pub(super) fn credited(&mut self, reply: oneshot::Sender<Credited>, what: Credited) {
        self.credited.push((reply, what));
    }

    pub(super) fn released(&mut self, done: oneshot::Sender<Released>, released: Released) {
        self.released.push((done, released));
    }

    pub(super) fn acknowledge(&mut self, receipt: Acknowledgement) {
        self.receipts.push(receipt);
    }

    /// What operators brought is not stored, and may never be: they are told to bring it again.
    pub(super) fn refuse_receipts(&mut self) {
        self.receipts.drain(..).for_each(Acknowledgement::refuse);
    }

    /// Once it is stored, a message from a handset is answered with this status.
    pub(super) fn acknowledge_handset(&mut self, handset: Acknowledgement, status: CommandStatus) {
        self.handsets.push((handset, status));
    }

    pub(super) fn handset_given_up(&mut self) {
        self.handset_given_up = true;
    }

    /// The new messages were not stored: their clients are told so, and SMSCs bring those of handsets again.
    pub(super) fn refuse_accepts(&mut self) {
        self.accept_tasks.clear();
        // Whoever waits looks at what is stored.
        self.chunks.clear();
        self.replies.clear();
        self.handsets.drain(..).for_each(|(handset, _)| handset.refuse());
        let refusal = Refusal::new(
            ErrorCode::ServiceUnavailable,
            "the message could not be stored for certain: repeat the request with the same Idempotency-Key",
        );
        self.refused.extend(self.accepted.drain(..).map(|(reply, ..)| (reply, refusal.clone())));
        self.charges_refused.extend(self.charged.drain(..).map(|(reply, _)| (reply, CHARGE_UNCERTAIN)));
        self.otps_refused.extend(self.otps.drain(..).map(|(reply, _)| reply));
    }

    /// Tells those who were refused, without waiting for the rest.
    pub(super) fn tell_refused(&mut self) {
        for (reply, refusal) in self.refused.drain(..) {
            reply.refused(refusal);
        }
        for reply in self.otps_refused.drain(..) {
            // Whoever has gone asks again.
            let _ = reply.send(Err(ErrorCode::ServiceUnavailable));
        }
        for (reply, why) in self.charges_refused.drain(..) {
            // Whoever has gone asks again.
            let _ = reply.send(Err(Refusal::new(ErrorCode::ServiceUnavailable, why)));
        }
    }

    /// Nothing was stored: nobody may be told that it was. Operators bring their receipts again; intents are asked for
    /// again; messages whose answers are lost here stay in the outbox.
    pub(super) fn drop_promises(&mut self) {
        self.tasks.clear();
        self.chunks.clear();
        self.withdrawn.clear();
        self.intents.clear();
        self.counted.clear();
        self.released.clear();
        self.credited.clear();
        self.replies.clear();
        self.refuse_receipts();
        self.handsets.drain(..).for_each(|(handset, _)| handset.refuse());
    }

    /// Tells the clients of new messages that these are taken.
    pub(super) fn answer_accepted(&mut self) {
        for (reply, submitted, claim) in self.accepted.drain(..) {
            drop(claim);
            reply.accepted(submitted);
        }
    }

    /// Tells everybody, in an order in which nobody can overtake: queues before answers.
    pub(super) fn run(&mut self, inner: &Inner) {
        inner.bus.publish(self.accept_tasks.drain(..).chain(self.tasks.drain(..)));
        inner.bus.withdraw(self.withdrawn.drain(..).map(|row| (row.target, row.lane, row.id)));
        for (queue, task) in self.put_back.drain(..) {
            queue.put_back(task);
        }
        for (stored, announcement) in self.intents.drain(..) {
            // The connector has ended meanwhile: recovery finds the intent.
            let _ = stored.send(announcement);
        }
        inner.feeds.watchers.tell(self.news.drain(..));
        if !self.replies.is_empty() {
            let opt_outs = &inner.snapshot.load().opt_outs;
            self.replies.drain(..).for_each(|reply| opt_outs.reply(reply));
        }
        for done in self.told.drain(..) {
            let _ = done.send(());
        }
        for done in self.chunks.drain(..) {
            let _ = done.send(());
        }
        for (done, count) in self.counted.drain(..) {
            // A client that has gone asks again.
            let _ = done.send(count);
        }
        for (reply, what) in self.credited.drain(..) {
            // Whoever has gone finds it in the payment.
            let _ = reply.send(what);
        }
        for (done, released) in self.released.drain(..) {
            let _ = done.send(released);
        }
        self.slots.clear();
        for (reply, answer) in self.otps.drain(..) {
            kill_point::reached("before_otp_answer");
            // Whoever has gone has had the attempt counted.
            let _ = reply.send(answer);
        }
        self.answer_accepted();
        for (reply, outcomes) in self.charged.drain(..) {
            // Whoever has gone asks again, and is told the same.
            let _ = reply.send(Ok(outcomes));
        }
        self.tell_refused();
        for receipt in self.receipts.drain(..) {
            kill_point::reached("before_receipt_ack");
            receipt.give(CommandStatus::ROK);
        }
        self.handsets.drain(..).for_each(|(handset, status)| handset.give(status));
        if std::mem::take(&mut self.otp_due) {
            inner.otp.due.notify_one();
        }
        if std::mem::take(&mut self.handset_given_up) {
            inner.handset_given_up.notify_one();
        }
    }
}

impl Acknowledgement {
    /// It is stored, or with a node that stores it.
    pub(crate) fn give(self, status: CommandStatus) {
        match self {
            // A link that has gone will bring it again; it is recognised then.
            Self::Session { session, request, .. } => session.respond_error(request, status),
            Self::Node(_) => {}
        }
    }

    /// Temporary, whatever is wrong with us: who brought it brings it again.
    pub(crate) fn refuse(self) {
        match self {
            Self::Session { session, request, cannot_store } => session.respond_error(request, cannot_store),
            Self::Node(brought) => brought.refuse(),
        }
    }
}

impl Reply {
    /// Whether nobody waits for the answer any more: the client has gone before its message was taken.
    pub(super) fn is_abandoned(&self) -> bool {
        matches!(self, Self::Wait(reply) if reply.is_closed())
    }

    /// Why its client may submit nothing any more: what waited here while that was decided is not taken.
    pub(super) fn revoked(&self) -> Option<ErrorCode> {
        match self {
            Self::Wait(_) => None,
            Self::Smpp(reply) => reply.revoked(),
            Self::Multi(reply) => reply.revoked(),
        }
    }

    /// The id that the client is given for a message with this one, when it is another.
    pub(super) fn answered_id(&self, id: MessageId) -> Option<MessageId> {
        match self {
            Self::Multi(reply) => Some(reply.known_as(id)).filter(|known| *known != id),
            _ => None,
        }
    }

    fn accepted(self, submitted: Submitted) {
        match self {
            // A client that has gone finds its message by its idempotency key or in the list.
            Self::Wait(reply) => drop(reply.send(Ok(submitted))),
            Self::Smpp(reply) => reply.accepted(&submitted),
            Self::Multi(reply) => reply.accepted(),
        }
    }

    fn refused(self, refusal: Refusal) {
        match self {
            Self::Wait(reply) => drop(reply.send(Err(refusal))),
            Self::Smpp(reply) => reply.refused(refusal.code),
            Self::Multi(reply) => reply.refused(refusal.code),
        }
    }
}
