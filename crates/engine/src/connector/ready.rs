//! Announced segments that wait for a link, the most urgent lane first.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sambac_bus::{Queued, Task};
use sambac_domain::class::Lane;
use sambac_domain::id::IntentId;
use sambac_domain::time::Timestamp;
use tokio::sync::Notify;

/// The lane of OTPs.
pub(super) const OTP: Lane = Lane(0);

/// A segment whose intent is stored: it may be sent.
#[derive(Debug)]
pub(super) struct Announced {
    pub(super) intent: IntentId,
    pub(super) queued: Queued,
}

/// What is known of the segment that goes next; a more urgent one may come before it is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) otp: bool,
    /// The same for all segments of a message; `None` when there is only one.
    pub(super) tie: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Ready {
    lanes: Mutex<[VecDeque<Announced>; Lane::COUNT]>,
    filled: Notify,
    drained: Notify,
    /// An OTP came.
    urgent: Notify,
}

impl Announced {
    fn is_expired(&self, now: Timestamp) -> bool {
        matches!(&self.queued.task, Task::Submit { message, .. } if message.is_expired(now))
    }

    /// A client's own segments are messages of one group.
    fn tie(&self) -> Option<u64> {
        let Task::Submit { message, .. } = &self.queued.task else { return None };
        let group = message.options.as_ref().and_then(|options| options.group);
        let id = group.or_else(|| (message.cut_segments() > 1).then_some(message.id))?;
        Some(id.raw().cast_unsigned())
    }
}

impl Ready {
    pub(super) fn push(&self, announced: impl IntoIterator<Item = Announced>) {
        let mut lanes = self.lanes();
        let mut urgent = false;
        for item in announced {
            urgent |= item.queued.lane == OTP;
            if let Some(lane) = lanes.get_mut(item.queued.lane.index()) {
                lane.push_back(item);
            }
        }
        drop(lanes);
        self.filled.notify_one();
        if urgent {
            self.urgent.notify_one();
        }
    }

    /// The next one; `None` when there is none.
    pub(super) fn next(&self) -> Option<Next> {
        let lanes = self.lanes();
        let front = lanes.iter().find_map(VecDeque::front)?;
        Some(Next { otp: front.queued.lane == OTP, tie: front.tie() })
    }

    /// Waits until an OTP comes.
    pub(super) async fn urgent(&self) {
        self.urgent.notified().await;
    }

    /// Gives back what could not be sent after all: it goes first.
    pub(super) fn put_back(&self, announced: Announced) {
        if let Some(lane) = self.lanes().get_mut(announced.queued.lane.index()) {
            lane.push_front(announced);
        }
        self.filled.notify_one();
    }

    pub(super) fn pop(&self) -> Option<Announced> {
        let item = self.lanes().iter_mut().find_map(VecDeque::pop_front);
        if item.is_some() {
            self.drained.notify_one();
        }
        item
    }

    /// Takes out those whose validity is over at `now`.
    pub(super) fn take_expired(&self, now: Timestamp) -> Vec<Announced> {
        let mut expired = Vec::new();
        for lane in self.lanes().iter_mut() {
            if lane.iter().any(|item| item.is_expired(now)) {
                let (gone, left): (VecDeque<_>, _) =
                    std::mem::take(lane).into_iter().partition(|item| item.is_expired(now));
                expired.extend(gone);
                *lane = left;
            }
        }
        if !expired.is_empty() {
            self.drained.notify_one();
        }
        expired
    }

    /// How many there are, and how many of them are OTPs.
    pub(super) fn len(&self) -> (usize, usize) {
        let lanes = self.lanes();
        (lanes.iter().map(VecDeque::len).sum(), lanes.get(OTP.index()).map_or(0, VecDeque::len))
    }

    /// Waits until something is there.
    pub(super) async fn filled(&self) {
        while self.len().0 == 0 {
            self.filled.notified().await;
        }
    }

    /// Waits until something was taken out.
    pub(super) async fn drained(&self) {
        self.drained.notified().await;
    }

    fn lanes(&self) -> MutexGuard<'_, [VecDeque<Announced>; Lane::COUNT]> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
