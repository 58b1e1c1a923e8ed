//! What operators say when they are asked about a segment that they have: what became of it, or that they have taken it back.
//!
//! Either ends it like a receipt. A receipt that comes later finds it ended.

use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{ConnectorId, SegmentId};
use sambac_domain::receipt::ReceiptState;
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use tokio::sync::oneshot;

use super::Committer;
use super::receipt::Verdict;

/// The answer to a `query_sm`: the segment has reached its end.
pub(crate) struct Queried {
    pub(crate) segment: SegmentId,
    pub(crate) connector: ConnectorId,
    pub(crate) told: ReceiptState,
    /// The operator's error code.
    pub(crate) error: Option<String>,
    /// When the operator says that it happened.
    pub(crate) done_at: Option<Timestamp>,
    pub(crate) received_at: Timestamp,
}

/// Segments that their operators have taken back.
pub(crate) struct Recalled {
    pub(crate) segments: Vec<SegmentId>,
    /// How many ended by that, once it is stored.
    pub(crate) done: oneshot::Sender<usize>,
}

impl Committer {
    /// The operator is asked about it when its receipt is overdue, where the profile says so.
    pub(super) fn ask_when_overdue(&self, connector: ConnectorId, segment: SegmentId, answered_at: Timestamp) {
        let after_s = self.snapshot.profile(connector).map_or(0, |profile| profile.receipt.query_after_s);
        if after_s > 0 {
            let due_at = answered_at.saturating_add(Duration::from_secs(after_s.into()));
            if !self.inner.overdue.expect(connector, segment, due_at) {
                self.inner.metrics.not_asked();
            }
        }
    }

    pub(super) fn queried(&mut self, queried: Queried) {
        let Queried { segment, connector, told, error, done_at, received_at } = queried;
        let Some(live) = self.live(segment.message()) else { return };
        let state = MessageState::from_receipt(told).filter(|_| self.is_at(segment, Some(connector)));
        let Some(state) = state else { return };
        self.event(segment, "query_answered", Some(state.as_str().to_owned()));
        let verdict = Verdict { connector, state: Some(state), told, error, done_at, received_at };
        self.end_by_receipt(&live, segment, state, &verdict);
        self.speaks_for_all(&live, segment, state, &verdict);
    }

    pub(super) fn recalled(&mut self, recalled: Recalled) {
        let mut count = 0;
        for segment in recalled.segments {
            let Some(live) = self.live(segment.message()) else { continue };
            if self.is_at(segment, None) {
                self.event(segment, "canceled_by_operator", None);
                self.end_segment(&live, segment, MessageState::Canceled, Some(ErrorCode::Canceled), self.now);
                count += 1;
            }
        }
        self.after.count(recalled.done, count);
    }

    /// Whether an operator has it, and nothing has ended it meanwhile.
    fn is_at(&self, segment: SegmentId, connector: Option<ConnectorId>) -> bool {
        self.live(segment.message()).is_some_and(|live| {
            live.progress().of(segment).is_some_and(|own| {
                own.state == MessageState::Submitted && connector.is_none_or(|connector| own.connector == connector)
            })
        })
    }
}
