//! What should have an answer by now, and lies in no queue: somebody has emptied one, or the broker has lost it.
//!
//! Whoever has the connector says nothing of what has not come. What he has he knows, also when it comes once more: so it is published once more when its queue is
//! empty, at first soon, then more and more rarely, as an operator may take its time.

use std::collections::VecDeque;
use std::time::Duration;

use sambac_bus::Queued;
use sambac_bus::amqp::BrokerError;
use sambac_bus::work::{Batch, WorkBroker};
use sambac_domain::class::Lane;
use sambac_domain::id::IntentId;
use sambac_domain::time::Timestamp;
use tokio::time::Instant;

use super::{Announced, Line};

/// After how long without an answer it is looked for.
const MISSED_AFTER: Duration = Duration::from_secs(10);
/// Between one look and the next for the same.
const PAUSE_MIN: Duration = Duration::from_secs(10);
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// When it is looked next.
#[derive(Default)]
pub(super) struct Missed {
    next: Option<Instant>,
    pause: Duration,
    /// The oldest that was without an answer at the last look.
    oldest: Option<IntentId>,
}

impl Missed {
    fn is_due(&self) -> bool {
        self.next.is_none_or(|next| next <= Instant::now())
    }

    /// Waits longer each time that the oldest is the same.
    fn looked(&mut self, oldest: Option<IntentId>) {
        let is_same = oldest.is_some() && self.oldest == oldest;
        self.pause = if is_same { (self.pause * 2).min(PAUSE_MAX) } else { PAUSE_MIN };
        self.next = Some(Instant::now() + self.pause);
        self.oldest = oldest;
    }
}

impl Line {
    /// What is to be published once more.
    pub(super) async fn missed(
        &self,
        broker: &WorkBroker,
        missed: &mut Missed,
    ) -> Result<VecDeque<Batch>, BrokerError> {
        if !missed.is_due() || !self.may_publish() {
            return Ok(VecDeque::new());
        }
        let before = self.inner.clock.now().saturating_sub(MISSED_AFTER);
        let mut late = Vec::new();
        for lane in Lane::ALL {
            let of_lane = self.late(lane, before);
            // What lies in a queue waits for its turn.
            let queue = self.link.queues().submit(self.id, lane);
            if !of_lane.is_empty() && broker.counts(&queue).await?.is_none_or(|found| found.messages == 0) {
                late.extend(of_lane);
            }
        }
        missed.looked(late.iter().map(|(announced, _)| announced.intent).min());
        Ok(self.once_more(late))
    }

    fn late(&self, lane: Lane, before: Timestamp) -> Vec<(Announced, Queued)> {
        let open = self.open();
        let all = open.segments.values();
        all.filter(|(announced, queued)| queued.lane == lane && announced.at <= before).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_is_looked_for_more_and_more_rarely() {
        let mut missed = Missed::default();
        let intent = |no: i64| Some(IntentId::from_raw(no << 8));
        let mut pauses = Vec::new();
        for oldest in [intent(1), intent(1), intent(1), intent(2), None, intent(2)].into_iter().chain([intent(3); 7]) {
            assert!(missed.is_due());
            missed.looked(oldest);
            assert!(!missed.is_due());
            pauses.push(missed.pause.as_secs());
            tokio::time::advance(missed.pause).await;
        }
        assert_eq!(pauses, [10, 20, 40, 10, 10, 10, 10, 20, 40, 80, 160, 300, 300]);
    }
}
