//! Writes announced segments to the links: no faster than agreed, most urgent first, never past their validity.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sambac_bus::Task;
use sambac_domain::id::SegmentId;
use sambac_smpp::TrySendError;

use super::Connector;
use super::link::{Flight, Link, Slot};
use super::pdu::Outgoing;
use super::ready::Announced;
use crate::commit::{Answer, AnswerOutcome, Write};

/// Counts itself among those that wait for room, as long as it lives.
struct Starving<'a>(&'a AtomicUsize);

impl<'a> Starving<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Starving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs until the connector stops.
pub(super) async fn run(connector: Arc<Connector>) {
    loop {
        let next = tokio::select! {
            next = connector.next() => next,
            () = connector.cancel.cancelled() => return,
        };
        let Some((link, slot, announced)) = next else { continue };
        if !connector.send(&link, slot, announced).await {
            return;
        }
    }
}

impl Connector {
    /// A segment, a link and a place in its window; the segment is chosen last, so that the most urgent goes.
    async fn next(&self) -> Option<(Arc<Link>, Slot, Announced)> {
        self.ready.filled().await;
        self.throughput.turn().await;
        let (link, slot) = self.place().await;
        Some((link, slot, self.ready.pop()?))
    }

    /// A place in the window of the link that has most of them.
    async fn place(&self) -> (Arc<Link>, Slot) {
        loop {
            let link = self.links().iter().max_by_key(|link| link.free()).cloned();
            if let Some((link, slot)) = link.and_then(|link| link.slot().map(|slot| (link, slot))) {
                return (link, slot);
            }
            let _starving = Starving::new(&self.inner.starving);
            self.room.notified().await;
        }
    }

    /// Sends one segment; false when the engine has ended.
    async fn send(&self, link: &Arc<Link>, slot: Slot, announced: Announced) -> bool {
        let Task::Submit { segment, message, .. } = &announced.queued.task else { return true };
        let (segment, message) = (*segment, Arc::clone(message));
        let now = self.inner.clock.now();
        if message.is_expired(now) {
            return self.not_sent(announced, segment, AnswerOutcome::Expired).await;
        }
        let outgoing = match Outgoing::new(&message, segment, &self.profile(), now) {
            Ok(outgoing) => outgoing,
            Err(reason) => {
                tracing::warn!(message = %message.id, %reason, "a segment cannot be put into a PDU");
                return self.not_sent(announced, segment, AnswerOutcome::Unsendable).await;
            }
        };
        self.metrics.sent(now, message.accepted_at);
        let token = link.depart(Flight { announced, slot, submitted_at: now });
        match link.session.try_send(&outgoing.pdu(), token) {
            Ok(_) => true,
            Err(error) => {
                let Some(flight) = link.arrive(token) else { return true };
                if let TrySendError::Encode(error) = error {
                    tracing::warn!(message = %message.id, %error, "a segment cannot be put into a PDU");
                    return self.not_sent(flight.announced, segment, AnswerOutcome::Unsendable).await;
                }
                if let TrySendError::Closed = error {
                    self.links().retain(|other| !Arc::ptr_eq(other, link));
                }
                // The link is going down or its buffer is full: the segment waits for the next place.
                self.ready.put_back(flight.announced);
                drop(flight.slot);
                tokio::task::yield_now().await;
                true
            }
        }
    }

    /// Ends the announcement of a segment that was not written to any link.
    pub(super) async fn not_sent(&self, announced: Announced, segment: SegmentId, outcome: AnswerOutcome) -> bool {
        let answer = Answer {
            intent: announced.intent,
            connector: self.id(),
            queued: announced.queued,
            queue: Arc::clone(&self.queue),
            segment,
            outcome,
            submitted_at: None,
            answered_at: self.inner.clock.now(),
            slot: None,
        };
        self.inner.write(Write::Answer(Box::new(answer))).await
    }
}
