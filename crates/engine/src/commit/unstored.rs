//! What becomes of a group that the database does not read or store: what is new is refused, what has happened is tried again, and nothing is guessed.

use std::sync::atomic::Ordering;

use sambac_domain::error::ErrorCode;
use sambac_domain::planted::{Bug, planted};
use sambac_store::StoreError;

use super::after::After;
use super::gather::Gathering;
use super::{Committer, New, RETRY_PAUSE, Write};

impl Committer {
    /// The database does not answer: new messages are refused at once, everything else waits.
    pub(super) async fn cannot_read(&mut self, error: &StoreError, inbox: &mut Vec<Write>, waiting: &mut Gathering) {
        tracing::error!(%error, "messages cannot be read");
        self.inner.metrics.commit_failed();
        self.inner.store_away.store(true, Ordering::Relaxed);
        for write in inbox.extract_if(.., |write| may_come_again(write)) {
            self.turn_down(write);
        }
        self.turn_down_new(waiting);
        tokio::time::sleep(RETRY_PAUSE).await;
    }

    /// Whoever brings something new while the database does not do what it is to do is told so, and does not wait for it.
    fn turn_down_new(&mut self, waiting: &mut Gathering) {
        for write in waiting.sift(may_come_again) {
            self.turn_down(write);
        }
        self.after.tell_refused();
    }

    /// The database refused the batch: its messages are refused, the rest waits a moment and is tried again. True when it
    /// turns out that the batch was stored all the same, or that there is nothing left to store.
    pub(super) async fn refused(&mut self, error: &StoreError, new: &mut Option<New>, waiting: &mut Gathering) -> bool {
        self.inner.metrics.commit_failed();
        self.inner.store_away.store(true, Ordering::Relaxed);
        // Also when it turns out to be stored: what comes again is recognised.
        self.after.refuse_receipts();
        if let StoreError::Damaged(why) = error {
            self.inner.lose_files(why);
            self.promise_nothing();
            return true;
        }
        let fenced = matches!(error, StoreError::Conflict("ledger_shards"));
        let may_be_stored = fenced || matches!(error, StoreError::Unavailable(_)) && !planted(Bug::LostAnswerIsRefusal);
        if may_be_stored && self.was_stored().await {
            tracing::warn!(%error, "a commit was answered by an error and is stored all the same");
            return true;
        }
        if fenced {
            self.give_up_shard().await;
            return true;
        }
        if let Some(new) = new.take().filter(New::is_some) {
            let (messages, commands) = (new.lengths.messages, new.lengths.commands);
            tracing::error!(%error, messages, commands, "the database refused a batch; what is new in it is refused");
            self.unspend_first(new.lengths.spending);
            self.batch.drop_first(&new.lengths);
            if !planted(Bug::MoneyOfRefusedKept) {
                self.inner.ledger().forget_first(new.money);
            }
            if !planted(Bug::RefusedBatchAnswered) {
                self.after.refuse_accepts();
            }
            self.after.tell_refused();
            return false;
        }
        match error {
            StoreError::Conflict(why) => self.quarantine(why),
            StoreError::Statement(why) => self.quarantine(why),
            _ => {}
        }
        self.turn_down_new(waiting);
        tokio::time::sleep(RETRY_PAUSE).await;
        false
    }

    /// Asks until the database answers whether the batch is in it: a connection may break after a commit and before its
    /// answer.
    async fn was_stored(&mut self) -> bool {
        let head = self.chain.seal(&mut self.batch, self.now);
        loop {
            match self.inner.own_store.contains(&self.batch).await {
                Ok(stored) => {
                    if stored {
                        self.chain.advance(head);
                    }
                    return stored;
                }
                Err(error) => tracing::error!(%error, "the database does not say whether a batch is stored"),
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// What is in memory contradicts what is stored. Nothing of the batch was written, and nothing of it will be, so that
    /// money cannot move twice: all its messages and the wallets are read again before anything is decided for them.
    fn quarantine(&mut self, why: &str) {
        let messages: Vec<_> = self.pinned.ids().collect();
        tracing::error!(why, ?messages, "invariant broken: a batch was given up; its messages are read again");
        self.inner.metrics.invariant_broken();
        messages.into_iter().for_each(|id| self.inner.live.remove(id));
        for intent in &self.batch.intents {
            self.open_intents.remove(&intent.id);
            self.announced.retain(|segment| !intent.segments.contains(segment));
        }
        self.batch.clear();
        self.inner.ledger().committed();
        self.after.drop_promises();
        self.out_of_step = true;
    }

    /// Another process writes the shard now. Nothing of the batch was stored: who waits for an answer is told to ask again, of
    /// whoever serves then.
    async fn give_up_shard(&mut self) {
        let shards = self.inner.own_store.shards().await.unwrap_or_default();
        self.inner.lose_shard(shards.iter().find(|row| row.id == self.chain.head().shard));
        self.promise_nothing();
    }

    /// Nobody is told that anything of the batch is stored.
    fn promise_nothing(&mut self) {
        self.batch.clear();
        self.after.refuse_accepts();
        self.after.tell_refused();
        self.after.drop_promises();
        // Whoever else waits learns that it was not done.
        self.after = After::default();
    }

    /// This process has lost its shard: nothing is decided any more.
    pub(super) fn turn_away(&mut self, inbox: &mut Vec<Write>) {
        for write in inbox.drain(..) {
            self.turn_down(write);
        }
        self.after.tell_refused();
    }

    /// Refuses a write that nobody decides on. Whoever waits for one of another kind learns that it was not done.
    fn turn_down(&mut self, write: Write) {
        match write {
            Write::Accept(accept) => self.after.refuse(accept.reply, ErrorCode::ServiceUnavailable.into()),
            Write::Charge(request) => self.after.refuse_charge(request.reply),
            Write::Otp(otp) => self.after.refuse_otp(*otp),
            Write::Handset { acknowledge, .. } => acknowledge.refuse(),
            Write::Receipt(receipt) => receipt.from.refuse(),
            _ => {}
        }
    }
}

/// Whether whoever brought it can be told to bring it again.
fn may_come_again(write: &Write) -> bool {
    write.may_be_refused() || matches!(write, Write::Receipt(receipt) if receipt.from.is_of_session())
}
