//! Which writes make up a group.
//!
//! A write that comes alone is committed at once. Under load, small groups begin at least [`PACE`] after one another: at a
//! thousand messages a second each of a message's five steps would otherwise get a commit of its own, which was measured to
//! cost eleven times the CPU per message of full load (0.80 against 0.07 s per 1,000).

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::held_back::HeldBack;
use super::{OtpWrite, Write};
use crate::Inner;

/// Small groups begin this long after one another, under much load.
const PACE: Duration = Duration::from_millis(5);
/// The same while the load is moderate: five of these make up a message's time to its receipt, also for those who have not brought the load. And when a person
/// waits: who has typed a code sees nothing until its attempt is counted for good. Of each check's time the pace was the greatest part
/// (5.7 of 11 ms at the 99th percentile, at a thousand starts and two thousand checks a second).
const PACE_MIN: Duration = Duration::from_millis(2);
/// Groups of this size are not held back.
const SMALL_GROUP: usize = 64;
/// Writes a second from which on there is load, and from which on it is much.
const LOAD_PER_S: u64 = 1_000;
const MUCH_PER_S: u64 = 4_000;
/// Writes that are kept while the database does not answer; behind them the queue itself waits.
const KEPT_MAX: usize = 10_000;
/// How often the other tasks are let run before a group is closed, so that what they are about to hand over is in it.
const YIELDS: usize = 4;

pub(super) struct Gathering {
    writes: mpsc::Receiver<Write>,
    /// What came while the database did not answer, and is decided when it does.
    kept: VecDeque<Write>,
    held_back: HeldBack,
    group_max: usize,
    last_start: Instant,
    /// Nothing waited when the last group was stored.
    rested: bool,
    /// Moving average over the last groups.
    writes_per_s: u64,
    closed: bool,
}

impl Gathering {
    pub(super) fn new(writes: mpsc::Receiver<Write>, group_max: usize) -> Self {
        Self {
            writes,
            kept: VecDeque::new(),
            held_back: HeldBack::default(),
            group_max,
            last_start: Instant::now(),
            rested: true,
            writes_per_s: 0,
            closed: false,
        }
    }

    /// Waits for a write; false when there will be none any more.
    pub(super) async fn first(&mut self, inbox: &mut Vec<Write>) -> bool {
        let nothing_kept = self.kept.is_empty() && self.held_back.is_empty();
        self.rested = nothing_kept && self.writes.is_empty();
        if !nothing_kept {
            self.drain(inbox);
            return true;
        }
        self.writes.recv_many(inbox, self.group_max).await > 0
    }

    /// Adds what else belongs into the group. `hurry` says that somebody waits for this very commit.
    pub(super) async fn more(&mut self, inbox: &mut Vec<Write>, hurry: bool) {
        if hurry {
            self.let_others_finish(inbox).await;
        } else if inbox.len() < SMALL_GROUP && !self.closed && self.writes_per_s >= LOAD_PER_S {
            self.gather_until(self.last_start + PACE_MIN, inbox).await;
            let is_much = self.writes_per_s >= MUCH_PER_S;
            if is_much && inbox.len() < SMALL_GROUP && !inbox.iter().any(is_check) {
                self.gather_until(self.last_start + PACE, inbox).await;
            }
        }
        self.count(inbox.len());
    }

    /// Decides how many new messages are in the group: all, unless there is more to send already than this process keeps up with.
    pub(super) fn share(&mut self, inner: &Inner, inbox: &mut Vec<Write>) {
        let behind = if inner.live.is_filling() { inner.connectors.behind() } else { Vec::new() };
        if !behind.is_empty() {
            self.held_back.share(inbox, &behind);
        } else {
            self.held_back.release(self.group_max.saturating_sub(inbox.len()).max(SMALL_GROUP), inbox);
        }
    }

    /// Whether there was time between the last group and this one. Where there is none, the commits themselves are what all
    /// wait for, and two of them do the work of one.
    pub(super) fn has_rested(&self) -> bool {
        self.rested
    }

    /// No writes are taken any more; those that wait still come.
    pub(super) fn close(&mut self) {
        self.writes.close();
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// A burst of answers is handed over one by one: waits for its end, not for a time.
    async fn let_others_finish(&mut self, inbox: &mut Vec<Write>) {
        for _ in 0..YIELDS {
            let before = inbox.len();
            tokio::task::yield_now().await;
            self.drain(inbox);
            if inbox.len() == before {
                return;
            }
        }
    }

    async fn gather_until(&mut self, end: Instant, inbox: &mut Vec<Write>) {
        tokio::time::sleep_until(end).await;
        self.drain(inbox);
    }

    fn drain(&mut self, inbox: &mut Vec<Write>) {
        while inbox.len() < self.group_max
            && let Some(write) = self.kept.pop_front().or_else(|| self.writes.try_recv().ok())
        {
            inbox.push(write);
        }
    }

    /// Takes out of what waits whatever may come again later. The rest stays in its order, and is no more than the connectors'
    /// windows and a bound.
    pub(super) fn sift(&mut self, may_wait: impl Fn(&Write) -> bool) -> Vec<Write> {
        let mut taken = Vec::new();
        // New ones all.
        self.held_back.release(usize::MAX, &mut taken);
        while self.kept.len() < KEPT_MAX
            && let Ok(write) = self.writes.try_recv()
        {
            if may_wait(&write) { taken.push(write) } else { self.kept.push_back(write) }
        }
        taken
    }

    /// Brings the moving average up to date with a group of `count` writes that begins now.
    fn count(&mut self, count: usize) {
        let now = Instant::now();
        let micros = u64::try_from(now.duration_since(self.last_start).as_micros()).unwrap_or(u64::MAX).max(1);
        self.last_start = now;
        let rate = u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(1_000_000) / micros;
        // A burst counts for little, a second of silence ends the load.
        let weight = if micros > 1_000_000 { 1 } else { 16 };
        self.writes_per_s = (self.writes_per_s.saturating_mul(weight - 1).saturating_add(rate)) / weight;
    }
}

fn is_check(write: &Write) -> bool {
    matches!(write, Write::Otp(otp) if matches!(**otp, OtpWrite::Check(_)))
}

#[cfg(test)]
mod tests {
    use sambac_domain::class::Lane;
    use sambac_domain::id::TargetId;
    use sambac_store::rows::OutboxKey;

    use super::super::NoticeDone;
    use super::*;

    fn write() -> Write {
        let key = OutboxKey { target: TargetId(1), lane: Lane(0), id: 256 };
        Write::NoticeDone(NoticeDone { key, event: None, handed: None, log: None })
    }

    /// Sizes of the groups that come of `count` writes every `every`, for two seconds.
    async fn groups(count: usize, every: Duration) -> Vec<usize> {
        let (sender, writes) = mpsc::channel(1_000);
        tokio::spawn(async move {
            for _ in 0..2_000 / every.as_millis() {
                tokio::time::sleep(every).await;
                for _ in 0..count {
                    sender.send(write()).await.expect("a gathering");
                }
            }
        });
        let mut gathering = Gathering::new(writes, 1_000);
        let mut sizes = Vec::new();
        let mut inbox = Vec::new();
        while gathering.first(&mut inbox).await {
            gathering.more(&mut inbox, false).await;
            sizes.push(inbox.drain(..).count());
        }
        sizes
    }

    #[tokio::test(start_paused = true)]
    async fn without_load_nothing_waits() {
        let sizes = groups(1, Duration::from_millis(10)).await;
        assert_eq!(sizes.len(), 200, "each write is a group");
    }

    #[tokio::test(start_paused = true)]
    async fn under_load_small_groups_gather() {
        let sizes = groups(5, Duration::from_millis(1)).await;
        assert!(sizes.len() < 500, "2,000 bursts made {} groups", sizes.len());
        assert_eq!(sizes.iter().sum::<usize>(), 10_000, "nothing is lost");
    }

    #[tokio::test(start_paused = true)]
    async fn under_moderate_load_they_gather_for_less_long() {
        let sizes = groups(2, Duration::from_millis(1)).await;
        assert!((900..=1_200).contains(&sizes.len()), "2,000 bursts made {} groups", sizes.len());
    }
}
