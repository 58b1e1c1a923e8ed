//! An operator's receipt meets its segment, or waits for it.

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::SegmentId;
use sambac_domain::receipt::Receipt;
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_store::NewOrphan;
use sambac_store::rows::OrphanRow;

use super::{Committer, Found, ReceiptIn};
use crate::live::Live;

/// What a receipt says of its segment.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// The final state, unless it is only on its way.
    pub(crate) state: Option<MessageState>,
    /// The operator's word for an intermediate state.
    pub(crate) word: &'static str,
    /// The operator's error code.
    pub(crate) error: Option<String>,
    pub(crate) received_at: Timestamp,
}

impl Verdict {
    fn new(receipt: &Receipt, received_at: Timestamp) -> Self {
        let state = MessageState::from_receipt(receipt.state);
        Self { state, word: receipt.state.as_stat(), error: receipt.error.clone(), received_at }
    }
}

impl Committer {
    pub(super) fn receipt(&mut self, incoming: ReceiptIn) {
        let ReceiptIn { acknowledge, found } = incoming;
        self.after.acknowledge(acknowledge);
        let verdict = Verdict::new(&found.receipt, found.received_at);
        let segment = self.by_receipt(found.key);
        match segment.and_then(|segment| Some((segment, self.live(segment.message())?))) {
            Some((segment, live)) => self.matched(&live, segment, &verdict),
            None => {
                if let Err(verdict) = self.resolve_doubt(&found, verdict) {
                    self.orphan(found, verdict);
                }
            }
        }
    }

    /// The receipt of a segment whose answer was lost, recognised by where it comes from and whom it is about.
    fn resolve_doubt(&mut self, found: &Found, verdict: Verdict) -> Result<(), Verdict> {
        let candidate = self.doubt_candidate(found).filter(|_| verdict.state.is_some());
        let Some((segment, live)) = candidate.and_then(|segment| Some((segment, self.live(segment.message())?))) else {
            return Err(verdict);
        };
        if let Some(own) = live.progress().of(segment) {
            own.smsc_message_id = Some(found.receipt.smsc_message_id.as_str().into());
            own.receipt_key = Some(found.key);
        }
        self.event(segment, "receipt_matched_by_number", Some(found.receipt.smsc_message_id.clone()));
        self.matched(&live, segment, &verdict);
        Ok(())
    }

    /// The only segment in doubt that a receipt can be about; none while another one to the same number is on its way, whose
    /// receipt it could be as well.
    pub(super) fn doubt_candidate(&self, found: &Found) -> Option<SegmentId> {
        let destination = found.destination?;
        let segment = self.in_doubt.only(self.receipt_group(found.connector), destination)?;
        let same_number = |id: &SegmentId| {
            let live = self.live(id.message()).or_else(|| self.inner.live.get(id.message()));
            live.is_none_or(|live| live.message.destination == destination)
        };
        (!self.announced.iter().any(same_number)).then_some(segment)
    }

    /// No segment is known by this id yet: its answer may be on the way.
    fn orphan(&mut self, found: Found, verdict: Verdict) {
        let Found { connector, receipt, destination, key, received_at } = found;
        self.inner.metrics.orphan();
        let (Some(state), Some(destination)) = (verdict.state, destination) else {
            return tracing::debug!(
                id = receipt.smsc_message_id,
                "a receipt that is neither final nor matched is dropped"
            );
        };
        let id = self.inner.ids.next(self.now);
        self.batch.orphans.push(NewOrphan {
            id,
            connector_id: connector,
            receipt_key: key,
            smsc_message_id: receipt.smsc_message_id,
            destination,
            state,
            error: receipt.error,
            done_at: None,
            received_at,
        });
        self.orphans.insert(key, id, verdict);
    }

    /// Receipts that the last process left without a segment: answers that are still to come may name it.
    pub(super) fn orphans_left(&mut self, rows: Vec<OrphanRow>) {
        for row in rows {
            let verdict = Verdict { state: Some(row.state), word: "", error: row.error, received_at: row.received_at };
            self.orphans.insert(row.receipt_key, row.id, verdict);
        }
    }

    /// The answer came after its receipt: the receipt has been waiting in memory.
    pub(super) fn match_orphans(&mut self, key: i64) {
        let waiting = self.orphans.take(key);
        let Some(segment) = self.by_receipt(key).filter(|_| !waiting.is_empty()) else { return };
        let Some(live) = self.live(segment.message()) else { return };
        for (orphan_id, verdict) in waiting {
            self.matched(&live, segment, &verdict);
            // When both are of this batch, the row is not written at all.
            let before = self.batch.orphans.len();
            self.batch.orphans.retain(|row| row.id != orphan_id);
            if self.batch.orphans.len() == before {
                self.batch.orphans_done.push(orphan_id);
            }
        }
    }

    fn matched(&mut self, live: &Arc<Live>, segment: SegmentId, verdict: &Verdict) {
        let before = live.progress().of(segment).map(|progress| progress.state);
        match (before, verdict.state) {
            (None, _) => {}
            (Some(before), Some(state)) if !before.is_final() => {
                self.inner.metrics.receipt(live.message.accepted_at, verdict.received_at);
                if let Some(own) = live.progress().of(segment) {
                    let error = verdict.error.as_deref().filter(|_| state != MessageState::Delivered);
                    own.operator_error = error.map(Into::into);
                }
                self.end_segment(live, segment, state, error_of(state), verdict.received_at);
            }
            (Some(before), Some(state)) => {
                let kind = if before == state { "receipt_repeated" } else { "receipt_contradicted" };
                self.event(segment, kind, Some(state.as_str().to_owned()));
            }
            (Some(_), None) => self.event(segment, "receipt_intermediate", Some(verdict.word.to_owned())),
        }
    }
}

/// What a client is told when the operator's receipt says that the message did not arrive.
fn error_of(state: MessageState) -> Option<ErrorCode> {
    match state {
        MessageState::Delivered => None,
        MessageState::Expired => Some(ErrorCode::Expired),
        MessageState::Rejected => Some(ErrorCode::OperatorRejected),
        MessageState::Canceled => Some(ErrorCode::Canceled),
        _ => Some(ErrorCode::Undeliverable),
    }
}
