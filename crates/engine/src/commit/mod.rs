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
mod gather;
mod in_doubt;
mod load;
mod notice;
mod orphans;
pub(crate) mod outcome;
mod receipt;
mod write;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sambac_domain::id::{IntentId, MessageId, SegmentId};
use sambac_domain::time::Timestamp;
use sambac_store::rows::AccountRow;
use sambac_store::{Batch, Lengths, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::Inner;
use crate::live::Live;
use crate::snapshot::Snapshot;
use after::After;
use gather::Gathering;
use in_doubt::InDoubt;
use orphans::Orphans;

pub(crate) use write::{
    Accept, Announcement, Answer, AnswerOutcome, Found, Intent, Loaded, NoticeDone, NoticeRetry, ReceiptIn, Reply,
    Write,
};
pub(crate) use write::{key_of, target_of};

/// How long to wait before a batch that the database refused is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The task's own state.
pub(crate) struct Committer {
    inner: Arc<Inner>,
    snapshot: Arc<Snapshot>,
    batch: Batch,
    after: After,
    /// Announced segments whose answer is not stored yet, per intent.
    open_intents: HashMap<IntentId, usize>,
    /// Segments that are announced and not answered.
    announced: HashSet<SegmentId>,
    /// Segments whose rows change with this batch.
    dirty: HashMap<SegmentId, Arc<Live>>,
    orphans: Orphans,
    in_doubt: InDoubt,
    /// Messages that end with this batch: kept in memory until it is stored, for receipts that come twice.
    ended: Vec<MessageId>,
    /// Whose wallets are kept.
    accounts: Vec<AccountRow>,
    /// The wallets in memory are not what is stored: they are read again before the next batch.
    out_of_step: bool,
    now: Timestamp,
}

/// Runs until every sender of writes is gone.
pub(crate) async fn run(inner: Arc<Inner>, accounts: Vec<AccountRow>, writes: mpsc::Receiver<Write>) {
    let mut gathering = Gathering::new(writes, inner.settings.group_max);
    let mut committer = Committer::new(inner, accounts);
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
        if starving {
            // Answers first, by themselves: only their commit makes room in a window.
            let mut answers: Vec<_> = inbox.extract_if(.., |write| matches!(write, Write::Answer(_))).collect();
            committer.group(&mut answers).await;
        }
        committer.group(&mut inbox).await;
    }
}

impl Committer {
    pub(crate) fn new(inner: Arc<Inner>, accounts: Vec<AccountRow>) -> Self {
        let snapshot = inner.snapshot.load_full();
        Self {
            inner,
            snapshot,
            batch: Batch::default(),
            after: After::default(),
            open_intents: HashMap::new(),
            announced: HashSet::new(),
            dirty: HashMap::new(),
            orphans: Orphans::default(),
            in_doubt: InDoubt::default(),
            ended: Vec::new(),
            accounts,
            out_of_step: false,
            now: Timestamp::EPOCH,
        }
    }

    /// Decides, stores and announces one group of writes.
    pub(crate) async fn group(&mut self, inbox: &mut Vec<Write>) {
        if inbox.is_empty() {
            return;
        }
        self.now = self.inner.clock.now();
        self.snapshot = self.inner.snapshot.load_full();
        self.load_missing(inbox).await;
        // Messages first, so that they alone can be taken out again when the database refuses.
        let mut rest = Vec::with_capacity(inbox.len());
        for write in inbox.drain(..) {
            match write {
                Write::Accept(accept) => self.accept(*accept),
                other => rest.push(other),
            }
        }
        let accepted = self.batch.lengths();
        let mut reloads = Vec::new();
        for write in rest {
            self.apply(write, &mut reloads);
        }
        self.write_dirty();
        self.store(accepted).await;
        if !reloads.is_empty() || std::mem::take(&mut self.out_of_step) {
            self.reload(reloads).await;
        }
    }

    fn apply(&mut self, write: Write, reloads: &mut Vec<(Option<Loaded>, oneshot::Sender<()>)>) {
        match write {
            Write::Accept(accept) => self.accept(*accept),
            Write::Intent(intent) => self.intent(intent),
            Write::Answer(answer) => self.answer(*answer),
            Write::Receipt(receipt) => self.receipt(*receipt),
            Write::NoticeDone(done) => self.notice_done(done),
            Write::NoticeRetry(retry) => self.notice_retry(retry),
            Write::Due { queued, queue, done } => self.due(queued, queue, done),
            Write::Expire(messages) => self.expire(&messages),
            Write::Recovered { intent, connector, segments } => self.recovered(intent, connector, &segments),
            Write::Orphans(rows) => self.orphans_left(rows),
            Write::Reload { loaded, done } => reloads.push((loaded, done)),
        }
    }

    /// Stores the batch, then lets the outside know.
    async fn store(&mut self, accepted: Lengths) {
        let mut accepted = Some(accepted);
        loop {
            self.post();
            if self.batch.is_empty() {
                break;
            }
            let started = Instant::now();
            match self.inner.store.commit(&self.batch).await {
                Ok(()) => {
                    self.inner.metrics.committed(started.elapsed(), &self.batch);
                    break;
                }
                Err(error) => self.refused(&error, accepted.take()).await,
            }
        }
        self.inner.ledger().committed();
        self.batch.clear();
        self.ended.drain(..).for_each(|id| self.inner.live.remove(id));
        self.after.run(&self.inner);
    }

    fn post(&mut self) {
        self.batch.postings.clear();
        self.batch.balances.clear();
        self.inner.ledger().post(&mut self.batch, self.now);
    }

    /// The database refused the batch: its messages are refused, the rest waits a moment and is tried again.
    async fn refused(&mut self, error: &StoreError, accepted: Option<Lengths>) {
        self.inner.metrics.commit_failed();
        if let Some(accepted) = accepted {
            tracing::error!(%error, messages = accepted.messages, "the database refused a batch; its messages are refused");
            self.batch.drop_first(&accepted);
            self.inner.ledger().forget_holds();
            self.after.refuse_accepts();
            return;
        }
        if let StoreError::Conflict(why) = error {
            return self.quarantine(why);
        }
        if let StoreError::Statement(why) = error {
            return self.quarantine(why);
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }

    /// What is in memory contradicts what is stored. Nothing of the batch was written; its final states are given up here,
    /// so that money cannot move twice, and the messages are read back when they are touched again.
    fn quarantine(&mut self, constraint: &str) {
        let messages: Vec<_> = self.batch.message_finals.iter().map(|row| row.id).collect();
        tracing::error!(constraint, ?messages, "invariant broken: final states not written, messages are read back");
        self.inner.metrics.invariant_broken();
        for id in messages {
            self.inner.live.remove(id);
        }
        self.batch.clear();
        self.after.drop_promises();
        self.out_of_step = true;
    }

    /// Takes over a configuration and reads the balances: now, between two batches, they are what memory says or newer.
    async fn reload(&mut self, reloads: Vec<(Option<Loaded>, oneshot::Sender<()>)>) {
        let (loaded, done): (Vec<_>, Vec<_>) = reloads.into_iter().unzip();
        for Loaded { snapshot, accounts } in loaded.into_iter().flatten() {
            if snapshot.version >= self.inner.snapshot.load().version {
                self.inner.snapshot.store(snapshot);
                self.accounts = accounts;
            }
        }
        match self.inner.store.balances().await {
            Ok(balances) => self.inner.ledger().load(&self.accounts, &balances),
            Err(error) => {
                tracing::error!(%error, "balances not reloaded");
                self.out_of_step = true;
            }
        }
        for done in done {
            // Nobody waiting any more is fine.
            let _ = done.send(());
        }
    }
}
