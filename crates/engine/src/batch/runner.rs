//! Works batches off: the oldest of each account, some recipients at a time, each time in one commit.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, BatchId};
use sambac_store::StoreError;
use sambac_store::rows::BatchRow;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::BatchContent;
use super::call_off::withdraw_all;
use super::content::Common;
use crate::Inner;
use crate::commit::{Chunk, Write};
use crate::rate::{Limit, too_often};
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;
use crate::submit::{Draft, prepare};

/// How often it is looked for what nobody told of.
const INTERVAL: Duration = Duration::from_secs(5);
/// Accounts whose batches are worked off at once.
const RUNNING_MAX: usize = 8;
/// Recipients decided in one commit.
const CHUNK: usize = 200;
/// The shortest time between two turns of an account that waits for its throughput.
const TURN: Duration = Duration::from_millis(50);
/// How long nothing is tried after the database or the group commit had no room.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.batches.due.notified() => {}
            () = inner.stopping.cancelled() => return,
        }
        if let Err(error) = begin_due(&inner).await {
            tracing::error!(%error, "batches that are under way were not read");
        }
    }
}

async fn begin_due(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let most = u32::try_from(RUNNING_MAX * 2).unwrap_or(u32::MAX);
    for (account, id) in inner.store.oldest_open_batches(most).await? {
        let is_free = {
            let mut running = inner.batches.running();
            running.len() < RUNNING_MAX && running.insert(account)
        };
        if is_free {
            inner.tasks.spawn(work_off(Arc::clone(inner), account, id));
        }
    }
    Ok(())
}

async fn work_off(inner: Arc<Inner>, account: AccountId, id: BatchId) {
    tokio::select! {
        worked = Work::run(&inner, account, id) => if let Err(error) = worked {
            tracing::error!(%error, batch = %id, "a batch was not worked off; it is tried again");
            tokio::time::sleep(PAUSE).await;
        },
        // The next process goes on with it.
        () = inner.draining.cancelled() => {}
    }
    inner.batches.running().remove(&account);
    inner.batches.due.notify_one();
}

/// A batch that is worked off.
struct Work<'a> {
    inner: &'a Arc<Inner>,
    id: BatchId,
    content: BatchContent,
    common: Common,
}

/// Some recipients that are decided together, and until when the next one has to wait.
struct Decided {
    items: Vec<Result<Draft, Refusal>>,
    wait_until: Option<Instant>,
}

impl Work<'_> {
    async fn run(inner: &Arc<Inner>, account: AccountId, id: BatchId) -> Result<(), StoreError> {
        let Some(row) = inner.store.batch(account, id).await? else { return Ok(()) };
        match Work::read(inner, &row) {
            Some(work) => {
                if row.canceled_at.is_some() {
                    inner.batches.call_off(id);
                }
                work.run_to_its_end(account).await?;
            }
            None => tracing::error!(batch = %id, "a batch cannot be read and is given up"),
        }
        inner.store.end_batch(id, inner.clock.now(), true).await?;
        inner.batches.called_off().remove(&id);
        inner.batches.moved.notify_waiters();
        Ok(())
    }

    fn read<'a>(inner: &'a Arc<Inner>, row: &BatchRow) -> Option<Work<'a>> {
        let plain = inner.settings.seal.open_once(row.id.raw(), &row.content.as_ref()?.0).ok()?;
        let content: BatchContent = serde_json::from_slice(&plain).ok()?;
        let common = content.common((row.account_id, row.api_key_id), row.created_at).ok()?;
        Some(Work { inner, id: row.id, content, common })
    }

    /// Also when it is called off in the last moment.
    async fn run_to_its_end(&self, account: AccountId) -> Result<(), StoreError> {
        loop {
            self.run_all().await?;
            let row = self.inner.store.batch(account, self.id).await?;
            let is_called_off = row.is_none_or(|row| row.canceled_at.is_some());
            if is_called_off {
                withdraw_all(self.inner, self.id).await?;
            }
            if self.inner.store.end_batch(self.id, self.inner.clock.now(), is_called_off).await? {
                return Ok(());
            }
        }
    }

    async fn run_all(&self) -> Result<(), StoreError> {
        loop {
            // What is stored is believed, whatever was answered.
            let (done, _) = self.inner.store.batch_progress(self.id).await?;
            let mut done = usize::try_from(done).unwrap_or(usize::MAX);
            while done < self.content.recipients.len() {
                let Decided { items, wait_until } = self.decide(done).await;
                let count = items.len();
                if count > 0 && !self.store(done, items).await {
                    break;
                }
                done += count;
                if let Some(at) = wait_until {
                    // No longer than that, as their validity may end meanwhile; no shorter, as each turn costs a commit.
                    let now = Instant::now();
                    let turned = self.inner.batches.turned.notified();
                    if !self.is_called_off() {
                        let _ = timeout_at(at.clamp(now + TURN, now + INTERVAL), turned).await;
                    }
                }
            }
            if done >= self.content.recipients.len() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The recipients from number `from` on, as far as the account's throughput allows.
    async fn decide(&self, from: usize) -> Decided {
        if self.is_called_off() {
            let left = self.content.recipients.len().saturating_sub(from).min(CHUNK);
            let refused = || Refusal::new(ErrorCode::Canceled, "the batch was called off before its turn came");
            return Decided { items: (0..left).map(|_| Err(refused())).collect(), wait_until: None };
        }
        let snapshot = self.inner.snapshot.load_full();
        let now = Instant::now();
        let mut items = Vec::new();
        for recipient in self.content.recipients.iter().skip(from).take(CHUNK) {
            let at = self.inner.clock.now();
            let request = self.content.request(&self.common, recipient, (&snapshot, at));
            let draft = request.and_then(|request| prepare(&snapshot, request, at));
            let within = match draft {
                Ok(draft) => self.within_limits(&snapshot, draft, now).await,
                Err(refusal) => Err(refusal),
            };
            match within {
                Ok(Ok(draft)) => items.push(Ok(draft)),
                Ok(Err(at)) => return Decided { items, wait_until: Some(at) },
                Err(refusal) => items.push(Err(refusal)),
            }
        }
        Decided { items, wait_until: None }
    }

    fn is_called_off(&self) -> bool {
        self.inner.batches.called_off().contains(&self.id)
    }

    /// The draft, or when there is room for it: a batch waits where a single message would be refused.
    async fn within_limits(
        &self,
        snapshot: &Snapshot,
        draft: Draft,
        now: Instant,
    ) -> Result<Result<Draft, Instant>, Refusal> {
        let Some(account) = snapshot.account(draft.request.account_id) else { return Ok(Ok(draft)) };
        let limits = self.inner.limits_of(account, &draft);
        match self.inner.take(&limits, now).await.refused {
            None => {}
            Some((place, wait)) if limits.get(place).is_some_and(Limit::is_of_number) => {
                return Err(too_often(wait).at("/to"));
            }
            Some((_, wait)) => return Ok(Err(now + wait)),
        }
        Ok(Ok(draft))
    }

    /// False when nothing of it was stored, for a reason that may be gone soon.
    async fn store(&self, first: usize, items: Vec<Result<Draft, Refusal>>) -> bool {
        let Some(place) = self.inner.admission.take(PAUSE).await else { return false };
        let (done, stored) = oneshot::channel();
        let first = u32::try_from(first).unwrap_or(u32::MAX);
        let chunk = Chunk { batch: self.id, first, items, done, place };
        self.inner.write(Write::Chunk(Box::new(chunk))).await && stored.await.is_ok()
    }
}
