//! A connector on the node with the ledger, while another node has its binds.
//!
//! What waits for it is announced and published, a bounded number ahead, as long as that node says that a bind is up. Many publishes are open at a time;
//! what the broker has not confirmed when a link is lost is published again, marked. When nobody has the connector for a while, its line takes
//! back what lies in its queues, so that it can go another way.

mod left;
mod missed;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sambac_bus::amqp::BrokerError;
use sambac_bus::work::{
    Answered, Batch, Carried, CarriedSegment, Confirm, ConnectorSeen, Happened, Report, WorkBroker,
};
use sambac_bus::{Queued, TargetQueue, Task};
use sambac_domain::class::Lane;
use sambac_domain::id::{ConnectorId, SegmentId};
use sambac_domain::profile::Profile;
use sambac_store::rows::ConnectorRow;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer::outcome;
use super::asks;
use super::link::BrokerLink;
use super::open::{Announced, Open};
use crate::Inner;
use crate::commit::{Answer, Intent, Write, target_of};
use crate::connector::{ConnectorStatus, Looks};
use crate::lease::HeldLease;
use crate::metrics::ConnectorMetrics;
use crate::overdue::Questions;
use crate::{kill_point, relay};
use missed::Missed;

/// Segments of one lane that may be announced and without an answer: what lies in the broker is no more than that.
const AHEAD_MAX: usize = 2_000;
/// Segments of one intent.
const INTENT_MAX: usize = 500;
/// Segments of one message in a queue; those of one-time codes are fewer, as a node that dies leaves all of a message in doubt.
const BATCH_MAX: [usize; Lane::COUNT] = [16, 64, 64];
/// Publishes that may be without a confirm.
const CONFIRMS_MAX: usize = 256;
/// After how long without a word nobody has the connector.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Before a publish that the broker refused is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// See the module.
pub(crate) struct Line {
    inner: Arc<Inner>,
    id: ConnectorId,
    name: String,
    queue: Arc<TargetQueue>,
    link: Arc<BrokerLink>,
    open: Mutex<Open>,
    /// There is room again, or the connector is another way than before.
    changed: Notify,
    seen: Mutex<Option<Seen>>,
    metrics: ConnectorMetrics,
    questions: Questions,
    looks: Looks,
    /// With which settings it is there.
    setup: Mutex<Setup>,
    /// Everything that is open is to be published anew.
    anew: AtomicBool,
    /// Its connector is not wanted any more: nothing more is announced, and what is open is waited for.
    leaves: AtomicBool,
    over: CancellationToken,
}

/// What was last heard of the connector.
struct Seen {
    at: Instant,
    node: String,
    epoch: i64,
    how: ConnectorSeen,
}

/// What was published and is not confirmed.
struct Unconfirmed {
    batch: Batch,
    confirm: Confirm,
}

/// The settings of a connector.
type Setup = (Arc<ConnectorRow>, Option<Arc<Profile>>);

/// Starts a connector's line.
pub(super) fn start(inner: &Arc<Inner>, setup: Setup, link: &Arc<BrokerLink>) -> Arc<Line> {
    let row = Arc::clone(&setup.0);
    let line = Arc::new(Line {
        inner: Arc::clone(inner),
        id: row.id,
        name: row.name.clone(),
        queue: inner.bus.queue(target_of(row.id)),
        link: Arc::clone(link),
        open: Mutex::default(),
        changed: Notify::new(),
        seen: Mutex::default(),
        metrics: inner.metrics.connector(&row.name),
        questions: Questions::new(row.id, &row.name),
        looks: Looks::default(),
        setup: Mutex::new(setup),
        anew: AtomicBool::new(false),
        leaves: AtomicBool::new(false),
        over: inner.stopping.child_token(),
    });
    inner.tasks.spawn(relay::run(Arc::clone(inner), target_of(row.id), line.over.clone()));
    inner.tasks.spawn(run(Arc::clone(&line)));
    inner.tasks.spawn(asks::query(Arc::clone(&line)));
    line
}

async fn run(line: Arc<Line>) {
    let mut again = VecDeque::new();
    loop {
        let broker = tokio::select! {
            broker = line.link.up() => broker,
            () = line.over.cancelled() => return,
        };
        match line.serve(&broker, &mut again).await {
            Ok(()) => return,
            Err(BrokerError::Refused) => {
                tracing::warn!(connector = line.name, "the broker refused segments; tried again");
            }
            Err(error) => line.link.failed(&broker, &error),
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

impl Line {
    /// Its connector is wanted, or not: then it ends once it knows what became of everything that it has announced.
    pub(super) fn is_wanted(&self, is_wanted: bool) {
        // Under this lock: it is not over in the moment in which it is wanted again.
        let open = self.open();
        self.leaves.store(!is_wanted, Ordering::Release);
        drop(open);
        self.changed.notify_one();
    }

    /// Ends it, if its connector is not wanted any more and nothing is open.
    fn has_left(&self) -> bool {
        let open = self.open();
        let has_left = self.leaves() && open.segments.is_empty();
        if has_left {
            self.over.cancel();
        }
        has_left
    }

    /// Whether its connector is not wanted any more.
    pub(super) fn leaves(&self) -> bool {
        self.leaves.load(Ordering::Acquire)
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Waits until it is over.
    pub(super) async fn ended(&self) {
        self.over.cancelled().await;
    }

    pub(super) const fn id(&self) -> ConnectorId {
        self.id
    }

    pub(super) const fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    pub(super) const fn questions(&self) -> &Questions {
        &self.questions
    }

    /// Looks for what waits for subscribers.
    pub(super) const fn looks(&self) -> &Looks {
        &self.looks
    }

    /// Its settings may be other ones.
    pub(super) fn is_set_up(&self, setup: Setup) {
        let mut own = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        if *own != setup {
            *own = setup;
            self.questions.begin_anew(&self.inner);
        }
    }

    /// Whether somebody is there to ask, and nothing waits to be sent.
    pub(super) fn is_calm(&self) -> bool {
        self.link.is_up() && self.may_publish() && self.queue.is_empty()
    }

    /// How it is, as the node tells that has it.
    pub(super) fn status(&self) -> ConnectorStatus {
        let heard = self.heard();
        let how = heard.as_ref().filter(|seen| seen.is_fresh()).map(|seen| &seen.how);
        super::seen::status(self.id, &self.name, how, self.queue.len() + self.open().segments.len())
    }

    /// Everything that is announced is published anew, and what lies in the queues is thrown away.
    pub(super) fn rebuild(&self) {
        self.anew.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Segments that the last process has announced: they may have been published.
    pub(super) fn adopt(&self, announced: Announced, queued: Vec<Queued>) {
        let mut open = self.open();
        queued.into_iter().for_each(|queued| open.insert(announced, queued));
        self.anew.store(true, Ordering::Release);
    }

    /// Takes in how the connector is. The word of a node that had it before counts for nothing.
    pub(super) fn hears(&self, report: &Report, how: ConnectorSeen) {
        let mut heard = self.heard();
        if heard.as_ref().is_none_or(|seen| seen.epoch <= report.epoch) {
            if heard.as_ref().is_none_or(|seen| seen.node != report.node) {
                tracing::info!(connector = self.name, node = report.node, "it is another node's now");
            }
            self.metrics.bound(how.bound);
            if let Some(alerts) = &how.alerts {
                self.inner.alerts.binds_are(&self.name, alerts);
            }
            *heard = Some(Seen { at: Instant::now(), node: report.node.clone(), epoch: report.epoch, how });
        }
        drop(heard);
        self.changed.notify_one();
    }

    /// The write that an answer stands for; `None` when the segment has had one, or is another intent's.
    /// `orderly`: the holders of the connector's lease that have told everything before they went.
    pub(super) fn answered(&self, answered: Answered, orderly: Range<i64>) -> Option<Write> {
        let (announced, queued) = self.open().remove(answered.segment, answered.intent)?;
        let was_kept = announced.was_kept(&answered, &orderly, self.link.number());
        let happened = if was_kept { Happened::NotSent } else { answered.happened };
        self.changed.notify_one();
        // By this node's clock, as the intents are: the other one's may go otherwise.
        let now = self.inner.clock.now();
        let snapshot = self.inner.snapshot.load();
        Some(Write::Answer(Box::new(Answer {
            intent: answered.intent,
            connector: self.id,
            queued,
            queue: Arc::clone(&self.queue),
            segment: answered.segment,
            outcome: outcome(happened, snapshot.profile(self.id)),
            submitted_at: answered.submitted_at.map(|at| at.min(now)),
            answered_at: now,
            slot: None,
        })))
    }

    /// Carries by one link until it is lost; ends well when the line is over. `again` is what is to be published again.
    async fn serve(&self, broker: &Arc<WorkBroker>, again: &mut VecDeque<Batch>) -> Result<(), BrokerError> {
        let mut is_new = false;
        for lane in Lane::ALL {
            is_new |= !broker.declare(&self.link.queues().submit(self.id, lane)).await?;
        }
        broker.declare(&self.link.queues().ask(self.id)).await?;
        if is_new {
            // The broker has lost what it had.
            self.anew.store(true, Ordering::Release);
        }
        let mut unconfirmed = VecDeque::new();
        let carried = self.carry(broker, again, &mut unconfirmed).await;
        again.extend(unconfirmed.into_iter().map(|open: Unconfirmed| {
            open.confirm.settle();
            open.batch.once_more()
        }));
        carried
    }

    async fn carry(
        &self,
        broker: &Arc<WorkBroker>,
        again: &mut VecDeque<Batch>,
        unconfirmed: &mut VecDeque<Unconfirmed>,
    ) -> Result<(), BrokerError> {
        let (mut look, mut missed) = (tokio::time::interval(LOOK), Missed::default());
        loop {
            if self.anew.swap(false, Ordering::AcqRel) {
                *again = self.everything(broker).await.inspect_err(|_| self.anew.store(true, Ordering::Release))?;
            }
            while let Some(batch) = again.pop_front() {
                self.publish(broker, batch, unconfirmed).await?;
            }
            if unconfirmed.is_empty() && self.has_left() {
                return Ok(());
            }
            let took = unconfirmed.len() < CONFIRMS_MAX && self.may_publish() && self.next(broker, unconfirmed).await?;
            if took && !self.is_over() {
                continue;
            }
            tokio::select! {
                confirmed = first(unconfirmed), if !unconfirmed.is_empty() => confirmed?,
                () = self.queue.work(), if unconfirmed.len() < CONFIRMS_MAX => {}
                () = self.changed.notified() => {}
                _ = look.tick() => {
                    if !self.is_heard() {
                        self.metrics.bound(0);
                    }
                    if self.is_left() && !self.has_holder().await {
                        self.take_back(broker).await?;
                    }
                    again.extend(self.missed(broker, &mut missed).await?);
                }
                lost = self.link.lost(broker) => return Err(lost),
                () = self.over.cancelled() => return Ok(()),
            }
        }
    }

    /// Whether there is somebody who would send.
    fn may_publish(&self) -> bool {
        let heard = self.heard();
        let is_up = |seen: &Seen| seen.is_fresh() && seen.how.bound > 0 && seen.how.stopped.is_none();
        !self.leaves() && heard.as_ref().is_some_and(is_up)
    }

    /// Whether a node tells how it is.
    pub(crate) fn is_heard(&self) -> bool {
        self.heard().as_ref().is_some_and(Seen::is_fresh)
    }

    /// Announces and publishes what waits, if there is room; whether anything was taken.
    async fn next(
        &self,
        broker: &Arc<WorkBroker>,
        unconfirmed: &mut VecDeque<Unconfirmed>,
    ) -> Result<bool, BrokerError> {
        let (mut taken, lanes) = (Vec::new(), self.open().lanes);
        for (lane, open) in Lane::ALL.into_iter().zip(lanes) {
            let room = AHEAD_MAX.saturating_sub(open).min(INTENT_MAX.saturating_sub(taken.len()));
            self.queue.take_lane(lane, room, &mut taken);
        }
        if taken.is_empty() {
            return Ok(false);
        }
        let Some(announced) = self.announce(&mut taken).await else { return Ok(true) };
        {
            let mut open = self.open();
            taken.iter().for_each(|queued| open.insert(announced, queued.clone()));
        }
        kill_point::reached("before_publish");
        for batch in self.batches(announced, &taken) {
            self.publish(broker, batch, unconfirmed).await?;
        }
        kill_point::reached("after_publish");
        Ok(true)
    }

    /// Has the intent to send these stored; `None` when none of them may be sent, or the engine has ended.
    async fn announce(&self, taken: &mut Vec<Queued>) -> Option<Announced> {
        let link = Some(self.link.number());
        let (at, epoch) = (self.inner.clock.now(), self.heard().as_ref().map_or(0, |seen| seen.epoch));
        let segments = taken.iter().map(|queued| SegmentId::from_raw(queued.id)).collect();
        let (stored, announcement) = oneshot::channel();
        self.inner.write(Write::Intent(Intent { connector: self.id, segments, epoch, stored })).await;
        let Ok(announcement) = announcement.await else {
            // The batch was given up: they are still in the outbox, and wait in their place again.
            taken.drain(..).rev().for_each(|queued| self.queue.put_back(queued));
            tokio::select! {
                () = tokio::time::sleep(RETRY_PAUSE) => {}
                () = self.over.cancelled() => {}
            }
            return None;
        };
        announcement.sift(taken);
        (!taken.is_empty()).then_some(Announced { intent: announcement.intent, at, epoch, link })
    }

    /// Publishes one batch. When it fails nobody knows what of it is in the broker: everything that is open is published anew then.
    async fn publish(
        &self,
        broker: &Arc<WorkBroker>,
        batch: Batch,
        unconfirmed: &mut VecDeque<Unconfirmed>,
    ) -> Result<(), BrokerError> {
        if HeldLease::is_over(self.inner.settings.lease.as_ref()) {
            // Another node has the ledger, and has taken this up; this one is about to end.
            self.over.cancelled().await;
            return Ok(());
        }
        let published = async {
            while unconfirmed.len() >= CONFIRMS_MAX {
                first(unconfirmed).await?;
            }
            let queue = self.link.queues().submit(self.id, batch.lane);
            let confirm = broker.publish(&queue, &batch.to_json(), true).await?;
            unconfirmed.push_back(Unconfirmed { batch, confirm });
            Ok(())
        };
        published.await.inspect_err(|_| self.anew.store(true, Ordering::Release))
    }

    /// What these segments are in the queues, in the order of their lanes.
    fn batches(&self, announced: Announced, taken: &[Queued]) -> Vec<Batch> {
        let mut batches: Vec<Batch> = Vec::new();
        for queued in taken {
            let Task::Submit { segment, message, attempt } = &queued.task else { continue };
            let carried = CarriedSegment { no: segment.no(), attempt: *attempt };
            let max = BATCH_MAX.get(queued.lane.index()).copied().unwrap_or(1);
            match batches.last_mut().filter(|batch| batch.lane == queued.lane && batch.len() < max) {
                Some(batch) => match batch.messages.last_mut().filter(|last| last.message.id == message.id) {
                    Some(last) => last.segments.push(carried),
                    None => batch.messages.extend(self.carried(message, carried)),
                },
                None => {
                    let mut batch = Batch::new(self.id, queued.lane, announced.intent, announced.at, announced.epoch);
                    batch.messages.extend(self.carried(message, carried));
                    batches.push(batch);
                }
            }
        }
        batches
    }

    fn carried(&self, message: &Arc<sambac_domain::Message>, segment: CarriedSegment) -> Option<Carried> {
        let seal = &self.inner.settings.seal;
        // A system without randomness has not come this far.
        let sealed = seal.seal_octets(message.id.raw(), &message.body.to_bytes());
        let text = sealed.inspect_err(|error| tracing::error!(%error, "a text was not sealed")).ok()?;
        Some(Carried { message: Arc::clone(message), text, segments: vec![segment] })
    }

    /// Empties the queues, and tells what is to be published instead: everything that is announced and has no answer.
    async fn everything(&self, broker: &WorkBroker) -> Result<VecDeque<Batch>, BrokerError> {
        for lane in Lane::ALL {
            broker.purge(&self.link.queues().submit(self.id, lane)).await?;
        }
        let all: Vec<_> = self.open().segments.keys().copied().collect();
        let batches = self.once_more(&all);
        if !batches.is_empty() {
            tracing::warn!(connector = self.name, segments = all.len(), "announced segments are published again");
        }
        Ok(batches)
    }

    /// What is published again of these, in the order of their intents.
    fn once_more(&self, segments: &[SegmentId]) -> VecDeque<Batch> {
        let mut own = self.open();
        own.may_be_lost(segments);
        let mut open: Vec<_> = segments.iter().filter_map(|segment| own.segments.get(segment).cloned()).collect();
        drop(own);
        open.sort_unstable_by_key(|(announced, queued)| (*announced, queued.lane, queued.id));
        let mut batches = VecDeque::new();
        for intent in open.chunk_by(|(one, _), (other, _)| one == other) {
            let queued: Vec<_> = intent.iter().map(|(_, queued)| queued.clone()).collect();
            let of_intent = intent.first().map(|(announced, _)| self.batches(*announced, &queued));
            batches.extend(of_intent.into_iter().flatten().map(Batch::once_more));
        }
        batches
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the oldest confirm.
async fn first(unconfirmed: &mut VecDeque<Unconfirmed>) -> Result<(), BrokerError> {
    let Some(oldest) = unconfirmed.front_mut() else { return Ok(()) };
    (&mut oldest.confirm).await?;
    unconfirmed.pop_front();
    Ok(())
}

impl Seen {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < SILENCE_MAX
    }
}
