//! How often a key may come: the generic cell rate algorithm (ITU-T I.371), one moment for each key.

use std::hash::Hash;

use super::recent::Recent;
use crate::throughput::Throughput;
use crate::time::Timestamp;

/// The moments of many keys.
pub(super) struct Velocity<K>(Recent<K, i64>);

impl<K: Hash + Eq + Copy> Velocity<K> {
    pub(super) fn new(keys_max: usize) -> Self {
        Self(Recent::new(keys_max))
    }

    /// Whether the key may come now; what may not counts for nothing.
    ///
    /// # Errors
    /// When it may come again.
    pub(super) fn take(&mut self, key: K, limit: Throughput, now: Timestamp) -> Result<(), Timestamp> {
        if limit.is_unlimited() {
            return Ok(());
        }
        let interval = i64::try_from(limit.interval_ns() / 1_000).unwrap_or(i64::MAX).max(1);
        let slack = interval.saturating_mul(i64::from(limit.burst_or(1_000)) - 1);
        let due = self.0.touch(key, || now.0);
        let earliest = due.saturating_sub(slack);
        if now.0 < earliest {
            return Err(Timestamp(earliest));
        }
        *due = (*due).max(now.0).saturating_add(interval);
        Ok(())
    }
}
