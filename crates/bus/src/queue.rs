//! The in-process queues: one per target, shared by its producer (the group commit) and its consumer.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use sambac_domain::class::Lane;
use sambac_domain::id::TargetId;
use tokio::sync::Notify;

use crate::lane::{LaneState, Refill};
use crate::task::Queued;

/// All queues of this process.
#[derive(Debug)]
pub struct Bus {
    lane_capacity: usize,
    targets: RwLock<HashMap<TargetId, Arc<TargetQueue>>>,
}

impl Bus {
    /// Queues that hold at most `lane_capacity` tasks per lane in memory.
    pub fn new(lane_capacity: usize) -> Self {
        Self { lane_capacity: lane_capacity.max(1), targets: RwLock::default() }
    }

    /// The queue of a target, made on first use.
    pub fn queue(&self, target: TargetId) -> Arc<TargetQueue> {
        if let Some(queue) = self.read().get(&target) {
            return Arc::clone(queue);
        }
        let mut targets = self.targets.write().unwrap_or_else(PoisonError::into_inner);
        let queue = targets.entry(target).or_insert_with(|| Arc::new(TargetQueue::new(self.lane_capacity)));
        Arc::clone(queue)
    }

    /// Offers tasks whose outbox rows were just committed. Call it in the order of the commits.
    pub fn publish(&self, tasks: impl IntoIterator<Item = Queued>) {
        let mut current: Option<(TargetId, Arc<TargetQueue>)> = None;
        for queued in tasks {
            let queue = match &current {
                Some((target, queue)) if *target == queued.target => queue,
                _ => &current.insert((queued.target, self.queue(queued.target))).1,
            };
            queue.offer(queued);
        }
    }

    /// Takes tasks out whose outbox rows are gone, or are another target's: each by its target, its lane and its id. What is on
    /// disk only, or was taken already, is nowhere to be found here.
    pub fn withdraw(&self, rows: impl IntoIterator<Item = (TargetId, Lane, i64)>) {
        let mut by_lane: HashMap<(TargetId, Lane), HashSet<i64>> = HashMap::new();
        for (target, lane, id) in rows {
            by_lane.entry((target, lane)).or_default().insert(id);
        }
        for ((target, lane), ids) in by_lane {
            if let Some(queue) = self.read().get(&target) {
                queue.withdraw(lane, &ids);
            }
        }
    }

    /// Tasks in memory over all targets, per lane, and whether any lane has more on disk: for metrics.
    pub fn depth(&self) -> ([usize; Lane::COUNT], bool) {
        let mut depth = [0; Lane::COUNT];
        let mut spilled = false;
        for queue in self.read().values() {
            for (sum, lane) in depth.iter_mut().zip(queue.lanes().iter()) {
                *sum += lane.len();
                spilled |= lane.is_spilled();
            }
        }
        (depth, spilled)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<TargetId, Arc<TargetQueue>>> {
        self.targets.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue of one target.
#[derive(Debug)]
pub struct TargetQueue {
    lanes: Mutex<[LaneState; Lane::COUNT]>,
    work: Notify,
    refill: Notify,
}

impl TargetQueue {
    fn new(capacity: usize) -> Self {
        let lanes = Mutex::new(std::array::from_fn(|_| LaneState::new(capacity)));
        Self { lanes, work: Notify::new(), refill: Notify::new() }
    }

    fn offer(&self, queued: Queued) {
        if let Some(lane) = self.lanes().get_mut(usize::from(queued.lane.0)) {
            lane.offer(queued);
        }
        self.work.notify_one();
    }

    fn withdraw(&self, lane: Lane, ids: &HashSet<i64>) {
        let hungry = {
            let mut lanes = self.lanes();
            let Some(state) = lanes.get_mut(lane.index()) else { return };
            state.withdraw(ids);
            state.refill(lane).is_some()
        };
        if hungry {
            self.refill.notify_one();
        }
    }

    /// Gives a task back that could not be worked on (link down, retry due): it is the next one out of its lane.
    pub fn put_back(&self, queued: Queued) {
        if let Some(lane) = self.lanes().get_mut(usize::from(queued.lane.0)) {
            lane.put_back(queued);
        }
        self.work.notify_one();
    }

    /// Moves up to `max` tasks to `out`: the most urgent lane first; within it the accounts take turns, each with its oldest
    /// first. Returns how many.
    pub fn take(&self, max: usize, out: &mut Vec<Queued>) -> usize {
        let mut left = max;
        let mut hungry = false;
        {
            let mut lanes = self.lanes();
            for (no, lane) in lanes.iter_mut().enumerate() {
                left -= lane.take(left, out);
                hungry |= lane.refill(lane_no(no)).is_some();
            }
        }
        if hungry {
            self.refill.notify_one();
        }
        max - left
    }

    /// As [`TargetQueue::take`], from one lane only.
    pub fn take_lane(&self, lane: Lane, max: usize, out: &mut Vec<Queued>) -> usize {
        if max == 0 {
            return 0;
        }
        let (count, hungry) = {
            let mut lanes = self.lanes();
            let Some(state) = lanes.get_mut(lane.index()) else { return 0 };
            (state.take(max, out), state.refill(lane).is_some())
        };
        if hungry {
            self.refill.notify_one();
        }
        count
    }

    /// Tasks in memory, all lanes together.
    pub fn len(&self) -> usize {
        self.lanes().iter().map(LaneState::len).sum()
    }

    /// Tasks in memory of one lane.
    pub fn lane_len(&self, lane: Lane) -> usize {
        self.lanes().get(lane.index()).map_or(0, LaneState::len)
    }

    /// True when nothing is in memory.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until something was offered, put back or refilled since the last wait.
    pub async fn work(&self) {
        self.work.notified().await;
    }

    /// Waits until a consumer has emptied a lane that has more on disk.
    pub async fn hungry(&self) {
        self.refill.notified().await;
    }

    /// The most urgent page to read back from the outbox, if any lane wants one.
    pub fn wanted(&self) -> Option<Refill> {
        self.lanes().iter().enumerate().find_map(|(no, lane)| lane.refill(lane_no(no)))
    }

    /// Hands over a page that was read for [`TargetQueue::wanted`]: its tasks in id order, the last id read (also when a
    /// row of it was unusable), and whether the table held fewer rows than asked for.
    pub fn refilled(&self, wanted: Refill, page: Vec<Queued>, last_id: i64, reached_end: bool) {
        if let Some(state) = self.lanes().get_mut(usize::from(wanted.lane.0)) {
            state.refilled(wanted, page, last_id, reached_end);
        }
        self.work.notify_one();
    }

    fn lanes(&self) -> MutexGuard<'_, [LaneState; Lane::COUNT]> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lane_no(no: usize) -> Lane {
    Lane(u8::try_from(no).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests;
