//! Operators that send one receipt for all segments of a message, or are asked for that of the last one only (Q-B14), and those
//! that are never asked for any.

use std::sync::Arc;

use sambac_domain::id::{ConnectorId, SegmentId};
use sambac_domain::profile::{ReceiptParts, ReceiptedSegments};
use sambac_domain::state::MessageState;

use super::Committer;
use super::receipt::Verdict;
use crate::live::{Live, SegmentProgress};

impl Committer {
    /// The message's other segments that this operator took end as this one did, when one receipt is for all of them.
    pub(super) fn speaks_for_all(
        &mut self,
        live: &Arc<Live>,
        segment: SegmentId,
        state: MessageState,
        verdict: &Verdict,
    ) {
        if live.message.segment_count < 2 || !self.one_for_all(verdict.connector) {
            return;
        }
        for other in live.message.segment_ids().filter(|other| *other != segment) {
            let taken = live.progress().of(other).is_some_and(|own| own.state == MessageState::Submitted);
            if taken {
                self.end_by_receipt(live, other, state, verdict);
            }
        }
    }

    /// The operator has taken a segment for which no receipt will come: none is asked for, or another segment's has spoken for
    /// it already.
    pub(super) fn ends_without_receipt(&mut self, live: &Arc<Live>, segment: SegmentId, connector: ConnectorId) {
        if live.progress().of(segment).is_none_or(|own| own.state.is_final()) {
            return; // Its receipt was there before the answer.
        }
        if self.profile(connector).receipt.ask == ReceiptedSegments::Never {
            self.event(segment, "no_receipt_asked", None);
            // It says no more than that: nobody knows whether the handset has it.
            return self.end_segment(live, segment, MessageState::DeliveredToOperator, None, self.now);
        }
        if live.message.segment_count < 2 || !self.one_for_all(connector) {
            return;
        }
        let spoken = |own: &&SegmentProgress| own.state.is_final() && own.receipt_key.is_some();
        let spoken = live.progress().segments.iter().find(spoken).cloned();
        if let Some(SegmentProgress { state, error, operator_error, done_at, .. }) = spoken {
            if let Some(own) = live.progress().of(segment) {
                (own.operator_error, own.done_at) = (operator_error, done_at);
            }
            self.end_segment(live, segment, state, error, self.now);
        }
    }

    fn one_for_all(&self, connector: ConnectorId) -> bool {
        let receipt = &self.profile(connector).receipt;
        receipt.come_for == ReceiptParts::One || receipt.ask == ReceiptedSegments::Last
    }
}
