//! What should have an answer by now, and lies in no queue: somebody has emptied one, or has thrown reports away.
//!
//! Whoever has the connector says nothing of what has not come. What he has he knows, also when it comes once more: so it is published once more when its queue is
//! empty; again and again, but more and more rarely, as an operator may take its time.

use std::collections::VecDeque;
use std::time::Duration;

use sambac_bus::amqp::BrokerError;
use sambac_bus::work::{Batch, WorkBroker};
use sambac_domain::class::Lane;
use sambac_domain::id::SegmentId;
use sambac_domain::time::Timestamp;
use tokio::time::Instant;

use super::{Line, Seen};

/// After how long without an answer it is looked for.
const MISSED_AFTER: Duration = Duration::from_secs(10);
/// Between one look and the next.
const PAUSE_MIN: Duration = Duration::from_secs(10);
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// When each lane is looked at next.
pub(super) struct Missed([Look; Lane::COUNT]);

#[derive(Clone, Copy)]
struct Look {
    next: Instant,
    pause: Duration,
}

impl Default for Missed {
    /// What was published when the link came is not looked for at once.
    fn default() -> Self {
        Self([Look { next: Instant::now() + PAUSE_MIN, pause: PAUSE_MIN }; Lane::COUNT])
    }
}

impl Look {
    fn is_due(&self) -> bool {
        self.next <= Instant::now()
    }

    /// Waits longer each time that something was missed.
    fn looked(&mut self, has_missed: bool) {
        let (pause, then) = if has_missed { (self.pause, self.pause * 2) } else { (PAUSE_MIN, PAUSE_MIN) };
        self.next = Instant::now() + pause;
        self.pause = then.min(PAUSE_MAX);
    }
}

impl Line {
    /// What is to be published once more.
    pub(super) async fn missed(
        &self,
        broker: &WorkBroker,
        missed: &mut Missed,
    ) -> Result<VecDeque<Batch>, BrokerError> {
        let mut all = Vec::new();
        for (lane, look) in Lane::ALL.into_iter().zip(&mut missed.0) {
            if !look.is_due() || !self.is_with_a_node() {
                continue;
            }
            let late = self.late(lane, self.inner.clock.now().saturating_sub(MISSED_AFTER));
            let queue = self.link.queues().submit(self.id, lane);
            // What lies in a queue waits for its turn.
            let is_missed = !late.is_empty() && broker.counts(&queue).await?.is_some_and(|found| found.messages == 0);
            look.looked(is_missed);
            if is_missed {
                tracing::info!(
                    connector = self.name,
                    segments = late.len(),
                    "segments without an answer are published once more"
                );
                all.extend(late);
            }
        }
        Ok(self.once_more(&all))
    }

    /// Whether a node has it, with a bind or without, and would say what it knows.
    fn is_with_a_node(&self) -> bool {
        !self.leaves() && self.heard().as_ref().is_some_and(Seen::is_fresh)
    }

    fn late(&self, lane: Lane, before: Timestamp) -> Vec<SegmentId> {
        let open = self.open();
        let late =
            open.segments.iter().filter(|(_, (announced, queued))| queued.lane == lane && announced.at <= before);
        late.map(|(segment, _)| *segment).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_an_operator_does_not_answer_is_published_more_and_more_rarely() {
        let Missed([mut look, ..]) = Missed::default();
        let mut after = Vec::new();
        for has_missed in [true, true, false, true, true, true, true, true, true, true, false, true] {
            let waited = look.next - Instant::now();
            assert!(!look.is_due());
            tokio::time::advance(waited).await;
            assert!(look.is_due());
            look.looked(has_missed);
            after.push(waited.as_secs());
        }
        assert_eq!(after, [10, 10, 20, 10, 10, 20, 40, 80, 160, 300, 300, 10]);
    }
}
