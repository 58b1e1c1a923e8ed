//! What a client asks of messages that it has submitted: to withdraw or to change them, as long as they wait with us.
//!
//! A message is withdrawn whole or not at all: one of which a segment was handed to an operator stays as it is.

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{ConnectorId, MessageId, SegmentId};
use sambac_domain::message::{Message, MessageBody};
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_store::rows::OutboxKey;
use sambac_store::{BodySwap, Sealed};
use tokio::sync::oneshot;

use super::{Committer, target_of};
use crate::live::Live;

/// Messages that were given another text and wait: those in queues still have the old one, and are told when they are
/// announced. Beyond this many, none is changed any more.
const REPLACED_MAX: usize = 10_000;

/// Messages to be withdrawn.
pub(crate) struct Withdraw {
    pub(crate) messages: Vec<MessageId>,
    /// How many were, once that is stored.
    pub(crate) done: oneshot::Sender<usize>,
}

/// Messages to be given another text, all or none.
pub(crate) struct Replace {
    pub(crate) messages: Vec<MessageId>,
    pub(crate) replacement: Replacement,
    /// How many were changed, once that is stored.
    pub(crate) done: oneshot::Sender<usize>,
}

/// What is new of a message.
pub(crate) struct Replacement {
    pub(crate) body: MessageBody,
    /// How many segments the new text takes.
    pub(crate) segments: u8,
    /// Until when they may be sent; as before if not given.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) receipt_wanted: bool,
}

impl Committer {
    pub(super) fn withdraw(&mut self, withdraw: Withdraw) {
        let waiting: Vec<_> = withdraw.messages.iter().filter_map(|id| self.live_that_waits(*id)).collect();
        for live in &waiting {
            for segment in live.message.segment_ids() {
                self.cancel_segment(live, segment);
            }
        }
        self.after.count(withdraw.done, waiting.len());
    }

    pub(super) fn replace(&mut self, replace: Replace) {
        let Replace { messages, replacement, done } = replace;
        let wanted = messages.len();
        let waiting: Vec<_> = messages.iter().filter_map(|id| self.live_that_waits(*id)).collect();
        let paid = waiting.iter().all(|live| replacement.segments <= live.message.segment_count);
        let full = self.replaced.len() + wanted > REPLACED_MAX;
        // The memory of the others is as it was when one of them cannot be sealed.
        let swaps: Option<Vec<_>> = waiting.iter().map(|live| self.swapped(live, &replacement)).collect();
        let count = match swaps.filter(|swaps| swaps.len() == wanted && paid && !full) {
            Some(swaps) => {
                swaps.into_iter().for_each(|(live, swap)| self.swap(&live, swap, replacement.segments));
                wanted
            }
            None => 0,
        };
        self.after.count(done, count);
    }

    /// The message, if all of it waits with us: not announced, not sent, not ended.
    fn live_that_waits(&self, id: MessageId) -> Option<Arc<Live>> {
        let live = self.live(id)?;
        let waits = live.message.segment_ids().all(|segment| {
            let state = live.progress().of(segment).map(|progress| progress.state);
            matches!(state, Some(MessageState::Scheduled | MessageState::Accepted | MessageState::Routed))
                && !self.announced.contains(&segment)
        });
        waits.then_some(live)
    }

    fn cancel_segment(&mut self, live: &Arc<Live>, segment: SegmentId) {
        let connector: Option<ConnectorId> = live.progress().of(segment).map(|progress| progress.connector);
        let Some(connector) = connector else { return };
        let row = OutboxKey { target: target_of(connector), lane: live.message.class.lane(), id: segment.raw() };
        self.after.withdraw(row.clone());
        self.batch.outbox_done.push(row);
        self.end_segment(live, segment, MessageState::Canceled, Some(ErrorCode::Canceled), self.now);
    }

    fn swapped(&self, live: &Live, new: &Replacement) -> Option<(Arc<Live>, BodySwap)> {
        let mut options = live.message.options.clone();
        let cut = Some(new.segments).filter(|segments| *segments < live.message.segment_count);
        if cut != options.as_ref().and_then(|options| options.cut) {
            options.get_or_insert_default().cut = cut;
        }
        let message = Message {
            options,
            body: new.body.clone(),
            expires_at: new.expires_at.unwrap_or(live.message.expires_at),
            receipt_wanted: new.receipt_wanted,
            ..Message::clone(&live.message)
        };
        let sealed = self.inner.settings.seal.seal_again(message.id.raw(), &message.body.to_bytes());
        let sealed = sealed.inspect_err(|error| tracing::error!(%error, "a text was not replaced")).ok()?;
        let (id, expires_at, receipt_wanted) = (message.id, message.expires_at, message.receipt_wanted);
        let swap = BodySwap {
            id,
            body: Sealed(sealed),
            expires_at,
            receipt_wanted,
            options: message.options.as_ref().map(|options| options.to_json()),
        };
        let segments = live.progress().segments.clone();
        Some((Arc::new(Live::new(Arc::new(message), segments, false)), swap))
    }

    /// Of the messages of these segments, those whose text is no longer what it was when they were queued.
    pub(super) fn replaced_among(&self, segments: &[SegmentId]) -> Vec<Arc<Message>> {
        if self.replaced.is_empty() {
            return Vec::new();
        }
        let replaced = segments.iter().map(|segment| segment.message()).filter(|id| self.replaced.contains(id));
        replaced.filter_map(|id| Some(Arc::clone(&self.live(id)?.message))).collect()
    }

    fn swap(&mut self, live: &Arc<Live>, swap: BodySwap, segments: u8) {
        // Twice in one batch: the later one counts.
        self.batch.body_swaps.retain(|earlier| earlier.id != swap.id);
        self.batch.body_swaps.push(swap);
        self.inner.live.replace(Arc::clone(live));
        self.repin(live);
        self.replaced.insert(live.message.id);
        for segment in live.message.segment_ids().skip(usize::from(segments)) {
            self.cancel_segment(live, segment);
        }
    }
}
