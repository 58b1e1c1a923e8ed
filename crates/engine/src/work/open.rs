//! What the node with the ledger has announced, and nobody has answered.

use std::collections::HashMap;
use std::ops::Range;

use sambac_bus::Queued;
use sambac_bus::work::{Answered, Happened};
use sambac_domain::class::Lane;
use sambac_domain::id::{IntentId, SegmentId};
use sambac_domain::time::Timestamp;

/// Segments that are announced and have no answer.
#[derive(Default)]
pub(super) struct Open {
    pub(super) segments: HashMap<SegmentId, (Announced, Queued)>,
    pub(super) lanes: [usize; Lane::COUNT],
}

/// By which intent a segment was announced, when, and who had the connector then: 0 when that is not known any more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Announced {
    pub(super) intent: IntentId,
    pub(super) at: Timestamp,
    pub(super) epoch: i64,
    /// By which link to the broker this process has announced it; `None`: the process before has, or reports of it may be lost.
    pub(super) link: Option<u64>,
}

impl Announced {
    /// Whether nobody has sent it, although its answer says that somebody may have. A holder that has sent nothing itself knows only that others were handed
    /// it before. If these have told everything (they are `orderly`), and all of that has come by the one link that this was announced by, in its order, then it was
    /// kept.
    pub(super) fn was_kept(&self, answered: &Answered, orderly: &Range<i64>, link: u64) -> bool {
        let is_doubt = matches!(answered.happened, Happened::Unknown) && answered.submitted_at.is_none();
        is_doubt && orderly.contains(&self.epoch) && self.link == Some(link)
    }
}

impl Open {
    pub(super) fn insert(&mut self, announced: Announced, queued: Queued) {
        let (id, lane) = (SegmentId::from_raw(queued.id), queued.lane.index());
        if self.segments.insert(id, (announced, queued)).is_none()
            && let Some(count) = self.lanes.get_mut(lane)
        {
            *count += 1;
        }
    }

    /// Reports of these may be lost: what nobody tells of them may have happened all the same.
    pub(super) fn may_be_lost(&mut self, segments: &[SegmentId]) {
        for segment in segments {
            if let Some((announced, _)) = self.segments.get_mut(segment) {
                announced.link = None;
            }
        }
    }

    pub(super) fn remove(&mut self, segment: SegmentId, intent: IntentId) -> Option<(Announced, Queued)> {
        if self.segments.get(&segment).is_none_or(|(own, _)| own.intent != intent) {
            return None;
        }
        let (announced, queued) = self.segments.remove(&segment)?;
        if let Some(count) = self.lanes.get_mut(queued.lane.index()) {
            *count = count.saturating_sub(1);
        }
        Some((announced, queued))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sambac_bus::{EventRef, Notice, Task};
    use sambac_domain::id::{AccountEventId, AccountId, NoticeId, TargetId};

    use super::*;

    const SEGMENT: SegmentId = SegmentId::from_raw(5 << 8 | 1);
    const INTENT: IntentId = IntentId::from_raw(9 << 8);

    fn announced(epoch: i64, link: Option<u64>) -> Announced {
        Announced { intent: INTENT, at: Timestamp(1), epoch, link }
    }

    fn answered(happened: Happened, submitted_at: Option<Timestamp>) -> Answered {
        Answered { segment: SEGMENT, intent: INTENT, happened, submitted_at, answered_at: Timestamp(2) }
    }

    /// All four must be so: otherwise a code could be sent twice.
    #[test]
    fn what_is_in_doubt_was_kept_only_if_who_had_it_has_told_everything_by_one_link() {
        let doubt = answered(Happened::Unknown, None);
        let kept = |announced: Announced, answered: &Answered| announced.was_kept(answered, &(3..5), 7);
        assert!(kept(announced(3, Some(7)), &doubt) && kept(announced(4, Some(7)), &doubt));
        assert!(!kept(announced(2, Some(7)), &doubt), "a holder before them may have died");
        assert!(!kept(announced(5, Some(7)), &doubt), "who tells has not gone");
        assert!(!kept(announced(0, Some(7)), &doubt), "nobody knows who had it");
        assert!(!kept(announced(3, Some(6)), &doubt), "a report may lie with a link that was lost");
        assert!(!kept(announced(3, None), &doubt), "the process before has announced it");
        assert!(!kept(announced(3, Some(7)), &answered(Happened::Unknown, Some(Timestamp(1)))), "it was sent");
        assert!(!kept(announced(3, Some(7)), &answered(Happened::NotSent, None)), "there is no doubt");
    }

    fn queued(lane: Lane) -> Queued {
        let event = EventRef { account_id: AccountId::from_raw(1), event_id: AccountEventId::from_raw(1) };
        let task = Task::Notify { id: NoticeId::from_raw(1), attempt: 0, notice: Arc::new(Notice::Event(event)) };
        Queued { target: TargetId(1), lane, id: SEGMENT.raw(), task }
    }

    /// It was published once more because nobody has told of it: whoever has had it may have, in a report that somebody has thrown away.
    #[test]
    fn what_was_missed_stays_in_doubt() {
        let (mut open, doubt) = (Open::default(), answered(Happened::Unknown, None));
        open.insert(announced(3, Some(7)), queued(Lane(1)));
        open.may_be_lost(&[SEGMENT]);
        let (announced, _) = open.remove(SEGMENT, INTENT).expect("it is open");
        assert!(!announced.was_kept(&doubt, &(3..5), 7));
    }

    #[test]
    fn what_is_open_is_counted_by_its_lane_and_answered_by_its_own_intent_once() {
        let mut open = Open::default();
        open.insert(announced(1, None), queued(Lane(1)));
        open.insert(announced(1, None), queued(Lane(1)));
        assert_eq!(open.lanes, [0, 1, 0]);
        assert!(open.remove(SEGMENT, IntentId::from_raw(8 << 8)).is_none(), "of another intent");
        assert!(open.remove(SEGMENT, INTENT).is_some() && open.remove(SEGMENT, INTENT).is_none());
        assert_eq!(open.lanes, [0, 0, 0]);
    }
}
