//! Takes segments off the queue and has the intent to send them stored, a little ahead of the sender.

use std::collections::VecDeque;
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
/// Intents that may wait for their commit at a time: with one, each second commit would go without. Codes have one more.
const INTENTS_MAX: usize = 2;
/// No other node has the connector: what became of these is not to be asked of one, also when that changes.
const NO_OTHER: i64 = -1;

/// The room that `ready` segments leave of `ahead`; none as long as it is small, because each intent waits for a commit of
/// its own, and one of a few segments keeps the many behind it waiting.
fn worthwhile(ahead: usize, ready: usize) -> usize {
    let room = ahead.saturating_sub(ready);
    if room >= ahead / 4 || ready == 0 { room } else { 0 }
}

/// The windows of all links together.
#[derive(Default)]
struct Windows {
    size: usize,
    /// Places that are in use.
    taken: usize,
    /// Of these, those that the operator has not answered.
    owed: usize,
}

impl Windows {
    /// Whether they are in use, and the operator owes answers to less than three quarters of them.
    const fn wait_for_us(&self) -> bool {
        self.size > 0 && self.taken * 2 >= self.size && self.owed * 4 < self.size * 3
    }
}

/// Runs until the connector stops.
pub(super) async fn run(connector: Arc<Connector>) {
    let (mut taken, mut open) = (Vec::new(), Intents::new());
    let mut look = tokio::time::interval(EXPIRY_LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let order = connector.control.order();
        if let Order::Stop(_) = order {
            connector.give_back().await;
        }
        let (room, otp_room) = if order == Order::Run { connector.room_ahead(&open) } else { (0, 0) };
        let took = match room {
            0 => connector.queue.take_lane(OTP, otp_room, &mut taken),
            _ => connector.queue.take(room, &mut taken),
        };
        if took == 0 {
            tokio::select! {
                () = connector.queue.work(), if otp_room > 0 => {}
                announcement = first(&mut open), if !open.is_empty() => connector.announced(announcement, &mut open).await,
                () = connector.ready.drained(), if room == 0 => {}
                () = connector.linked.notified(), if room == 0 => {}
                () = connector.control.changed_from(&order) => {}
                _ = look.tick() => connector.end_expired().await,
                () = connector.cancel.cancelled() => break,
            }
            continue;
        }
        let Some(stored) = connector.announce(&taken).await else { break };
        open.push_back((std::mem::take(&mut taken), stored));
    }
    // What is announced, and goes nowhere any more, is given back by whoever ends the connector.
    while !open.is_empty() {
        let announcement = first(&mut open).await;
        connector.announced(announcement, &mut open).await;
    }
}

/// Intents that wait for their commit, in their order, with their segments.
type Intents = VecDeque<(Vec<Queued>, oneshot::Receiver<Announcement>)>;

/// Waits until the first one's commit is over: `None` when it was given up. May be dropped before its end.
async fn first(open: &mut Intents) -> Option<Announcement> {
    let (_, stored) = open.front_mut()?;
    stored.await.ok()
}

impl Connector {
    /// How many segments may be announced now, and how many OTPs: one window ahead, or what the pace lets through in a
    /// moment. OTPs have room of their own, so that they need not wait for what may not use their share.
    fn room_ahead(&self, open: &Intents) -> (usize, usize) {
        if open.len() > INTENTS_MAX {
            return (0, 0);
        }
        let window: usize = self.links().iter().map(|link| link.window()).sum();
        let ahead = window.min(self.throughput.within(AHEAD).max(1));
        let (mut all, mut otps) = self.ready.len();
        for (segments, _) in open {
            all += segments.len();
            otps += segments.iter().filter(|queued| queued.lane == OTP).count();
        }
        let room = if open.len() < INTENTS_MAX { worthwhile(ahead, all) } else { 0 };
        (room.min(INTENT_MAX), ahead.saturating_sub(otps).min(INTENT_MAX))
    }

    /// Whether this process is what it waits for: more than its windows hold waits to be sent, and neither its operator nor a pace is slower.
    pub(super) fn is_behind(&self) -> bool {
        let mut windows = Windows::default();
        for link in self.links().iter() {
            windows.size += link.window();
            windows.taken += link.taken();
            windows.owed += link.owed();
        }
        windows.wait_for_us() && self.queue.len() >= windows.size && self.throughput.within(AHEAD) >= windows.size
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

    /// Has the intent to send these stored; `None` when the engine has ended.
    async fn announce(&self, taken: &[Queued]) -> Option<oneshot::Receiver<Announcement>> {
        let segments: Vec<SegmentId> = taken.iter().map(|queued| SegmentId::from_raw(queued.id)).collect();
        let (stored, announcement) = oneshot::channel();
        let intent = Intent { connector: self.id(), segments, epoch: NO_OTHER, stored };
        self.write(Write::Intent(intent)).await.then_some(announcement)
    }

    /// The first intent's commit is over. When it was given up, its segments are still in the outbox: they go back to their place in the queue, and so do those
    /// of the intents after it that were given up, too.
    async fn announced(&self, announcement: Option<Announcement>, open: &mut Intents) {
        let (mut given_up, mut announcement) = (Vec::new(), announcement);
        while let Some((segments, _)) = open.pop_front() {
            match announcement {
                Some(announcement) => self.is_stored(&announcement, segments),
                None => given_up.extend(segments),
            }
            if given_up.is_empty() {
                return;
            }
            announcement = first(open).await;
        }
        given_up.into_iter().rev().for_each(|queued| self.queue.put_back(queued));
    }

    /// These may be sent.
    fn is_stored(&self, announcement: &Announcement, mut segments: Vec<Queued>) {
        let intent = announcement.intent;
        announcement.sift(&mut segments);
        self.ready.push(segments.into_iter().map(|queued| Announced { intent, queued }));
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

    /// Who is slow: an operator whose answers fill the window, or this process, which has not stored those that came.
    #[test]
    fn windows_wait_for_their_operator_or_for_us() {
        let wait_for_us = |size, taken, owed| Windows { size, taken, owed }.wait_for_us();
        assert!(wait_for_us(100, 100, 20), "answered, and not stored yet");
        assert!(!wait_for_us(100, 100, 75), "the operator is slow");
        assert!(!wait_for_us(100, 49, 0), "there is room: nobody waits");
        assert!(!wait_for_us(0, 0, 0), "it is down");
    }
}
