//! What the node with the ledger has announced, and nobody has answered.

use std::collections::HashMap;

use sambac_bus::Queued;
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
    /// By which link to the broker this process has announced it; `None`: the process before has.
    pub(super) link: Option<u64>,
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
