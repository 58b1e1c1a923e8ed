//! The group commit: the only writer of messages, money and notices.
//!
//! It takes whatever waits when its last flush has returned, decides in memory, stores all of it in one transaction, and only
//! then lets the outside know. Under load a batch is large and its cost is shared; alone, a message waits for nothing.
//!
//! When the database refuses, the messages of the batch are refused, and everything else, which is about what has already
//! happened outside, is stored again and again until it succeeds: answers and receipts are never dropped.

mod accept;
mod after;
mod answer;
mod asked;
mod awaiting;
mod broken;
mod charges;
mod chunk;
mod correction;
mod credit;
mod found;
mod gather;
mod handover;
mod handset;
mod heard;
mod held_back;
mod in_doubt;
mod last_words;
mod load;
mod no_id;
mod notice;
mod opt_out;
mod orphans;
mod otp;
pub(crate) mod outcome;
mod part_groups;
mod receipt;
mod reference;
mod release;
mod reload;
mod settle;
mod speak_for_all;
pub(crate) mod spend;
mod told;
mod unrouted;
mod unstored;
mod withdraw;
mod write;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sambac_domain::id::{IntentId, MessageId, SegmentId};
use sambac_domain::ledger::Mark;
use sambac_domain::planted::{Bug, planted};
use sambac_domain::spending::Meter;
use sambac_domain::time::Timestamp;
use sambac_store::rows::AccountRow;
use sambac_store::{Batch, Chain, Lengths, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::Inner;
use crate::breakage::{self, Hand};
use crate::by_id::{ById, Ids};
use crate::kill_point;
use crate::live::Live;
use crate::snapshot::Snapshot;
use after::After;
use awaiting::Awaiting;
use charges::Charges;
use credit::Credits;
use gather::Gathering;
use handset::Handsets;
use heard::Heard;
use in_doubt::InDoubt;
pub(crate) use in_doubt::LATE;
use load::Pinned;
use orphans::Orphans;
use otp::Otps;
use part_groups::PartGroups;
use reference::References;

pub(crate) use asked::{Queried, Recalled};
pub(crate) use credit::{Credit, Credited, Settles};
pub(crate) use found::Found;
pub(crate) use last_words::LastWords;
pub(crate) use opt_out::OptOutWrite;
pub(crate) use otp::{OtpCheck, OtpSend, OtpWrite, SettledOtp};
pub use release::Released;
pub(crate) use release::{Gives, Release};
pub(crate) use told::to_replay;
pub(crate) use withdraw::{Replace, Replacement, Withdraw};
pub(crate) use write::{
    Accept, Acknowledgement, Adopted, Announcement, Answer, AnswerOutcome, Brought, Chunk, HandsetIn, Intent, Left,
    Loaded, NoticeDone, NoticeRetry, ReceiptFrom, ReceiptIn, Recovered, Reply, WebhookLog, Write,
};
pub(crate) use write::{key_of, target_of};

/// What the group commit knows of money when it begins.
pub(crate) struct Money {
    /// Whose wallets are kept.
    pub(crate) accounts: Vec<AccountRow>,
    /// What they have spent.
    pub(crate) meter: Meter,
    /// Seals what is written of money.
    pub(crate) chain: Chain,
}

/// What is new in a batch: its clients may be told to come again.
struct New {
    lengths: Lengths,
    money: Mark,
}

impl New {
    fn is_some(&self) -> bool {
        let Lengths { messages, recipients, mo_messages, mo_segments, commands, otp_updates, .. } = self.lengths;
        messages + recipients + mo_messages + mo_segments + commands + otp_updates > 0
    }
}

/// How long to wait before a batch that the database refused is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The task's own state.
pub(crate) struct Committer {
    inner: Arc<Inner>,
    snapshot: Arc<Snapshot>,
    batch: Batch,
    after: After,
    /// Announced segments whose answer is not stored yet, per intent.
    open_intents: ById<IntentId, usize>,
    /// Segments that are announced and not answered.
    announced: Ids<SegmentId>,
    /// Segments whose rows change with this batch.
    dirty: ById<SegmentId, Arc<Live>>,
    orphans: Orphans,
    in_doubt: InDoubt,
    handsets: Handsets,
    heard: Heard,
    awaiting: Awaiting,
    references: References,
    part_groups: PartGroups,
    /// Segments that nothing can be done for but wait: never to be sent again.
    waiting: Ids<SegmentId>,
    /// Messages whose text was replaced after they were queued.
    replaced: Ids<MessageId>,
    pinned: Pinned,
    /// Messages that end with this batch: kept in memory until it is stored, for receipts that come twice.
    ended: Vec<MessageId>,
    /// Commands of other services.
    charges: Charges,
    /// Money that has come in.
    credits: Credits,
    /// One-time codes.
    otps: Otps,
    /// What accounts have spent.
    meter: Meter,
    /// Seals what is written of money.
    chain: Chain,
    /// Whose wallets are kept.
    accounts: Vec<AccountRow>,
    /// The wallets in memory are not what is stored: they are read again before the next batch.
    out_of_step: bool,
    /// What is being decided, for the case that the program breaks on it.
    in_hand: Option<Hand>,
    now: Timestamp,
}

/// Runs until every sender of writes is gone.
pub(crate) async fn run(inner: Arc<Inner>, money: Money, writes: mpsc::Receiver<Write>) {
    LastWords::of("the group commit", take(inner, money, writes)).await;
}

async fn take(inner: Arc<Inner>, money: Money, writes: mpsc::Receiver<Write>) {
    let mut gathering = Gathering::new(writes, inner.settings.group_max);
    let mut committer = Committer::new(inner, money);
    let mut inbox = Vec::new();
    loop {
        tokio::select! {
            biased;
            any = gathering.first(&mut inbox) => if !any { return },
            () = committer.inner.closing.cancelled(), if !gathering.is_closed() => {
                gathering.close();
                continue;
            }
        }
        let starving = committer.inner.starving.load(Ordering::Relaxed) > 0;
        gathering.more(&mut inbox, starving).await;
        gathering.share(&committer.inner, &mut inbox);
        if starving && gathering.has_rested() {
            // Answers first, by themselves: only their commit makes room in a window.
            let mut answers: Vec<_> = inbox.extract_if(.., |write| matches!(write, Write::Answer(_))).collect();
            committer.group(&mut answers, &mut gathering).await;
        }
        committer.group(&mut inbox, &mut gathering).await;
    }
}

impl Committer {
    pub(crate) fn new(inner: Arc<Inner>, money: Money) -> Self {
        let Money { accounts, meter, chain } = money;
        let snapshot = inner.snapshot.load_full();
        Self {
            inner,
            snapshot,
            batch: Batch::default(),
            after: After::default(),
            open_intents: ById::default(),
            announced: Ids::default(),
            dirty: ById::default(),
            orphans: Orphans::default(),
            in_doubt: InDoubt::default(),
            handsets: Handsets::default(),
            heard: Heard::default(),
            awaiting: Awaiting::default(),
            references: References::default(),
            part_groups: PartGroups::default(),
            waiting: Ids::default(),
            replaced: Ids::default(),
            pinned: Pinned::default(),
            ended: Vec::new(),
            charges: Charges::default(),
            credits: Credits::default(),
            otps: Otps::default(),
            meter,
            chain,
            accounts,
            out_of_step: false,
            in_hand: None,
            now: Timestamp::EPOCH,
        }
    }

    /// Decides, stores and announces one group of writes.
    async fn group(&mut self, inbox: &mut Vec<Write>, waiting: &mut Gathering) {
        if inbox.is_empty() {
            return;
        }
        if self.inner.fenced.is() {
            return self.turn_away(inbox);
        }
        self.now = self.inner.clock.now();
        self.snapshot = self.inner.snapshot.load_full();
        while let Err(error) = self.load(inbox).await {
            if let StoreError::Damaged(why) = &error {
                self.inner.lose_files(why);
                return self.turn_away(inbox);
            }
            self.cannot_read(&error, inbox, waiting).await;
        }
        let mut reloads = Vec::new();
        // Messages first, so that they alone can be taken out again when the database refuses.
        for accept in inbox.extract_if(.., |write| write.may_be_refused()) {
            self.decide(accept, &mut reloads).await;
        }
        let new = New { lengths: self.batch.lengths(), money: self.inner.ledger().mark() };
        for write in inbox.drain(..) {
            self.decide(write, &mut reloads).await;
        }
        self.write_dirty();
        self.store(new, waiting).await;
        self.inner.store_away.store(false, Ordering::Relaxed);
        self.pinned.clear();
        let out_of_step = std::mem::take(&mut self.out_of_step);
        if !reloads.is_empty() || out_of_step {
            self.reload(reloads, out_of_step).await;
        }
    }

    /// Reads everything that the group is about.
    async fn load(&mut self, inbox: &[Write]) -> Result<(), StoreError> {
        self.load_missing(inbox).await?;
        self.load_charges(inbox).await?;
        self.load_credits(inbox).await?;
        self.load_otps(inbox).await?;
        self.load_handsets(inbox).await
    }

    /// Applies a write. Should the program break on it, the process ends with what was in hand stored.
    async fn decide(&mut self, write: Write, reloads: &mut Vec<(Option<Loaded>, oneshot::Sender<()>)>) {
        self.in_hand = None;
        if let Err(reason) = breakage::caught(|| self.apply(write, reloads)) {
            self.inner.last_words(self.in_hand, reason).await;
        }
    }

    fn apply(&mut self, write: Write, reloads: &mut Vec<(Option<Loaded>, oneshot::Sender<()>)>) {
        match write {
            Write::Accept(accept) => self.accept(*accept),
            Write::Chunk(chunk) => self.chunk(*chunk),
            Write::Charge(request) => self.charge(*request),
            Write::Credit(credit) => self.credit(*credit),
            Write::Otp(otp) => self.otp(*otp),
            Write::ExpireHolds { holds, done } => self.expire_holds(&holds, done),
            Write::Verified { message, done } => self.verified(message, done),
            Write::Unverified { segments, done } => {
                self.unverified(&segments);
                self.after.tell(done);
            }
            Write::Intent(intent) => self.intent(intent),
            Write::Answer(answer) => self.answer(*answer),
            Write::Receipt(receipt) => self.receipt(*receipt),
            Write::Handset { incoming, acknowledge } => self.handset(*incoming, acknowledge),
            Write::HandsetDue { assemblies, deliveries, done } => self.handsets_due(&assemblies, &deliveries, done),
            Write::OptOut(write) => self.opt_out(*write),
            Write::Tell { account_id, kind, body, done } => self.tell(account_id, kind, body, done),
            Write::Nonce { row, done } => {
                self.batch.request_nonces.push(row);
                self.after.tell(done);
            }
            Write::TellAgain { account_id, webhook, events, done } => {
                self.tell_again(account_id, webhook, &events, done);
            }
            Write::NoticeDone(done) => self.notice_done(done),
            Write::NoticeRetry(retry) => self.notice_retry(retry),
            Write::Due { queued, queue, done } => self.due(queued, queue, done),
            Write::Queried(queried) => self.queried(*queried),
            Write::Recalled(recalled) => self.recalled(recalled),
            Write::Withdraw(withdraw) => self.withdraw(withdraw),
            Write::Replace(replace) => self.replace(*replace),
            Write::Expire { messages, done } => {
                self.expire(&messages);
                self.after.tell(done);
            }
            Write::Recovered(recovered) => self.recovered(&recovered),
            Write::Adopted(adopted) => self.adopted(adopted),
            Write::Waiting(left) => self.waiting_left(*left),
            Write::Rekey { segments, done } => {
                self.rekey(&segments);
                self.after.tell(done);
            }
            Write::Replay { ended, done } => {
                self.replay(&ended);
                self.after.tell(done);
            }
            Write::Unrouted { ids, dismiss, done } => self.unrouted(&ids, dismiss, done),
            Write::Release(release) => self.release(release),
            Write::Stored(done) => self.after.tell(done),
            Write::Dismiss { orphans, done } => self.dismiss(&orphans, done),
            Write::Reload { loaded, done } => reloads.push((loaded, done)),
            #[cfg(test)]
            Write::Panic => last_words::tests::panics(),
        }
    }

    /// Stores the batch, then lets the outside know.
    async fn store(&mut self, new: New, waiting: &mut Gathering) {
        let mut new = Some(new);
        loop {
            self.post();
            if self.batch.is_empty() {
                break;
            }
            let started = Instant::now();
            kill_point::reached("before_commit");
            if planted(Bug::AckBeforeFlush) {
                self.after.answer_accepted();
            }
            match self.inner.own_store.commit_next(&mut self.batch, &mut self.chain, self.now).await {
                Ok(()) => {
                    kill_point::reached("after_commit");
                    self.inner.metrics.committed(started.elapsed(), &self.batch);
                    break;
                }
                Err(error) => {
                    if self.refused(&error, &mut new, waiting).await {
                        break;
                    }
                }
            }
        }
        self.inner.ledger().committed();
        self.keep_sealed_holds();
        self.snapshot.opt_outs.apply(&self.batch.opt_outs);
        self.batch.clear();
        self.ended.drain(..).for_each(|id| self.inner.live.remove(id));
        self.after.run(&self.inner);
        kill_point::reached("between_batches");
    }

    fn post(&mut self) {
        self.batch.postings.clear();
        self.batch.balances.clear();
        self.batch.blocks.clear();
        self.batch.fences.clear();
        self.inner.ledger().write(&mut self.batch, self.now);
    }
}
