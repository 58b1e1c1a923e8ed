//! What a node remembers of the segments that it was handed: so that none is sent twice, and each message in a queue is acknowledged when all of its
//! segments are answered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sambac_bus::work::{Acknowledging, Answered, Happened};
use sambac_domain::id::{IntentId, SegmentId};

use crate::by_id::ById;

/// Answered segments that are remembered. What is older, and comes once more, is not known for sent or not.
const ANSWERED_MAX: usize = 100_000;

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
    /// It was answered, and the broker has had the report that tells so; what it told.
    Answered(Box<Answered>),
}

/// See the module. `D` is what a segment comes with.
pub(super) struct Sent<D = Delivery> {
    /// By segment and intent: a segment that was given back may come again before it is known that this was told.
    open: ById<(SegmentId, IntentId), Arc<D>>,
    /// What was told of each.
    answered: ById<(SegmentId, IntentId), Box<Answered>>,
    /// In the order in which they were answered.
    order: VecDeque<(SegmentId, IntentId)>,
    /// The last intent of which something that may have been sent is forgotten.
    forgotten: Option<IntentId>,
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

impl<D> Default for Sent<D> {
    fn default() -> Self {
        Self { open: ById::default(), answered: ById::default(), order: VecDeque::new(), forgotten: None }
    }
}

impl<D> Sent<D> {
    /// Takes note of a segment that has come with this delivery; also the delivery that it came with before, if that is open. The broker has handed it out again,
    /// or this is a copy: either way the one before is done with.
    pub(super) fn comes(&mut self, segment: SegmentId, intent: IntentId, delivery: &Arc<D>) -> (Known, Option<Arc<D>>) {
        let said = self.answered.get(&(segment, intent)).cloned();
        let before = self.open.insert((segment, intent), Arc::clone(delivery));
        let known = match (said, &before) {
            (Some(said), None) => Known::Answered(said),
            (_, Some(_)) => Known::Open,
            (None, None) => Known::New,
        };
        (known, before)
    }

    /// Whether something of this intent, or of one after it, may have been sent and forgotten.
    pub(super) fn may_have_forgotten(&self, intent: IntentId) -> bool {
        self.forgotten.is_some_and(|forgotten| intent <= forgotten)
    }

    /// The broker has the report that tells this: the delivery that the segment came with.
    pub(super) fn is_answered(&mut self, told: Answered) -> Option<Arc<D>> {
        let (segment, intent) = (told.segment, told.intent);
        if self.answered.insert((segment, intent), Box::new(told)).is_none() {
            self.order.push_back((segment, intent));
        }
        while self.order.len() > ANSWERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            let told = self.answered.remove(&oldest);
            if told.is_some_and(|told| !matches!(told.happened, Happened::NotSent)) {
                self.forgotten = self.forgotten.max(Some(oldest.1));
            }
        }
        self.open.remove(&(segment, intent))
    }

    /// How many segments are without an answer that is known to be told.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use sambac_domain::time::Timestamp;

    use super::*;

    const SEGMENT: SegmentId = SegmentId::from_raw(5 << 8 | 1);
    const INTENT: IntentId = IntentId::from_raw(9 << 8);

    fn told(happened: Happened) -> Answered {
        let at = Timestamp(1);
        Answered { segment: SEGMENT, intent: INTENT, happened, submitted_at: Some(at), answered_at: at }
    }

    /// Who takes the ledger over may not know what was told to the one before, and a queue of reports may be lost: what is published again is told
    /// again, also that the operator has taken it.
    #[test]
    fn what_was_told_is_told_again() {
        for happened in [Happened::Unknown, Happened::Accepted { smsc_message_id: "7".to_owned() }] {
            let (mut sent, delivery) = (Sent::default(), Arc::new(()));
            let (known, before) = sent.comes(SEGMENT, INTENT, &delivery);
            assert!(matches!(known, Known::New) && before.is_none());
            assert!(sent.is_answered(told(happened.clone())).is_some() && sent.open() == 0);
            let (known, _) = sent.comes(SEGMENT, INTENT, &delivery);
            let Known::Answered(said) = known else { panic!("it was answered") };
            assert_eq!((*said, sent.open()), (told(happened.clone()), 1), "open until it is told");
            assert!(sent.is_answered(told(happened)).is_some() && sent.open() == 0);
            assert_eq!(sent.order.len(), 1, "once");
        }
    }

    /// What is forgotten may have been sent: if it comes once more, it is in doubt.
    #[test]
    fn what_was_sent_long_ago_is_known_to_be_forgotten() {
        let mut sent = Sent::<()>::default();
        let mut tell = |no: i64, happened: Happened| {
            let (segment, intent) = (SegmentId::from_raw(no << 8 | 1), IntentId::from_raw(no << 8));
            sent.is_answered(Answered { segment, intent, ..told(happened) });
            let forgets = |no: i64| sent.may_have_forgotten(IntentId::from_raw(no << 8));
            [forgets(1), forgets(2), forgets(3)]
        };
        let max = i64::try_from(ANSWERED_MAX).unwrap();
        for no in 1..=max {
            assert_eq!(tell(no, if no == 2 { Happened::NotSent } else { Happened::Unknown }), [false; 3]);
        }
        assert_eq!(tell(max + 1, Happened::Unknown), [true, false, false]);
        assert_eq!(tell(max + 2, Happened::Unknown), [true, false, false], "the second was not sent");
        assert_eq!(tell(max + 3, Happened::Unknown), [true, true, true]);
    }

    /// The delivery of the copy before is done with: it would keep its place in the prefetch.
    #[test]
    fn of_two_copies_the_first_is_done_with() {
        let (mut sent, first, second) = (Sent::default(), Arc::new(1), Arc::new(2));
        sent.comes(SEGMENT, INTENT, &first);
        let (known, before) = sent.comes(SEGMENT, INTENT, &second);
        assert!(matches!(known, Known::Open) && before.is_some_and(|before| Arc::ptr_eq(&before, &first)));
        assert!(sent.is_answered(told(Happened::NotSent)).is_some_and(|done| Arc::ptr_eq(&done, &second)));
    }
}
