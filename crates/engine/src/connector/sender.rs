//! Writes announced segments to the links: no faster than agreed, most urgent first, never past their validity.

use std::sync::Arc;

use sambac_bus::{Attempt, Task};
use sambac_domain::id::SegmentId;
use sambac_domain::planted::{Bug, planted};
use sambac_domain::time::Timestamp;
use sambac_smpp::{TlvBuf, TrySendError};
use tokio::time::Instant;

use super::Connector;
use super::link::{Flight, Link, Slot};
use super::omit::omit;
use super::pdu::Outgoing;
use super::ready::{Announced, Next};
use crate::alert::AlertKind;
use crate::breakage::{self, Hand, Step};
use crate::commit::{Answer, AnswerOutcome, Write};
use crate::kill_point;
use crate::lease::HeldLease;

/// Why nothing can go now.
enum Wait {
    /// Every place in a window is taken, or kept for OTPs.
    Room,
    /// A pace: when to ask again.
    Until(Instant),
}

/// Runs until the connector stops.
pub(super) async fn run(connector: Arc<Connector>) {
    loop {
        let (link, slot, announced) = tokio::select! {
            next = connector.next() => next,
            () = connector.cancel.cancelled() => return,
        };
        if !connector.send(&link, slot, announced).await {
            return;
        }
    }
}

impl Connector {
    /// A segment, a link and a place in its window; the segment is chosen last, so that the most urgent goes.
    async fn next(&self) -> (Arc<Link>, Slot, Announced) {
        let mut turn = None;
        loop {
            self.ready.filled().await;
            let Some(next) = self.ready.next() else { continue };
            let (otp, now) = (next.otp, Instant::now());
            let taken = match turn {
                Some(turn) => Ok(turn),
                None => self.throughput.take(otp, now),
            };
            match taken.map_err(Wait::Until).and_then(|taken| {
                // What was taken from the pace stays taken while there is no place.
                turn = Some(taken);
                self.place(next, taken.otp_percent, now)
            }) {
                Ok((link, slot)) => {
                    if let Some(announced) = self.ready.pop() {
                        return (link, slot, announced);
                    }
                }
                Err(wait) => self.wait(&wait, otp).await,
            }
        }
    }

    /// A place in the window of the link that has most of them, among those whose own pace lets it go. The segments of one
    /// message go by one link while it has room.
    fn place(&self, next: Next, otp_percent: u8, now: Instant) -> Result<(Arc<Link>, Slot), Wait> {
        let otp = next.otp;
        let links = self.links();
        if let Some(link) = next.tie.and_then(|tie| self.tied(&links, tie))
            && let Some(slot) = link.slot(otp, otp_percent)
            && link.may_send(now).is_ok()
        {
            return Ok((Arc::clone(link), slot));
        }
        let roomiest = links.iter().max_by_key(|link| link.free(otp, otp_percent)).ok_or(Wait::Room)?;
        let slot = roomiest.slot(otp, otp_percent).ok_or(Wait::Room)?;
        let Err(mut earliest) = roomiest.may_send(now) else { return Ok((Arc::clone(roomiest), slot)) };
        drop(slot);
        for link in links.iter() {
            let Some(slot) = link.slot(otp, otp_percent) else { continue };
            match link.may_send(now) {
                Ok(()) => return Ok((Arc::clone(link), slot)),
                Err(at) => earliest = earliest.min(at),
            }
        }
        Err(Wait::Until(earliest))
    }

    /// The link that all segments with this tie go by, where the profile wants that: the same one as long as the links are.
    fn tied<'a>(&self, links: &'a [Arc<Link>], tie: u64) -> Option<&'a Arc<Link>> {
        if links.len() < 2 || !self.profile().long.same_bind {
            return None;
        }
        // Ids count up, and their last bits are often the same: Fibonacci hashing spreads them over the links.
        let spread = tie.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        links.get(usize::try_from(spread).unwrap_or_default() % links.len())
    }

    /// Waits for what is missing, or for an OTP, which may go where others may not.
    async fn wait(&self, wait: &Wait, otp: bool) {
        let room = async {
            match wait {
                Wait::Until(at) => tokio::time::sleep_until(*at).await,
                Wait::Room => self.room().await,
            }
        };
        tokio::select! {
            () = room => {}
            () = self.ready.urgent(), if !otp => {}
        }
    }

    /// Waits for a place.
    async fn room(&self) {
        let _waiting = self.hunger.wait(&self.inner.starving);
        if self.links().iter().any(|link| link.is_about_to_have_room()) {
            self.hunger.answered(&self.inner.starving);
        }
        self.room.notified().await;
    }

    /// Sends one segment; false when the engine has ended.
    async fn send(&self, link: &Arc<Link>, slot: Slot, announced: Announced) -> bool {
        let Task::Submit { segment, message, attempt } = &announced.queued.task else { return true };
        let (segment, message, attempt) = (*segment, Arc::clone(message), Attempt::from_raw(*attempt));
        if HeldLease::is_over(self.lease.as_ref()) {
            // Another node may be about to send it, and this one is about to end: also when it has just stood still for a while.
            self.ready.put_back(announced);
            drop(slot);
            self.cancel.cancelled().await;
            return true;
        }
        let now = self.inner.clock.now();
        if message.is_expired(now) && !planted(Bug::SentTooLate) {
            return self.not_sent(announced, segment, AnswerOutcome::Expired).await;
        }
        let profile = self.profile();
        let told = if planted(Bug::TextOfFirstSegment) { SegmentId::new(message.id, 1) } else { segment };
        let laid = breakage::caught(|| {
            kill_point::breaks("pdu", message.destination);
            Outgoing::new(&message, told, &profile, now)
        });
        let outgoing = match laid {
            Ok(Ok(outgoing)) => outgoing,
            Err(said) => return self.breaks(announced, segment, said).await,
            Ok(Err(reason)) => {
                tracing::warn!(message = %message.id, %reason, "a segment cannot be put into a PDU");
                return self.not_sent(announced, segment, AnswerOutcome::Unsendable).await;
            }
        };
        self.metrics.sent(now, message.accepted_at);
        let token = link.depart(Flight { announced, slot, submitted_at: now });
        let mut kept = TlvBuf::new();
        match link.session.try_send(&omit(outgoing.pdu(), attempt, &mut kept), token) {
            Ok(_) => {
                kill_point::reached("submit_written");
                true
            }
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

    /// The program breaks on a segment before anything of it is sent: another connector may want it otherwise.
    async fn breaks(&self, announced: Announced, segment: SegmentId, said: String) -> bool {
        let text = format!("the program broke on it as connector {} was about to send it: {said}", self.name);
        self.inner.remember_breakage(Hand::of(Step::Pdu, segment.message()), said).await;
        self.inner.alerts.raise(AlertKind::Breakage, &segment.message().to_string(), text);
        self.not_sent(announced, segment, AnswerOutcome::Broken).await
    }

    /// Ends the announcement of a segment that was not written to any link.
    pub(super) async fn not_sent(&self, announced: Announced, segment: SegmentId, outcome: AnswerOutcome) -> bool {
        self.tell(announced, segment, outcome, (None, self.inner.clock.now())).await
    }

    /// Tells what became of a segment that has no place in a window; `false` when the engine has ended. The times: when it was submitted, if it
    /// was, and when this was known.
    pub(super) async fn tell(
        &self,
        announced: Announced,
        segment: SegmentId,
        outcome: AnswerOutcome,
        (submitted_at, answered_at): (Option<Timestamp>, Timestamp),
    ) -> bool {
        if HeldLease::is_over(self.lease.as_ref()) {
            // Somebody else may have it by now.
            return true;
        }
        let answer = Answer {
            intent: announced.intent,
            connector: self.id(),
            queued: announced.queued,
            queue: Arc::clone(&self.queue),
            segment,
            outcome,
            submitted_at,
            answered_at,
            slot: None,
        };
        self.write(Write::Answer(Box::new(answer))).await
    }
}
