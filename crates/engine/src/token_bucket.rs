//! A token bucket over a [`Throughput`], for any number of takers: one atomic word, no lock.
//!
//! It keeps the moment at which it will be full again. Taking a segment moves that moment one interval on; what would move
//! it further than the burst ahead of now has to wait. (The generic cell rate algorithm, ITU-T I.371, annex A.)

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sambac_domain::throughput::Throughput;
use tokio::time::Instant;

/// Whose a throughput is: one node's alone, or its part of what several may have together. The part is as slow as they are many, with
/// as little at once, and never nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share(u32);

impl Share {
    /// All of it.
    pub(crate) const WHOLE: Self = Self(1);

    /// That of one of so many nodes.
    pub(crate) fn of(nodes: u32) -> Self {
        Self(nodes.max(1))
    }

    /// The interval and the burst of the part, in nanoseconds.
    pub(crate) fn part(self, interval_ns: u64, burst_ns: u64) -> (u64, u64) {
        let interval = interval_ns.saturating_mul(u64::from(self.0));
        let whole = burst_ns.checked_div(interval).unwrap_or_default().max(1);
        (interval, interval.saturating_mul(whole))
    }
}

/// Lets segments pass at a throughput, and a burst after a quiet time.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    throughput: Throughput,
    interval_ns: u64,
    burst_ns: u64,
    begun: Instant,
    /// Nanoseconds after `begun`.
    full_at_ns: AtomicU64,
}

impl TokenBucket {
    /// A full bucket. A throughput that does not say its burst gets what passes in `burst_ms`.
    pub(crate) fn new(throughput: Throughput, burst_ms: u64, now: Instant) -> Self {
        let interval_ns = throughput.interval_ns();
        let burst_ns = interval_ns.saturating_mul(u64::from(throughput.burst_or(burst_ms)));
        Self { throughput, interval_ns, burst_ns, begun: now, full_at_ns: AtomicU64::new(0) }
    }

    /// What it lets pass.
    pub(crate) fn throughput(&self) -> Throughput {
        self.throughput
    }

    /// Takes `segments` at once, or none and says when to ask again. More segments than the burst pass when the bucket is
    /// full, and are paid for afterwards: otherwise a long message would never pass.
    ///
    /// # Errors
    /// The moment at which they would have passed, if nobody else takes meanwhile.
    pub(crate) fn take(&self, segments: u8, now: Instant) -> Result<(), Instant> {
        self.take_of(Share::WHOLE, segments, now)
    }

    /// The same of a part of it.
    ///
    /// # Errors
    /// As [`TokenBucket::take`].
    pub(crate) fn take_of(&self, share: Share, segments: u8, now: Instant) -> Result<(), Instant> {
        if self.throughput.is_unlimited() {
            return Ok(());
        }
        let (interval_ns, burst_ns) = share.part(self.interval_ns, self.burst_ns);
        let now_ns = nanos(now.saturating_duration_since(self.begun));
        let cost_ns = interval_ns.saturating_mul(u64::from(segments));
        let after = |full_at: u64| full_at.max(now_ns).saturating_add(cost_ns);
        let take = |full_at: u64| {
            let passes = full_at <= now_ns || after(full_at) <= now_ns.saturating_add(burst_ns);
            passes.then(|| after(full_at))
        };
        match self.full_at_ns.fetch_update(Ordering::AcqRel, Ordering::Acquire, take) {
            Ok(_) => Ok(()),
            Err(full_at) => {
                let passes_at = after(full_at).saturating_sub(burst_ns).min(full_at);
                Err(self.begun + Duration::from_nanos(passes_at))
            }
        }
    }
}

impl TokenBucket {
    /// Gives back what was taken of a part a moment ago and not used.
    pub(crate) fn give_back_of(&self, share: Share, segments: u8) {
        let (interval_ns, _) = share.part(self.interval_ns, self.burst_ns);
        let cost_ns = interval_ns.saturating_mul(u64::from(segments));
        let less = |full_at: u64| Some(full_at.saturating_sub(cost_ns));
        // It always has a new value to set.
        let _ = self.full_at_ns.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }

    /// How many would pass now, and how long until as many as ever would, of a part of it.
    pub(crate) fn room_of(&self, share: Share, now: Instant) -> (u32, Duration) {
        let (interval_ns, burst_ns) = share.part(self.interval_ns, self.burst_ns);
        let now_ns = nanos(now.saturating_duration_since(self.begun));
        let missing_ns = self.full_at_ns.load(Ordering::Acquire).saturating_sub(now_ns);
        let passing = burst_ns.saturating_sub(missing_ns).checked_div(interval_ns);
        (passing.map_or(u32::MAX, |count| u32::try_from(count).unwrap_or(u32::MAX)), Duration::from_nanos(missing_ns))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(text: &str) -> (TokenBucket, Instant) {
        let now = Instant::now();
        (TokenBucket::new(text.parse().expect("a throughput"), 1_000, now), now)
    }

    fn passing(bucket: &TokenBucket, now: Instant) -> usize {
        std::iter::repeat_with(|| bucket.take(1, now)).take_while(Result::is_ok).count()
    }

    #[test]
    fn a_burst_passes_and_then_the_pace() {
        let (bucket, now) = bucket("100/s burst 20");
        assert_eq!(passing(&bucket, now), 20);
        assert_eq!(bucket.take(1, now), Err(now + Duration::from_millis(10)));
        assert_eq!(passing(&bucket, now + Duration::from_millis(95)), 9);
        assert_eq!(passing(&bucket, now + Duration::from_secs(60)), 20, "quiet time counts as one burst");
    }

    #[test]
    fn a_burst_not_said_is_a_span_of_the_pace() {
        let (bucket, now) = bucket("6000/min");
        assert_eq!(passing(&bucket, now), 100);
    }

    #[test]
    fn a_message_longer_than_the_burst_passes_a_full_bucket_and_is_paid_for() {
        let (bucket, now) = bucket("10/s burst 2");
        assert_eq!(bucket.take(5, now), Ok(()));
        let due = now + Duration::from_millis(400);
        assert_eq!(bucket.take(1, now), Err(due));
        assert_eq!(bucket.take(5, now), Err(now + Duration::from_millis(500)), "only from a full bucket");
        assert_eq!(bucket.take(1, due), Ok(()));
    }

    #[test]
    fn what_is_left_is_told_and_what_was_not_used_comes_back() {
        let (bucket, now) = bucket("10/s burst 5");
        assert_eq!(bucket.room_of(Share::WHOLE, now), (5, Duration::ZERO));
        bucket.take(3, now).expect("room");
        assert_eq!(bucket.room_of(Share::WHOLE, now), (2, Duration::from_millis(300)));
        bucket.give_back_of(Share::WHOLE, 1);
        assert_eq!(bucket.room_of(Share::WHOLE, now), (3, Duration::from_millis(200)));
        assert_eq!(bucket.room_of(Share::WHOLE, now + Duration::from_secs(1)), (5, Duration::ZERO));
    }

    /// However many share it, something passes, and all of them together have no more than the whole.
    #[test]
    fn a_part_is_slower_and_never_nothing() {
        for (text, nodes, at_once, next_ms) in [
            ("100/s burst 20", 1, 20, 10),
            ("100/s burst 20", 3, 6, 30),
            ("10/s burst 2", 3, 1, 300),
            ("1/min", 5, 1, 300_000),
        ] {
            let (bucket, now) = bucket(text);
            let share = Share::of(nodes);
            let passing = std::iter::repeat_with(|| bucket.take_of(share, 1, now)).take_while(Result::is_ok).count();
            assert_eq!(passing, at_once, "{text} of {nodes}");
            assert_eq!(bucket.take_of(share, 1, now), Err(now + Duration::from_millis(next_ms)), "{text} of {nodes}");
            assert_eq!(bucket.room_of(share, now).0, 0);
        }
        assert_eq!(Share::of(0), Share::WHOLE);
    }

    #[test]
    fn no_limit_lets_everything_pass() {
        let (bucket, now) = bucket("");
        assert!((0..10_000).all(|_| bucket.take(255, now).is_ok()));
    }
}
