//! Latencies, in microseconds, as a histogram of three significant digits.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Ten minutes: whatever takes longer is counted as this.
const MAX_US: u64 = 600_000_000;

/// Latencies being gathered.
pub(crate) struct Latencies(Histogram<u64>);

/// What is told of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) count: u64,
    pub(crate) p50_us: u64,
    pub(crate) p95_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) max_us: u64,
}

impl Latencies {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, MAX_US, 3)?))
    }

    /// Adds one.
    pub(crate) fn record(&mut self, us: u64) {
        self.0.saturating_record(us.max(1));
    }

    /// Adds all of `other`.
    pub(crate) fn add(&mut self, other: &Self) {
        // Both have the same bounds, so that all of it fits.
        let _ = self.0.add(&other.0);
    }

    /// The figures; `None` when there is nothing.
    pub(crate) fn summary(&self) -> Option<Latency> {
        let at = |quantile| self.0.value_at_quantile(quantile);
        (!self.0.is_empty()).then(|| Latency {
            count: self.0.len(),
            p50_us: at(0.50),
            p95_us: at(0.95),
            p99_us: at(0.99),
            max_us: self.0.max(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_are_those_of_what_was_recorded() {
        let (mut low, mut high) = (Latencies::new().unwrap(), Latencies::new().unwrap());
        (1..=50).for_each(|us| low.record(us));
        (51..=100).for_each(|us| high.record(us));
        low.add(&high);
        let expected = Latency { count: 100, p50_us: 50, p95_us: 95, p99_us: 99, max_us: 100 };
        assert_eq!(low.summary(), Some(expected));
        assert_eq!(Latencies::new().unwrap().summary(), None);
    }
}
