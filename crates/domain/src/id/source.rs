//! Where new ids come from: one atomic counter a process, seeded by the clock at each call.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::time::Timestamp;

/// 2024-01-01T00:00:00Z, where ids count from.
const EPOCH_MS: i64 = 1_704_067_200_000;
/// 41 bits of milliseconds last until September 2093. A clock that claims to be later than twelve days
/// before that is held there, so that borrowed milliseconds cannot overflow.
const MS_MAX: i64 = (1 << 41) - 1 - (1 << 30);
const NODE_MASK: u8 = 0x3f;

/// Gives ids that only ever grow, whatever the clock does. Shared by reference; never blocks.
#[derive(Debug)]
pub struct IdSource {
    node_bits: i64,
    /// The last slot given out: milliseconds times 256 plus sequence.
    last_slot: AtomicI64,
}

impl IdSource {
    /// A source for node 0 to 63 (higher bits are dropped), whose ids are all greater than `floor`: the
    /// greatest id in the database, of any node and with or without a segment number.
    pub const fn new(node: u8, floor: i64) -> Self {
        let floor = if floor < 0 { 0 } else { floor };
        let floor_slot = if floor == 0 { -1 } else { (floor >> 22 << 8) | 0xff };
        Self { node_bits: ((node & NODE_MASK) as i64) << 16, last_slot: AtomicI64::new(floor_slot) }
    }

    /// The next id: greater than every id given before, with its low 8 bits zero.
    ///
    /// A 257th id in one millisecond borrows from the next one, and a clock that goes back changes
    /// nothing: the source goes on from its last id until the clock has caught up.
    pub fn next(&self, now: Timestamp) -> i64 {
        let clock_slot = (now.as_millis() - EPOCH_MS).clamp(0, MS_MAX) << 8;
        let advance = |last: i64| clock_slot.max(last + 1);
        let mut last = self.last_slot.load(Ordering::Relaxed);
        loop {
            let slot = advance(last);
            match self.last_slot.compare_exchange_weak(last, slot, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return self.id_of(slot),
                Err(seen) => last = seen,
            }
        }
    }

    const fn id_of(&self, slot: i64) -> i64 {
        (slot >> 8 << 22) | self.node_bits | ((slot & 0xff) << 8)
    }
}
