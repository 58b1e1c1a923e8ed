//! Receipts for segments that have ended: repeated (Q-B12), contradicting (Q-B11), or later than we were willing to wait (Q-B13,
//! Q-C17).
//!
//! All are kept as events. The state follows only where a rule says so: always when it was us who gave up, and by the profile
//! when two receipts contradict each other. Money follows the state, once, by a posting of its own, and the CDR
//! is written anew with it.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::SegmentId;
use sambac_domain::planted::{Bug, planted};
use sambac_domain::profile::WhichFinal;
use sambac_domain::state::MessageState;
use sambac_store::MessageFinal;
use sambac_store::rows::ChargeState;

use super::Committer;
use super::outcome::states_that_count;
use super::receipt::Verdict;
use crate::live::{Live, SegmentProgress};

impl Committer {
    pub(super) fn second_final(
        &mut self,
        live: &Arc<Live>,
        segment: SegmentId,
        own: &SegmentProgress,
        (state, verdict): (MessageState, &Verdict),
    ) {
        let profile = self.profile(verdict.connector);
        // It was us who gave up, or who asked for no receipt: what an operator tells all the same is better than that.
        let given_up = own.error == Some(ErrorCode::ReceiptTimeout) || own.state == MessageState::DeliveredToOperator;
        let kind = match own.state {
            _ if given_up => "receipt_late",
            before if before == state => "receipt_repeated",
            _ => "receipt_contradicted",
        };
        self.event(segment, kind, Some(state.as_str().to_owned()));
        let kept = Duration::from_secs(u64::from(profile.receipt.kept_h) * 3_600);
        let in_time = verdict.received_at <= live.message.expires_at.saturating_add(kept);
        let is_last = profile.receipt.which_final == WhichFinal::Last || planted(Bug::ContradictionBelieved);
        let given_up = given_up && !planted(Bug::LateReceiptIgnored);
        let believed = given_up && in_time || own.state != state && is_last;
        if planted(Bug::SettledTwice) {
            self.settle(&live.message, segment, ChargeState::Captured);
        }
        if believed {
            self.correct(live, segment, state, verdict);
        }
    }

    /// Another end is believed: the segment's state, the message's, and news to the client.
    fn correct(&mut self, live: &Arc<Live>, segment: SegmentId, state: MessageState, verdict: &Verdict) {
        let error = self.error_of(state, verdict);
        let charge_before = live.progress().of(segment).map(|own| own.charge);
        let (before, after) = {
            let mut progress = live.progress();
            let before = end_of(&progress.segments);
            let Some(own) = progress.of(segment) else { return };
            own.state = state;
            own.error = error;
            own.operator_error = verdict.error.as_deref().filter(|_| error.is_some()).map(Into::into);
            own.done_at = verdict.done_at;
            own.final_at = Some(verdict.received_at);
            (before, end_of(&progress.segments))
        };
        self.dirty(segment, live);
        self.event(segment, "receipt_corrected", Some(state.as_str().to_owned()));
        self.money_follows(live, segment, state);
        self.record_follows(live, segment, charge_before);
        // A message with open segments will be told of as a whole.
        if !after.0.is_final() || !before.0.is_final() {
            return;
        }
        let is_news = before != after;
        let (after, error) = after;
        let final_at = verdict.received_at;
        let id = live.message.id;
        self.batch.message_corrections.push(MessageFinal { id, state: after, error, final_at });
        // Of an end that is the same as before its client was told.
        if is_news {
            self.notify(live, after, error, final_at);
        }
    }

    /// The record tells the end that is believed, and whether its price was taken. Money follows once: what contradicts that again
    /// is in the message's events only.
    fn record_follows(&mut self, live: &Arc<Live>, segment: SegmentId, before: Option<ChargeState>) {
        let now = live.progress().of(segment).map(|own| own.charge);
        let charge = match (before, now) {
            (Some(ChargeState::Voided), Some(ChargeState::Corrected)) => ChargeState::Captured,
            (Some(ChargeState::Captured), Some(ChargeState::Corrected)) => ChargeState::Voided,
            (_, None | Some(ChargeState::Corrected)) => return,
            (_, Some(same)) => same,
        };
        self.rewrite_cdr(live, segment, charge);
    }
}

/// How the message ends with its segments so, and why.
fn end_of(segments: &[SegmentProgress]) -> (MessageState, Option<ErrorCode>) {
    let state = MessageState::combine(&states_that_count(segments));
    (state, segments.iter().find(|own| own.state == state).and_then(|own| own.error))
}
