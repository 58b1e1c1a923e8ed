//! Whether an operator's receipts can be believed (Q-C16): on grey routes every message is "delivered", at once.

use std::time::Duration;

/// Upper bounds of the delays that are counted, in seconds; the last count is for what is longer.
pub const DELAY_BOUNDS_S: [u64; 5] = [1, 10, 60, 600, 3_600];
/// Fewer receipts than these prove nothing.
const COUNT_MIN: u64 = 200;
/// At so many everything is halved: what was long ago counts less and less.
const COUNT_MAX: u64 = 20_000;

/// How long after the submit a connector's final receipts came, and how many said "delivered".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptDelays {
    /// By [`DELAY_BOUNDS_S`].
    pub counts: [u64; DELAY_BOUNDS_S.len() + 1],
    /// Those that said "delivered".
    pub delivered: u64,
}

impl ReceiptDelays {
    pub(super) fn observe(&mut self, delay: Duration, delivered: bool) {
        if self.total() >= COUNT_MAX {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.delivered /= 2;
        }
        let place = DELAY_BOUNDS_S.iter().position(|bound_s| delay <= Duration::from_secs(*bound_s));
        if let Some(count) = self.counts.get_mut(place.unwrap_or(DELAY_BOUNDS_S.len())) {
            *count += 1;
        }
        self.delivered += u64::from(delivered);
    }

    /// Final receipts counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Whether they look made up: all within a second, and not one message in hundreds failed.
    pub fn is_suspicious(&self) -> bool {
        let total = self.total();
        let [at_once, ..] = self.counts;
        total >= COUNT_MIN && at_once == total && self.delivered >= total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(count: u64, delay_ms: u64, undelivered: u64) -> ReceiptDelays {
        let mut delays = ReceiptDelays::default();
        (0..count).for_each(|_| delays.observe(Duration::from_millis(delay_ms), true));
        (0..undelivered).for_each(|_| delays.observe(Duration::from_millis(delay_ms), false));
        delays
    }

    #[test]
    fn all_delivered_at_once_is_too_good_to_be_true() {
        assert!(delays(200, 300, 0).is_suspicious());
        assert!(!delays(199, 300, 0).is_suspicious(), "too few to tell");
        assert!(!delays(400, 300, 1).is_suspicious(), "some fail");
        assert!(!delays(400, 3_000, 0).is_suspicious(), "handsets take their time");
    }

    #[test]
    fn delays_are_counted_by_bound_and_old_ones_fade() {
        let mut delays = ReceiptDelays::default();
        for seconds in [0, 1, 2, 60, 61, 3_600, 90_000] {
            delays.observe(Duration::from_secs(seconds), true);
        }
        assert_eq!((delays.counts, delays.delivered), ([2, 1, 1, 1, 1, 1], 7));
        (0..100_000).for_each(|_| delays.observe(Duration::from_secs(5), false));
        assert!(delays.total() <= COUNT_MAX && delays.delivered == 0, "{delays:?}");
    }
}
