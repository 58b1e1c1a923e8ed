//! How charges end: captured or voided by their policy, early where the policy says so, and put right by what turns out later.

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{MessageId, SegmentId};
use sambac_domain::ledger::{AtEnd, PostingKind, due};
use sambac_domain::message::Message;
use sambac_domain::planted::{Bug, planted};
use sambac_domain::rating::ChargePolicy;
use sambac_domain::state::MessageState;
use sambac_store::rows::ChargeState;
use sambac_store::{ChargeCorrection, Settlement};
use tokio::sync::oneshot;

use super::Committer;
use crate::live::Live;

impl Committer {
    /// What becomes of a charge whose segment has ended in `state`, as its row will say.
    pub(super) fn settle_at_end(
        &mut self,
        message: &Message,
        segment: SegmentId,
        state: MessageState,
        charge: ChargeState,
    ) -> ChargeState {
        if charge != ChargeState::Held {
            return charge;
        }
        match due(message.charge_policy, state) {
            AtEnd::Capture => self.settle(message, segment, ChargeState::Captured),
            AtEnd::Void if planted(Bug::HoldForgotten) => ChargeState::Held,
            AtEnd::Void if planted(Bug::CapturedAnyway) => self.settle(message, segment, ChargeState::Captured),
            AtEnd::Void => self.settle(message, segment, ChargeState::Voided),
            AtEnd::Wait => ChargeState::Held,
        }
    }

    /// The operator has taken the segment: that is what some are paid for.
    pub(super) fn settle_when_taken(&mut self, live: &Arc<Live>, segment: SegmentId) {
        if live.message.charge_policy == ChargePolicy::Accepted {
            self.settle_now(live, segment, ChargeState::Captured);
        }
    }

    /// The password of a message was verified. A charge that was given back before is taken after all.
    pub(super) fn verified(&mut self, message: MessageId, done: oneshot::Sender<usize>) {
        let count = self.take_verified(message);
        self.after.count(done, count);
    }

    /// How many segments the message has; 0 when there is no such message.
    pub(super) fn take_verified(&mut self, message: MessageId) -> usize {
        let Some(live) = self.live(message) else { return 0 };
        let segments = live.message.segment_ids();
        let count = segments.len();
        for segment in segments.filter(|_| live.message.charge_policy == ChargePolicy::Verified) {
            match charge_of(&live, segment) {
                Some(ChargeState::Held) => self.settle_now(&live, segment, ChargeState::Captured),
                Some(ChargeState::Voided) if !self.is_charge_doubted(segment) => {
                    self.correct_charge(&live, segment, true);
                }
                Some(ChargeState::Voided) => {
                    self.event(segment, "charge_doubted", None);
                    continue;
                }
                _ => continue,
            }
            self.rewrite_cdr(&live, segment, ChargeState::Captured);
        }
        count
    }

    /// No verification came within the time for it.
    pub(super) fn unverified(&mut self, segments: &[SegmentId]) {
        for segment in segments {
            let Some(live) = self.live(segment.message()) else { continue };
            // One that has not ended is settled when it does.
            if live.progress().finished {
                self.settle_now(&live, *segment, ChargeState::Voided);
                self.rewrite_cdr(&live, *segment, ChargeState::Voided);
            }
        }
    }

    /// Another end is believed of a segment: its money follows, once.
    pub(super) fn money_follows(&mut self, live: &Arc<Live>, segment: SegmentId, state: MessageState) {
        let policy = live.message.charge_policy;
        let Some(charge) = charge_of(live, segment) else { return };
        match taken_after_all(policy, charge, state) {
            Some(taken) => self.correct_charge(live, segment, taken),
            None if charge == ChargeState::Corrected => self.event(segment, "charge_contradicted", None),
            None => {}
        }
    }

    fn settle_now(&mut self, live: &Arc<Live>, segment: SegmentId, how: ChargeState) {
        if charge_of(live, segment) != Some(ChargeState::Held) {
            return;
        }
        let charge = self.settle(&live.message, segment, how);
        set_charge(live, segment, charge);
    }

    /// Ends a charge that is held. What cannot be booked stays held, and is told.
    pub(super) fn settle(&mut self, message: &Message, segment: SegmentId, how: ChargeState) -> ChargeState {
        let (kind, captured_micros) = match how {
            ChargeState::Captured => (PostingKind::Capture, message.price_micros),
            _ => (PostingKind::Void, 0),
        };
        let (payer, micros) = (message.payer(), message.price_micros);
        let posting = self.inner.ledger().post(payer, kind, micros, &self.inner.ids, self.now);
        match posting {
            Ok(posting) => {
                self.spend_more(message, captured_micros - micros);
                self.batch.settlements.push(Settlement {
                    id: segment,
                    state: how,
                    captured_micros,
                    posting,
                    block_id: 0,
                });
                how
            }
            Err(refused) => {
                tracing::error!(account = %payer, message = %message.id, ?refused, "a charge cannot be settled; its hold stays");
                self.inner.metrics.invariant_broken();
                ChargeState::Held
            }
        }
    }

    /// Books a late fact as a posting of its own: it may take the wallet below its limit, which is told.
    fn correct_charge(&mut self, live: &Arc<Live>, segment: SegmentId, taken: bool) {
        if self.is_charge_doubted(segment) {
            return self.event(segment, "charge_doubted", None);
        }
        let (payer, micros) = (live.message.payer(), live.message.price_micros);
        let kind = if taken { PostingKind::Correct } else { PostingKind::Refund };
        let posting = self.inner.ledger().post(payer, kind, micros, &self.inner.ids, self.now);
        let posting = match posting {
            Ok(posting) => posting,
            Err(refused) => {
                return tracing::error!(account = %payer, message = %live.message.id, ?refused, "a charge cannot be corrected");
            }
        };
        let captured_micros = if taken { micros } else { 0 };
        self.spend_more(&live.message, if taken { micros } else { -micros });
        self.batch.charge_corrections.push(ChargeCorrection { id: segment, captured_micros, posting, block_id: 0 });
        set_charge(live, segment, ChargeState::Corrected);
        let what = if taken { "captured" } else { "refunded" };
        self.event(segment, "charge_corrected", Some(what.to_owned()));
        let below = self.inner.ledger().balance(payer).is_some_and(|balance| balance.below_limit_micros() > 0);
        if taken && below {
            self.event(segment, "charge_below_limit", Some(ErrorCode::InsufficientFunds.code().to_owned()));
        }
        self.inner.metrics.charge_corrected(what, taken && below);
    }
}

/// Whether another end takes the price of a charge that has ended, or gives it back; `None`: neither. What the operator has taken
/// stays paid for under the policy that says so.
fn taken_after_all(policy: ChargePolicy, charge: ChargeState, state: MessageState) -> Option<bool> {
    match (charge, due(policy, state)) {
        (ChargeState::Voided, AtEnd::Capture) => Some(true),
        (ChargeState::Captured, AtEnd::Void) if policy == ChargePolicy::Delivered => Some(false),
        _ => None,
    }
}

fn charge_of(live: &Live, segment: SegmentId) -> Option<ChargeState> {
    live.progress().of(segment).map(|own| own.charge)
}

fn set_charge(live: &Live, segment: SegmentId, charge: ChargeState) {
    if let Some(own) = live.progress().of(segment) {
        own.charge = charge;
    }
}
