//! Takes segments off the queue and has the intent to send them stored, a little ahead of the sender.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sambac_bus::Queued;
use sambac_domain::id::SegmentId;
use sambac_domain::planted::{Bug, planted};
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use super::Connector;
use super::control::Order;
use super::ready::{Announced, OTP};
use crate::commit::{Announcement, AnswerOutcome, Intent, Write};

/// How far ahead of the pace segments may be announced: as long may a more urgent one have to wait.
const AHEAD: Duration = Duration::from_millis(100);
/// How often what is announced, and finds no link or no place, is looked through for what has expired.
const EXPIRY_LOOK: Duration = Duration::from_millis(500);
/// Segments of one intent at most.
const INTENT_MAX: usize = 500;
/// No other node has the connector: what became of these is not to be asked of one, also when that changes.
const NO_OTHER: i64 = -1;

/// The room that `ready` segments leave of `ahead`; none as long as it is small, because each intent waits for a commit of
/// its own, and one of a few segments keeps the many behind it waiting.
fn worthwhile(ahead: usize, ready: usize) -> usize {
    let room = ahead.saturating_sub(ready);
    if room >= ahead / 4 || ready == 0 { room } else { 0 }
}

/// Runs until the connector stops.
pub(super) async fn run(connector: Arc<Connector>) {
    let mut taken = Vec::new();
    let mut look = tokio::time::interval(EXPIRY_LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let order = connector.control.order();
        if let Order::Stop(_) = order {
            connector.give_back().await;
        }
        let (room, otp_room) = if order == Order::Run { connector.room_ahead() } else { (0, 0) };
        let took = match room {
            0 => connector.queue.take_lane(OTP, otp_room, &mut taken),
            _ => connector.queue.take(room, &mut taken),
        };
        if took == 0 {
            tokio::select! {
                () = connector.queue.work(), if otp_room > 0 => {}
                () = connector.ready.drained(), if room == 0 => {}
                () = connector.linked.notified(), if room == 0 => {}
                () = connector.control.changed_from(&order) => {}
                _ = look.tick() => connector.end_expired().await,
                () = connector.cancel.cancelled() => return,
            }
            continue;
        }
        if !connector.announce(&mut taken).await {
            return;
        }
    }
}

impl Connector {
    /// How many segments may be announced now, and how many OTPs: one window ahead, or what the pace lets through in a
    /// moment. OTPs have room of their own, so that they need not wait for what may not use their share.
    fn room_ahead(&self) -> (usize, usize) {
        let window: usize = self.links().iter().map(|link| link.window()).sum();
        let ahead = window.min(self.throughput.within(AHEAD).max(1));
        let (all, otps) = self.ready.len();
        (worthwhile(ahead, all).min(INTENT_MAX), ahead.saturating_sub(otps).min(INTENT_MAX))
    }

    /// Whether commits are what it waits for: a quarter of its windows is segments that are answered, and not stored so (the rest is what the last commit has made
    /// room for); and more than its windows hold waits to be sent.
    pub(super) fn is_behind(&self) -> bool {
        let (mut window, mut unstored) = (0, 0);
        for link in self.links().iter() {
            window += link.window();
            unstored += link.unstored();
        }
        window > 0 && unstored * 4 >= window && self.ready.len().0 + self.queue.len() >= window
    }

    /// Ends the announcement of everything that was announced and not sent: it waits in the queue again.
    pub(crate) async fn give_back(&self) {
        while let Some(announced) = self.ready.pop() {
            let segment = SegmentId::from_raw(announced.queued.id);
            self.not_sent(announced, segment, AnswerOutcome::NotSent).await;
        }
    }

    /// Ends what is announced and was not sent in its time: while nothing goes out, nobody else looks at it.
    pub(super) async fn end_expired(&self) {
        if planted(Bug::SentTooLate) {
            return;
        }
        for announced in self.ready.take_expired(self.inner.clock.now()) {
            let segment = SegmentId::from_raw(announced.queued.id);
            self.not_sent(announced, segment, AnswerOutcome::Expired).await;
        }
    }

    /// Stores the intent to send these; false when the engine has ended.
    async fn announce(&self, taken: &mut Vec<Queued>) -> bool {
        let segments: Vec<SegmentId> = taken.iter().map(|queued| SegmentId::from_raw(queued.id)).collect();
        let (stored, announcement) = oneshot::channel();
        let intent = Intent { connector: self.id(), segments, epoch: NO_OTHER, stored };
        if !self.write(Write::Intent(intent)).await {
            return false;
        }
        match announcement.await {
            Ok(Announcement { intent, refused, replaced }) => {
                replaced.iter().for_each(|message| taken.iter_mut().for_each(|queued| queued.task.replace(message)));
                let refused: HashSet<_> = refused.into_iter().map(SegmentId::raw).collect();
                let sendable = taken.drain(..).filter(|queued| !refused.contains(&queued.id));
                self.ready.push(sendable.map(|queued| Announced { intent, queued }));
            }
            // The batch was given up: the segments are still in the outbox and in the queue's order.
            Err(_) => taken.drain(..).rev().for_each(|queued| self.queue.put_back(queued)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_waits_until_it_is_worth_a_commit() {
        assert_eq!(worthwhile(1_000, 0), 1_000);
        assert_eq!(worthwhile(1_000, 750), 250);
        assert_eq!(worthwhile(1_000, 751), 0, "one place that was drained is not announced alone");
        assert_eq!(worthwhile(1, 0), 1, "a window of one");
        assert_eq!(worthwhile(1, 1), 0);
        assert_eq!(worthwhile(2, 1), 1);
        assert_eq!(worthwhile(0, 0), 0);
    }
}
