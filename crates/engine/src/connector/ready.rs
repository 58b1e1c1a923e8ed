//! Announced segments that wait for a link, the most urgent lane first.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sambac_bus::Queued;
use sambac_domain::class::Lane;
use sambac_domain::id::IntentId;
use tokio::sync::Notify;

/// The lane of OTPs.
pub(super) const OTP: Lane = Lane(0);

/// A segment whose intent is stored: it may be sent.
#[derive(Debug)]
pub(super) struct Announced {
    pub(super) intent: IntentId,
    pub(super) queued: Queued,
}

#[derive(Debug, Default)]
pub(super) struct Ready {
    lanes: Mutex<[VecDeque<Announced>; Lane::COUNT]>,
    filled: Notify,
    drained: Notify,
    /// An OTP came.
    urgent: Notify,
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

    /// Whether the next one is an OTP; `None` when there is none.
    pub(super) fn is_otp_next(&self) -> Option<bool> {
        let lanes = self.lanes();
        lanes.iter().position(|lane| !lane.is_empty()).map(|lane| lane == OTP.index())
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
