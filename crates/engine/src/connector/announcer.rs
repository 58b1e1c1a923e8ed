//! Takes segments off the queue and has the intent to send them stored, a little ahead of the sender.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sambac_bus::Queued;
use sambac_domain::id::SegmentId;
use tokio::sync::oneshot;

use super::Connector;
use super::control::Order;
use super::ready::Announced;
use crate::commit::{Announcement, AnswerOutcome, Intent, Write};

/// How far ahead of the pace segments may be announced: as long may a more urgent one have to wait.
const AHEAD: Duration = Duration::from_millis(100);
/// Segments of one intent at most.
const INTENT_MAX: usize = 500;

/// Runs until the connector stops.
pub(super) async fn run(connector: Arc<Connector>) {
    let mut taken = Vec::new();
    loop {
        let order = connector.control.order();
        if let Order::Stop(_) = order {
            connector.give_back().await;
        }
        let room = if order == Order::Run { connector.room_ahead() } else { 0 };
        if room == 0 {
            tokio::select! {
                () = connector.ready.drained() => {}
                () = connector.linked.notified() => {}
                () = connector.control.changed_from(&order) => {}
                () = connector.cancel.cancelled() => return,
            }
            continue;
        }
        if connector.queue.take(room, &mut taken) == 0 {
            tokio::select! {
                () = connector.queue.work() => continue,
                () = connector.control.changed_from(&order) => continue,
                () = connector.cancel.cancelled() => return,
            }
        }
        if !connector.announce(&mut taken).await {
            return;
        }
    }
}

impl Connector {
    /// How many segments may be announced now: one window ahead, or what the pace lets through in a moment.
    fn room_ahead(&self) -> usize {
        let window: usize = self.links().iter().map(|link| link.window()).sum();
        let ahead = window.min(self.throughput.within(AHEAD).max(1));
        ahead.saturating_sub(self.ready.len()).min(INTENT_MAX)
    }

    /// Ends the announcement of everything that was announced and not sent: it waits in the queue again.
    pub(super) async fn give_back(&self) {
        while let Some(announced) = self.ready.pop() {
            let segment = SegmentId::from_raw(announced.queued.id);
            self.not_sent(announced, segment, AnswerOutcome::NotSent).await;
        }
    }

    /// Stores the intent to send these; false when the engine has ended.
    async fn announce(&self, taken: &mut Vec<Queued>) -> bool {
        let segments: Vec<SegmentId> = taken.iter().map(|queued| SegmentId::from_raw(queued.id)).collect();
        let (stored, announcement) = oneshot::channel();
        let intent = Intent { connector: self.id(), segments, stored };
        if !self.inner.write(Write::Intent(intent)).await {
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
