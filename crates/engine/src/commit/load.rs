//! Brings every message that a group of writes touches into memory, all in one go, and keeps it there until the group is
//! stored: nothing that is pushed out of the working set meanwhile may lose an answer or a receipt.

use std::sync::Arc;

use sambac_bus::{Queued, Task};
use sambac_domain::id::{MessageId, SegmentId};
use sambac_domain::receipt::IdSide;
use sambac_store::StoreError;

use super::{AnswerOutcome, Committer, Found, Withdraw, Write};
use crate::by_id::{ById, Ids};
use crate::live::{Candidates, Live};
use crate::relay;

/// The messages of the present group.
#[derive(Default)]
pub(super) struct Pinned {
    messages: ById<MessageId, Arc<Live>>,
    by_receipt: ById<i64, Candidates>,
}

impl Pinned {
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.by_receipt.clear();
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.messages.keys().copied()
    }
}

impl Committer {
    /// Pins what the writes touch.
    ///
    /// # Errors
    /// What the database said; nothing may be decided then.
    pub(super) async fn load_missing(&mut self, inbox: &[Write]) -> Result<(), StoreError> {
        let mut missing = Ids::default();
        let mut keys = Vec::new();
        for write in inbox {
            match write {
                Write::Answer(answer) => self.pin(answer.segment.message(), &mut missing),
                Write::Receipt(receipt) => {
                    if self.pin_candidates(&receipt.found, &mut missing) {
                        continue;
                    }
                    keys.extend_from_slice(&receipt.found.keys);
                    let in_doubt = self.doubt_candidate(&receipt.found);
                    let others = self.awaiting_candidates(&receipt.found);
                    in_doubt.iter().chain(&others).for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                Write::Intent(intent) => {
                    intent.segments.iter().for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                Write::Withdraw(Withdraw { messages, .. }) => {
                    messages.iter().for_each(|id| self.pin(*id, &mut missing));
                }
                Write::Queried(queried) => self.pin(queried.segment.message(), &mut missing),
                Write::Recalled(recalled) => {
                    recalled.segments.iter().for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                Write::Replace(replace) => replace.messages.iter().for_each(|id| self.pin(*id, &mut missing)),
                Write::Expire { messages, .. } => messages.iter().for_each(|id| self.pin(*id, &mut missing)),
                Write::Release(release) => {
                    let segments = release.rows.iter().map(|row| SegmentId::from_raw(row.id));
                    segments.for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                Write::Rekey { segments, .. } => {
                    segments.iter().for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                Write::Recovered(recovered) => {
                    recovered.segments.iter().for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                Write::Adopted(adopted) => {
                    adopted.segments.iter().for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                Write::Otp(otp) => otp.messages().for_each(|id| self.pin(id, &mut missing)),
                Write::Verified { message, .. } => self.pin(*message, &mut missing),
                Write::Unverified { segments, .. } => {
                    segments.iter().for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                Write::Due { queued: Queued { task: Task::Submit { segment, .. }, .. }, .. } => {
                    self.pin(segment.message(), &mut missing);
                }
                _ => {}
            }
        }
        self.drop_answered_here(&mut keys, inbox);
        for row in self.inner.own_store.segments_by_receipt_keys(&keys).await? {
            if let Some(key) = row.receipt_key {
                self.pin_receipt(key, row.id, &mut missing);
            }
        }
        let ids: Vec<_> = missing.into_iter().collect();
        for live in relay::load_by(&self.inner, &self.inner.own_store, &ids).await? {
            let live = self.inner.live.insert(live);
            self.pinned.messages.insert(live.message.id, live);
        }
        Ok(())
    }

    /// An operator's receipt may come with its answer: the database knows nothing of their key yet, and need not be asked.
    fn drop_answered_here(&self, keys: &mut Vec<i64>, inbox: &[Write]) {
        if keys.is_empty() {
            return;
        }
        let answers = inbox.iter().filter_map(|write| match write {
            Write::Answer(answer) => match &answer.outcome {
                AnswerOutcome::Accepted { smsc_message_id } => {
                    self.snapshot.receipt_key(answer.connector, smsc_message_id, IdSide::Answer)
                }
                _ => None,
            },
            _ => None,
        });
        let answered: Ids<i64> = answers.collect();
        keys.retain(|key| !answered.contains(key));
    }

    /// Pins what memory knows under a receipt's keys. Whether any of that fits; otherwise the database is to be asked.
    fn pin_candidates(&mut self, found: &Found, missing: &mut Ids<MessageId>) -> bool {
        let mut fits = false;
        for key in &found.keys {
            for segment in self.inner.live.by_receipt(*key) {
                self.pin_receipt(*key, segment, missing);
                fits |= self.live(segment.message()).is_some_and(|live| found.fits(live.message.destination));
            }
        }
        fits
    }

    fn pin(&mut self, id: MessageId, missing: &mut Ids<MessageId>) {
        if self.pinned.messages.contains_key(&id) {
            return;
        }
        match self.inner.live.get(id) {
            Some(live) => drop(self.pinned.messages.insert(id, live)),
            None => drop(missing.insert(id)),
        }
    }

    /// The message has changed: from now on this is its working copy.
    pub(super) fn repin(&mut self, live: &Arc<Live>) {
        self.pinned.messages.insert(live.message.id, Arc::clone(live));
    }

    fn pin_receipt(&mut self, key: i64, segment: SegmentId, missing: &mut Ids<MessageId>) {
        let candidates = self.pinned.by_receipt.entry(key).or_default();
        if !candidates.contains(&segment) {
            candidates.push(segment);
        }
        self.pin(segment.message(), missing);
    }

    /// The working copy of a message that the group touches, if there is such a message.
    pub(super) fn live(&self, id: MessageId) -> Option<Arc<Live>> {
        self.pinned.messages.get(&id).cloned()
    }

    /// The segment that a receipt is about: of those with one of its keys that fit its addresses an open one rather than one that
    /// has ended, and the newest (Q-B8).
    pub(super) fn by_receipt(&self, found: &Found) -> Option<(SegmentId, Arc<Live>)> {
        let of_key =
            |key: &i64| self.candidates(*key).into_iter().filter_map(|segment| self.fitting(found, segment)).max();
        let (_, segment) = found.keys.iter().find_map(of_key)?;
        Some((segment, self.live(segment.message())?))
    }

    fn candidates(&self, key: i64) -> Candidates {
        let mut candidates = self.pinned.by_receipt.get(&key).cloned().unwrap_or_default();
        for segment in self.inner.live.by_receipt(key) {
            if !candidates.contains(&segment) {
                candidates.push(segment);
            }
        }
        candidates
    }

    /// Whether the segment is open, and which it is, in the order of preference.
    fn fitting(&self, found: &Found, segment: SegmentId) -> Option<(bool, SegmentId)> {
        let live = self.live(segment.message())?;
        let open = live.progress().of(segment).is_some_and(|progress| !progress.state.is_final());
        let message = &live.message;
        let fits =
            found.fits(message.destination) || (message.redaction().to && found.fits_redacted(message.destination));
        fits.then_some((open, segment))
    }

    /// From now on a receipt with this key is about this segment.
    pub(super) fn expect_receipt(&mut self, key: i64, segment: SegmentId) {
        let candidates = self.pinned.by_receipt.entry(key).or_default();
        if !candidates.contains(&segment) {
            candidates.push(segment);
        }
        self.inner.live.expect_receipt(key, segment);
    }

    /// From now on a receipt with this key is about others.
    pub(super) fn forget_receipt(&mut self, key: i64, segment: SegmentId) {
        if let Some(candidates) = self.pinned.by_receipt.get_mut(&key) {
            candidates.retain(|other| *other != segment);
        }
        self.inner.live.forget_receipt(key, segment);
    }
}
