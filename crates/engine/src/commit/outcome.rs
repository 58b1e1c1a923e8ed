//! Every final state is written here, and only here: state, money, CDR and the client's notice, in one commit.

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{EventId, OperatorId, SegmentId};
use sambac_domain::message::Message;
use sambac_domain::planted::{Bug, planted};
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_store::rows::ChargeState;
use sambac_store::{MessageFinal, NewCdr, NewEvent, RedactedNumber};

use super::Committer;
use crate::live::{Live, SegmentProgress};
use crate::tariff::cost::incurred;

impl Committer {
    /// The segment's row is written with the batch, as it will be by then.
    pub(super) fn dirty(&mut self, segment: SegmentId, live: &Arc<Live>) {
        self.dirty.insert(segment, Arc::clone(live));
    }

    /// Writes the rows of all segments that were touched.
    pub(super) fn write_dirty(&mut self) {
        for (segment, live) in self.dirty.drain() {
            if let Some(progress) = live.progress().of(segment) {
                self.batch.segment_updates.push(progress.row(segment));
            }
        }
    }

    /// Something that the columns of the segment cannot hold.
    pub(super) fn event(&mut self, segment: SegmentId, kind: &'static str, detail: Option<String>) {
        self.batch.events.push(NewEvent {
            id: EventId::from_raw(self.inner.ids.next(self.now)),
            message_id: segment.message(),
            segment_no: segment.no(),
            kind: kind.into(),
            at: self.now,
            detail,
        });
    }

    /// A segment has reached its end; with the last one, so has the message.
    pub(super) fn end_segment(
        &mut self,
        live: &Arc<Live>,
        segment: SegmentId,
        state: MessageState,
        error: Option<ErrorCode>,
        at: Timestamp,
    ) {
        let (all_ended, was_in_doubt, waited_at) = {
            let mut progress = live.progress();
            let Some(own) = progress.of(segment) else { return };
            let was_in_doubt = (own.state == MessageState::SubmitUnknown).then_some(own.connector);
            let waited_at = (own.state == MessageState::Submitted).then_some(own.connector);
            own.state = state;
            own.final_at = Some(at);
            if !state.is_paid() {
                own.error = error;
            }
            let all_ended = progress.segments.iter().all(|segment| segment.state.is_final());
            (all_ended || planted(Bug::OneSegmentEndsAll), was_in_doubt, waited_at)
        };
        self.dirty(segment, live);
        self.waiting.remove(&segment);
        if let Some(connector) = was_in_doubt {
            self.in_doubt.remove(self.receipt_group(connector), live.message.destination, segment);
        }
        if let Some(connector) = waited_at {
            self.awaiting.remove(self.receipt_group(connector), live.message.destination, segment);
        }
        if all_ended {
            self.outcome(live);
        }
    }

    /// The message's end: state, settlement, CDRs and notices.
    fn outcome(&mut self, live: &Arc<Live>) {
        let segments = {
            let mut progress = live.progress();
            if progress.finished {
                return;
            }
            progress.finished = true;
            progress.segments.clone()
        };
        let message = &live.message;
        let state = MessageState::combine(&states_that_count(&segments));
        let error = segments.iter().find(|segment| segment.state == state).and_then(|segment| segment.error);
        let final_at = segments.iter().filter_map(|segment| segment.final_at).max().unwrap_or(self.now);
        self.batch.message_finals.push(MessageFinal { id: message.id, state, error, final_at });
        if message.redaction().to {
            self.batch.redacted.push(RedactedNumber { id: message.id, destination: message.kept_destination() });
        }
        for (segment, no) in segments.iter().zip(1..=u8::MAX) {
            let id = SegmentId::new(message.id, no);
            let charge = self.settle_at_end(message, id, segment.state, segment.charge);
            if let Some(own) = live.progress().of(id) {
                own.charge = charge;
            }
            let cdr = self.cdr(message, id, segment, charge);
            self.batch.cdrs.push(cdr);
        }
        self.notify(live, state, error, final_at);
        if planted(Bug::NewsTwice) {
            self.notify(live, state, error, final_at);
        }
        if let Some(otp) = message.options.as_ref().and_then(|options| options.otp) {
            self.otp_told(otp, message, state);
        }
        self.replaced.remove(&message.id);
        self.ended.push(message.id);
        self.inner.metrics.finished(state);
    }

    /// The record of a segment that has ended is written anew: another end of it is believed, or its price was decided later.
    pub(super) fn rewrite_cdr(&mut self, live: &Live, id: SegmentId, charge: ChargeState) {
        let segment = {
            let mut progress = live.progress();
            if !progress.finished {
                return;
            }
            progress.of(id).cloned()
        };
        let Some(segment) = segment else { return };
        let told = self.cdr(&live.message, id, &segment, charge);
        let mut written = self.batch.cdrs.iter_mut().chain(&mut self.batch.cdr_updates);
        if let Some(before) = written.find(|cdr| cdr.id == id) {
            *before = ended_anew(before, told);
            return;
        }
        // One that is in a file by now, or was changed by who has not the key, stays as it is.
        if let Some(before) = self.believed_record(id) {
            let cdr = ended_anew(before, told);
            self.batch.cdr_updates.push(cdr);
        }
    }

    fn cdr(&self, message: &Message, id: SegmentId, segment: &SegmentProgress, charge_state: ChargeState) -> NewCdr {
        let operator = self.snapshot.connectors.get(&segment.connector).map(|row| row.operator_id);
        let cost = incurred(&self.snapshot, message, segment);
        NewCdr {
            id,
            account_id: message.account_id,
            operator_id: operator.unwrap_or(OperatorId::from_raw(0)),
            connector_id: segment.connector,
            mcc_mnc: message.mcc_mnc,
            sender: message.sender,
            destination: message.kept_destination(),
            class: message.class,
            state: segment.state,
            error: segment.error,
            operator_error: segment.operator_error.as_deref().map(str::to_owned),
            smsc_message_id: segment.smsc_message_id.as_deref().map(str::to_owned),
            attempts: segment.attempts,
            possible_duplicate: segment.possible_duplicate,
            price_micros: message.price_micros,
            currency: message.currency,
            charge_state,
            accepted_at: message.accepted_at,
            submitted_at: segment.submitted_at,
            final_at: segment.final_at.unwrap_or(self.now),
            done_at: segment.done_at,
            group_id: message.options.as_ref().and_then(|options| options.group),
            block_id: 0,
            cost_rate_id: cost.map(|(cost, _)| cost.rate_id),
            cost_micros: cost.map(|(_, micros)| micros),
            cost_currency: cost.map(|(cost, _)| cost.currency),
        }
    }
}

/// The record with another end. All else is as it was sealed: of a message that was read from the database nobody knows that.
fn ended_anew(before: &NewCdr, told: NewCdr) -> NewCdr {
    NewCdr {
        state: told.state,
        error: told.error,
        operator_error: told.operator_error,
        charge_state: told.charge_state,
        final_at: told.final_at,
        done_at: told.done_at,
        cost_rate_id: told.cost_rate_id,
        cost_micros: told.cost_micros,
        cost_currency: told.cost_currency,
        ..before.clone()
    }
}

/// The states that the message's follows from: segments that a shorter text made needless say nothing about it.
pub(super) fn states_that_count(segments: &[SegmentProgress]) -> smallvec::SmallVec<[MessageState; 4]> {
    let needless =
        |segment: &&SegmentProgress| segment.state == MessageState::Canceled && segment.submitted_at.is_none();
    let counting = segments.iter().filter(|segment| !needless(segment)).map(|segment| segment.state);
    let counting: smallvec::SmallVec<_> = counting.collect();
    if counting.is_empty() { segments.iter().map(|segment| segment.state).collect() } else { counting }
}
