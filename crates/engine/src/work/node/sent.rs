//! What a node remembers of the segments that it was handed: so that none is sent twice, and each message in a queue is acknowledged when all of its
//! segments are answered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sambac_bus::work::Acknowledging;
use sambac_domain::id::{IntentId, SegmentId};

use crate::by_id::{ById, Ids};

/// Answered segments that are remembered: what is handed out again comes again soon.
const ANSWERED_MAX: usize = 200_000;

/// One message of a queue, as long as some of its segments are open.
#[derive(Debug)]
pub(super) struct Delivery {
    acknowledging: Acknowledging,
    tag: u64,
    left: AtomicUsize,
}

/// What is known of a segment that has come.
pub(super) enum Known {
    /// It came for the first time.
    New,
    /// It waits, or is on its way.
    Open,
    /// It was answered, and the node with the ledger knows.
    Answered,
}

/// See the module.
#[derive(Default)]
pub(super) struct Sent {
    /// By segment and intent: a segment that was given back may come again before it is known that this was told.
    open: ById<(SegmentId, IntentId), Arc<Delivery>>,
    answered: Ids<(SegmentId, IntentId)>,
    /// In the order in which they were answered.
    order: VecDeque<(SegmentId, IntentId)>,
}

impl Delivery {
    pub(super) fn new(acknowledging: Acknowledging, tag: u64, segments: usize) -> Arc<Self> {
        Arc::new(Self { acknowledging, tag, left: AtomicUsize::new(segments) })
    }

    /// One segment less to wait for. After the last one the broker may forget it.
    pub(super) async fn one_done(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1
            && let Err(error) = self.acknowledging.done(self.tag).await
        {
            tracing::debug!(%error, "a message was not acknowledged: it comes again, and is known");
        }
    }
}

impl Sent {
    /// Takes note of a segment that has come with this delivery.
    pub(super) fn comes(&mut self, segment: SegmentId, intent: IntentId, delivery: &Arc<Delivery>) -> Known {
        if self.answered.contains(&(segment, intent)) {
            return Known::Answered;
        }
        // What it came with before is not to be acknowledged any more: the broker has handed it out again.
        match self.open.insert((segment, intent), Arc::clone(delivery)) {
            Some(_) => Known::Open,
            None => Known::New,
        }
    }

    /// The node with the ledger knows what became of it: the delivery that it came with.
    pub(super) fn is_answered(&mut self, segment: SegmentId, intent: IntentId) -> Option<Arc<Delivery>> {
        if self.answered.insert((segment, intent)) {
            self.order.push_back((segment, intent));
        }
        while self.order.len() > ANSWERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.answered.remove(&oldest);
        }
        self.open.remove(&(segment, intent))
    }

    /// How many segments are without an answer that is known to be told.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }
}
