//! An operator's receipt meets its segment, or waits for it.

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{ConnectorId, SegmentId};
use sambac_domain::number::Msisdn;
use sambac_domain::planted::{Bug, planted};
use sambac_domain::profile::Profile;
use sambac_domain::receipt::{IdSide, ReceiptState};
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_smpp::CommandStatus;
use tokio::sync::oneshot;

use super::{Committer, Found, Left, ReceiptFrom, ReceiptIn};
use crate::alert::AlertKind;
use crate::breakage::Hand;
use crate::kill_point;
use crate::live::Live;

/// What a receipt says of its segment.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) connector: ConnectorId,
    /// The final state, unless it is only on its way.
    pub(crate) state: Option<MessageState>,
    /// The state as the operator sees it.
    pub(crate) told: ReceiptState,
    /// The operator's error code.
    pub(crate) error: Option<String>,
    /// When the operator says that it happened.
    pub(crate) done_at: Option<Timestamp>,
    pub(crate) received_at: Timestamp,
}

impl Committer {
    pub(super) fn receipt(&mut self, incoming: ReceiptIn) {
        let ReceiptIn { found, from } = incoming;
        let is_put_aside = self.breaks_on(Hand::of_receipt(&found));
        let orphan = match from {
            ReceiptFrom::Session(acknowledge) if planted(Bug::ReceiptAckBeforeFlush) => {
                acknowledge.give(CommandStatus::ROK);
                None
            }
            ReceiptFrom::Session(acknowledge) => {
                self.after.acknowledge(acknowledge);
                None
            }
            ReceiptFrom::Orphan(id) if self.orphans.is_done(id) => return,
            // Matched or not, it is no longer what waits in memory under its old keys.
            ReceiptFrom::Orphan(id) => {
                self.orphans.remove(id);
                Some(id)
            }
        };
        if is_put_aside {
            // Its operator need not bring it again; what it is about ends when its receipt is overdue.
            return self.batch.orphans_done.extend(orphan);
        }
        found.numbers().for_each(|number| kill_point::breaks("receipt", number));
        if orphan.is_none() {
            self.learn_zone(&found);
        }
        let verdict = self.verdict(&found);
        match (self.find(&found, &verdict, orphan), orphan) {
            (true, Some(id)) => {
                self.orphans.done(id);
                self.batch.orphans_done.push(id);
            }
            (true, None) => {}
            (false, Some(id)) => self.orphans.insert(id, found),
            (false, None) => self.orphan(found),
        }
    }

    /// Matches it by its id, or else by where it comes from and whom it is about. `orphan` is its row, if it has waited in one.
    fn find(&mut self, found: &Found, verdict: &Verdict, orphan: Option<i64>) -> bool {
        if let Some((segment, live)) = self.by_receipt(found) {
            self.matched(&live, segment, verdict);
            return true;
        }
        self.resolve_doubt(found, verdict, orphan) || self.without_id(found, verdict)
    }

    fn learn_zone(&self, found: &Found) {
        if let Some(done) = found.receipt.done_date {
            self.inner.receipt_watch.dated(found.connector, done, found.received_at);
        }
        if let Some(word) = &found.receipt.unmapped_state
            && self.inner.receipt_watch.is_new_word(found.connector, word)
        {
            let name = self.snapshot.connectors.get(&found.connector).map_or("", |row| row.name.as_str());
            let text = format!(
                "a receipt tells the state \"{word}\", which is in no table: see receipt.words and receipt.numbers"
            );
            self.inner.alerts.raise(AlertKind::ReceiptState, name, text);
        }
    }

    pub(super) fn verdict(&self, found: &Found) -> Verdict {
        let Found { connector, receipt, received_at, .. } = found;
        let profile = self.profile(*connector);
        Verdict {
            connector: *connector,
            state: MessageState::from_receipt(receipt.state),
            told: receipt.state,
            error: receipt.error.clone(),
            done_at: self.inner.receipt_watch.done_at(*connector, &profile, receipt.done_date, *received_at),
            received_at: *received_at,
        }
    }

    /// A connector's profile; the default for one that has gone.
    pub(super) fn profile(&self, connector: ConnectorId) -> Arc<Profile> {
        self.snapshot.profile(connector).cloned().unwrap_or_default()
    }

    /// The receipt of a segment whose answer was lost, recognised by where it comes from and whom it is about.
    fn resolve_doubt(&mut self, found: &Found, verdict: &Verdict, orphan: Option<i64>) -> bool {
        let candidate = self.doubt_candidate(found).filter(|_| verdict.state.is_some());
        let Some((segment, live)) = candidate.and_then(|segment| Some((segment, self.live(segment.message())?))) else {
            return false;
        };
        // Ids rise, whatever becomes of clocks.
        if orphan.is_some_and(|orphan| orphan < segment.message().raw()) {
            return false; // It waits since before there was such a segment.
        }
        if let Some(own) = live.progress().of(segment) {
            own.smsc_message_id = Some(found.receipt.smsc_message_id.as_str().into());
            own.receipt_key = found.keys.first().copied();
        }
        self.event(segment, "receipt_matched_by_number", Some(found.receipt.smsc_message_id.clone()));
        self.matched(&live, segment, verdict);
        true
    }

    /// The only segment in doubt that a receipt can be about; none while another one to the same number is on its way, whose
    /// receipt it could be as well.
    pub(super) fn doubt_candidate(&self, found: &Found) -> Option<SegmentId> {
        let group = self.receipt_group(found.connector);
        let (destination, segment) =
            found.numbers().find_map(|number| Some((number, self.in_doubt.only(group, number, self.now)?)))?;
        (!self.is_on_its_way(destination)).then_some(segment)
    }

    /// Whether a segment to this number was submitted, or is about to be, whose answer is not stored yet.
    pub(super) fn is_on_its_way(&self, number: Msisdn) -> bool {
        let same_number = |id: &SegmentId| {
            let live = self.live(id.message()).or_else(|| self.inner.live.get(id.message()));
            live.is_none_or(|live| live.message.destination == number)
        };
        self.announced.iter().any(same_number)
    }

    /// No segment is known by this id yet: its answer may be on the way, or its id be written in another form.
    fn orphan(&mut self, found: Found) {
        self.inner.metrics.orphan();
        self.learn_form(&found);
        let id = self.inner.ids.next(self.now);
        if !planted(Bug::OrphanNotStored) {
            self.batch.orphans.push(found.orphan(id));
        }
        self.orphans.insert(id, found);
    }

    /// What the last process left: receipts without a segment, as answers that are still to come may name it, and segments
    /// without a receipt, in doubt or not.
    pub(super) fn waiting_left(&mut self, left: Left) {
        let Left { orphans, segments, in_doubt, doubted } = left;
        for row in orphans {
            self.orphans.insert(row.id, Found::again(&self.snapshot, row));
        }
        for (segment, connector, number, submitted_at) in segments.into_iter().rev() {
            self.ask_when_overdue(connector, segment, submitted_at.unwrap_or(self.now));
            self.awaiting.insert(self.receipt_group(connector), number, segment);
        }
        for (segment, connector, number, _) in in_doubt.into_iter().filter(|_| !planted(Bug::DoubtForgotten)) {
            self.in_doubt.insert(self.receipt_group(connector), number, segment);
            self.waiting.insert(segment);
        }
        for (segment, number) in doubted.into_iter().rev() {
            // When it was lost nobody knows any more: rather too long than not.
            self.in_doubt.lost(number, segment, self.now);
        }
    }

    /// A person has dealt with them.
    pub(super) fn dismiss(&mut self, orphans: &[i64], done: oneshot::Sender<()>) {
        for id in orphans {
            self.orphans.remove(*id);
            self.batch.orphans_done.push(*id);
        }
        self.after.tell(done);
    }

    /// The answer came after its receipt: the receipt has been waiting in memory.
    pub(super) fn match_orphans(&mut self, key: i64, segment: SegmentId, live: &Arc<Live>) {
        if planted(Bug::ReceiptRace) {
            return;
        }
        let waiting = self.orphans.take(key, |found| found.fits(live.message.destination));
        for (orphan_id, found) in waiting {
            self.orphans.done(orphan_id);
            let verdict = self.verdict(&found);
            self.matched(live, segment, &verdict);
            // When both are of this batch, the row is not written at all.
            let before = self.batch.orphans.len();
            self.batch.orphans.retain(|row| row.id != orphan_id);
            if self.batch.orphans.len() == before {
                self.batch.orphans_done.push(orphan_id);
            }
        }
    }

    pub(super) fn matched(&mut self, live: &Arc<Live>, segment: SegmentId, verdict: &Verdict) {
        let Some(own) = live.progress().of(segment).cloned() else { return };
        match verdict.state {
            None => self.intermediate(live, segment, own.state, verdict),
            Some(state) if !own.state.is_final() => {
                self.inner.metrics.receipt(live.message.accepted_at, verdict.received_at);
                if let Some(submitted_at) = own.submitted_at {
                    let delivered = state == MessageState::Delivered;
                    self.inner.receipt_watch.ended(verdict.connector, submitted_at, verdict.received_at, delivered);
                }
                self.end_by_receipt(live, segment, state, verdict);
                self.speaks_for_all(live, segment, state, verdict);
            }
            Some(state) => self.second_final(live, segment, &own, (state, verdict)),
        }
    }

    /// A segment's end as its receipt tells it.
    pub(super) fn end_by_receipt(
        &mut self,
        live: &Arc<Live>,
        segment: SegmentId,
        state: MessageState,
        verdict: &Verdict,
    ) {
        let (mut was_sent_once, mut at) = (false, verdict.received_at);
        if let Some(own) = live.progress().of(segment) {
            let error = verdict.error.as_deref().filter(|_| state != MessageState::Delivered);
            own.operator_error = error.map(Into::into);
            own.done_at = verdict.done_at;
            was_sent_once = own.attempts <= 1;
            // It may be of an earlier attempt, and have waited until no other one was left.
            at = at.max(own.submitted_at.unwrap_or(at));
        }
        if was_sent_once {
            self.in_doubt.found(live.message.destination, segment);
        }
        self.end_segment(live, segment, state, self.error_of(state, verdict), at);
    }

    /// On its way: an event, and news for a client that asked for it (Q-B10). After the end it says nothing.
    fn intermediate(&mut self, live: &Arc<Live>, segment: SegmentId, before: MessageState, verdict: &Verdict) {
        self.event(segment, "receipt_intermediate", Some(verdict.told.as_stat().to_owned()));
        if !before.is_final() {
            self.notify_intermediate(live, verdict.told, verdict.done_at.unwrap_or(verdict.received_at));
        }
    }

    /// What a client is told when the operator's receipt says that the message did not arrive: by the operator's code if the
    /// profile knows it, else by the state.
    pub(super) fn error_of(&self, state: MessageState, verdict: &Verdict) -> Option<ErrorCode> {
        if state == MessageState::Delivered {
            return None;
        }
        let profile = self.snapshot.profile(verdict.connector);
        let by_code = profile.and_then(|profile| profile.receipt.error_of_code(verdict.error.as_deref()?));
        by_code.or(Some(match state {
            MessageState::Expired => ErrorCode::Expired,
            MessageState::Rejected => ErrorCode::OperatorRejected,
            MessageState::Canceled => ErrorCode::Canceled,
            _ => ErrorCode::Undeliverable,
        }))
    }

    /// The rules for ids have changed: the segments get the keys that hold now.
    pub(super) fn rekey(&mut self, segments: &[SegmentId]) {
        for segment in segments {
            let Some(live) = self.live(segment.message()) else { continue };
            let Some(own) = live.progress().of(*segment).cloned() else { continue };
            let id = own.smsc_message_id.as_deref().unwrap_or_default();
            let key = self.snapshot.receipt_key(own.connector, id, IdSide::Answer);
            if key == own.receipt_key {
                continue;
            }
            if let Some(old) = own.receipt_key {
                self.forget_receipt(old, *segment);
            }
            if let Some(own) = live.progress().of(*segment) {
                own.receipt_key = key;
            }
            self.dirty(*segment, &live);
            if let Some(key) = key {
                self.expect_receipt(key, *segment);
            }
        }
    }
}
