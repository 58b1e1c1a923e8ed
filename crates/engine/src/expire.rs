//! The end of what has had its time: messages that were never sent, those whose receipt never came, idempotency keys.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::MessageId;
use sambac_domain::planted::{Bug, planted};
use sambac_domain::time::Timestamp;
use sambac_store::{Expiring, StoreError};
use tokio::sync::oneshot;

use crate::Inner;
use crate::commit::Write;

/// How often messages are looked for that were not sent in time.
const INTERVAL: Duration = Duration::from_millis(250);
/// How often they are looked for once more, and those whose receipts are overdue.
const LATE_INTERVAL: Duration = Duration::from_secs(1);
/// How often old idempotency keys are removed.
const PURGE_INTERVAL: Duration = Duration::from_secs(600);
/// How long an idempotency key gives its answer again.
const IDEMPOTENCY_KEPT: Duration = Duration::from_secs(3 * 86_400);
/// Removed at once.
const KEYS_PAGE: u32 = 5_000;
/// Messages ended at once.
const PAGE: u32 = 500;
/// How long after its validity an unsent message is ended: what was on its way to a link or into the table in the last moment
/// is decided there.
const UNSENT_GRACE: Duration = Duration::from_millis(250);
/// When it is looked for once more, whatever kept it from being ended.
const LEFT_GRACE: Duration = Duration::from_secs(60);

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut often = tokio::time::interval(INTERVAL);
    often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut seldom = tokio::time::interval(LATE_INTERVAL);
    seldom.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut purge = tokio::time::interval(PURGE_INTERVAL);
    let mut unsent = Cursor::of(Expiring::Unsent);
    let mut left = Cursor::of(Expiring::Unsent);
    let mut unanswered = Cursor::of(Expiring::Open);
    loop {
        tokio::select! {
            _ = often.tick() => unsent.sweep(&inner, UNSENT_GRACE).await,
            _ = seldom.tick() => {
                left.sweep(&inner, LEFT_GRACE).await;
                unanswered.sweep(&inner, inner.settings.receipt_grace).await;
            }
            _ = purge.tick() => purge_idempotency(&inner).await,
            () = inner.stopping.cancelled() => return,
        }
    }
}

async fn purge_idempotency(inner: &Inner) {
    let before = inner.clock.now().saturating_sub(IDEMPOTENCY_KEPT);
    while !inner.stopping.is_cancelled() {
        match inner.store.purge_idempotency(before, KEYS_PAGE).await {
            Ok(purged) if purged < KEYS_PAGE.into() => return,
            Ok(_) => {}
            Err(error) => return tracing::error!(%error, "old idempotency keys were not removed"),
        }
    }
}

/// Up to which validity the table was looked through, for one kind of messages. Each is looked at once: those that may still be
/// answered or get a receipt are met again by a later sweep.
struct Cursor {
    which: Expiring,
    expires_at: Timestamp,
    id: MessageId,
}

impl Cursor {
    const fn of(which: Expiring) -> Self {
        Self { which, expires_at: Timestamp::EPOCH, id: MessageId::from_raw(0) }
    }

    async fn sweep(&mut self, inner: &Inner, grace: Duration) {
        if planted(Bug::ExpiryNotSwept) {
            return;
        }
        let until = inner.clock.now().saturating_sub(grace);
        if until < self.expires_at {
            *self = Self::of(self.which); // The clock was set back: look through everything once more.
        }
        if let Err(error) = self.sweep_until(inner, until).await {
            tracing::error!(%error, "expired messages were not read");
        }
    }

    /// Hands every message whose validity ended by `until` to the group commit, which knows how far it is.
    async fn sweep_until(&mut self, inner: &Inner, until: Timestamp) -> Result<(), StoreError> {
        loop {
            let page = self.page(inner, until).await?;
            let Some(&last) = page.last() else { break };
            let is_last = page.len() < PAGE as usize;
            let (done, decided) = oneshot::channel();
            let messages = page.into_iter().map(|(_, id)| id).collect();
            if !inner.write(Write::Expire { messages, done }).await || decided.await.is_err() {
                return Ok(()); // Not decided: the next sweep begins with them.
            }
            (self.expires_at, self.id) = last;
            if is_last {
                break;
            }
        }
        if self.which == Expiring::Unsent {
            // What lies between is sent: looking over it again and again would cost more the longer nothing is unsent.
            (self.expires_at, self.id) = (until, MessageId::from_raw(i64::MAX));
        }
        Ok(())
    }

    async fn page(&self, inner: &Inner, until: Timestamp) -> Result<Vec<(Timestamp, MessageId)>, StoreError> {
        inner.store.messages_expiring(self.which, (self.expires_at, self.id), until, PAGE).await
    }
}
