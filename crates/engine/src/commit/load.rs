//! Brings messages that are touched by a group of writes, and were pushed out of memory, back into it: all in one go.

use std::collections::HashSet;
use std::sync::Arc;

use sambac_domain::id::MessageId;

use super::{Committer, Write};
use crate::live::Live;
use crate::relay;

impl Committer {
    pub(super) async fn load_missing(&mut self, inbox: &[Write]) {
        let mut missing = HashSet::new();
        let mut keys = Vec::new();
        for write in inbox {
            match write {
                Write::Answer(answer) => self.note_missing(answer.segment.message(), &mut missing),
                Write::Receipt(receipt) => match self.inner.live.by_receipt(receipt.found.key) {
                    Some(segment) => self.note_missing(segment.message(), &mut missing),
                    None => keys.push(receipt.found.key),
                },
                Write::Intent(intent) => {
                    intent.segments.iter().for_each(|segment| self.note_missing(segment.message(), &mut missing));
                }
                Write::Expire(ids) => ids.iter().for_each(|id| self.note_missing(*id, &mut missing)),
                Write::Recovered { segments, .. } => {
                    segments.iter().for_each(|segment| self.note_missing(segment.message(), &mut missing));
                }
                _ => {}
            }
        }
        self.note_by_keys(&keys, &mut missing).await;
        if missing.is_empty() {
            return;
        }
        let ids: Vec<_> = missing.into_iter().collect();
        for live in relay::load_messages(&self.inner, &ids).await {
            self.inner.live.insert(live);
        }
    }

    fn note_missing(&self, id: MessageId, missing: &mut HashSet<MessageId>) {
        if self.inner.live.get(id).is_none() {
            missing.insert(id);
        }
    }

    /// The messages that unknown receipts belong to.
    async fn note_by_keys(&self, keys: &[i64], missing: &mut HashSet<MessageId>) {
        if keys.is_empty() {
            return;
        }
        match self.inner.store.segments_by_receipt_keys(keys).await {
            Ok(rows) => {
                for row in rows {
                    self.note_missing(row.id.message(), missing);
                    if let Some(key) = row.receipt_key {
                        self.inner.live.expect_receipt(key, row.id);
                    }
                }
            }
            Err(error) => tracing::error!(%error, "segments of receipts not read; the receipts are kept as orphans"),
        }
    }

    /// The working copy of a message, which [`Committer::load_missing`] has brought in if it exists.
    pub(super) fn live(&self, id: MessageId) -> Option<Arc<Live>> {
        self.inner.live.get(id)
    }
}
