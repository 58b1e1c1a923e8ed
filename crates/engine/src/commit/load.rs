//! Brings every message that a group of writes touches into memory, all in one go, and keeps it there until the group is
//! stored: nothing that is pushed out of the working set meanwhile may lose an answer or a receipt.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sambac_domain::id::{MessageId, SegmentId};
use sambac_store::StoreError;

use super::{Committer, Withdraw, Write};
use crate::live::Live;
use crate::relay;

/// The messages of the present group.
#[derive(Default)]
pub(super) struct Pinned {
    messages: HashMap<MessageId, Arc<Live>>,
    by_receipt: HashMap<i64, SegmentId>,
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
        let mut missing = HashSet::new();
        let mut keys = Vec::new();
        for write in inbox {
            match write {
                Write::Answer(answer) => self.pin(answer.segment.message(), &mut missing),
                Write::Receipt(receipt) => {
                    match self.inner.live.by_receipt(receipt.found.key) {
                        Some(segment) => self.pin_receipt(receipt.found.key, segment, &mut missing),
                        None => keys.push(receipt.found.key),
                    }
                    let candidate = self.doubt_candidate(&receipt.found);
                    candidate.iter().for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                Write::Intent(intent) => {
                    intent.segments.iter().for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                Write::Withdraw(Withdraw { messages, .. }) => {
                    messages.iter().for_each(|id| self.pin(*id, &mut missing));
                }
                Write::Replace(replace) => replace.messages.iter().for_each(|id| self.pin(*id, &mut missing)),
                Write::Expire { messages, .. } => messages.iter().for_each(|id| self.pin(*id, &mut missing)),
                Write::Recovered(recovered) => {
                    recovered.segments.iter().for_each(|segment| self.pin(segment.message(), &mut missing));
                }
                _ => {}
            }
        }
        for row in self.inner.store.segments_by_receipt_keys(&keys).await? {
            if let Some(key) = row.receipt_key {
                self.pin_receipt(key, row.id, &mut missing);
            }
        }
        let ids: Vec<_> = missing.into_iter().collect();
        for live in relay::load_messages(&self.inner, &ids).await? {
            let live = self.inner.live.insert(live);
            self.pinned.messages.insert(live.message.id, live);
        }
        Ok(())
    }

    fn pin(&mut self, id: MessageId, missing: &mut HashSet<MessageId>) {
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

    fn pin_receipt(&mut self, key: i64, segment: SegmentId, missing: &mut HashSet<MessageId>) {
        self.pinned.by_receipt.insert(key, segment);
        self.pin(segment.message(), missing);
    }

    /// The working copy of a message that the group touches, if there is such a message.
    pub(super) fn live(&self, id: MessageId) -> Option<Arc<Live>> {
        self.pinned.messages.get(&id).cloned()
    }

    /// The segment that a receipt is about.
    pub(super) fn by_receipt(&self, key: i64) -> Option<SegmentId> {
        self.pinned.by_receipt.get(&key).copied().or_else(|| self.inner.live.by_receipt(key))
    }

    /// From now on a receipt with this key is about this segment.
    pub(super) fn expect_receipt(&mut self, key: i64, segment: SegmentId) {
        self.pinned.by_receipt.insert(key, segment);
        self.inner.live.expect_receipt(key, segment);
    }
}
