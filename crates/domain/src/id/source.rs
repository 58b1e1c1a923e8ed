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

    /// A number below every id made at this moment or later, and above those made earlier.
    #[must_use]
    pub fn first_at(at: Timestamp) -> i64 {
        ((at.as_millis() - EPOCH_MS).clamp(0, MS_MAX) << 22) - 1
    }

    /// When an id was made, to the millisecond.
    #[must_use]
    pub const fn made_at(id: i64) -> Timestamp {
        Timestamp::from_millis((id >> 22) + EPOCH_MS)
    }

    const fn id_of(&self, slot: i64) -> i64 {
        (slot >> 8 << 22) | self.node_bits | ((slot & 0xff) << 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp::from_millis(EPOCH_MS + 1_000);

    #[test]
    fn the_layout_is_as_documented() {
        let ids = IdSource::new(5, 0);
        assert_eq!(ids.next(START), 1_000 << 22 | 5 << 16);
        assert_eq!(ids.next(START), 1_000 << 22 | 5 << 16 | 1 << 8);
        assert_eq!(ids.next(Timestamp::from_millis(EPOCH_MS + 1_001)), 1_001 << 22 | 5 << 16);
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        let id = IdSource::new(63, 0).next(START);
        assert_eq!(IdSource::made_at(id), START);
        assert!(IdSource::first_at(START) < id && IdSource::first_at(Timestamp::from_millis(EPOCH_MS + 1_001)) > id);
    }

    #[test]
    fn a_full_millisecond_borrows_from_the_next() {
        let ids = IdSource::new(0, 0);
        let last = (0..257).map(|_| ids.next(START)).last();
        assert_eq!(last, Some(1_001 << 22));
    }

    #[test]
    fn ids_go_on_after_the_greatest_stored_one() {
        let stored = 2_000 << 22 | 63 << 16 | 7 << 8 | 3;
        let next = IdSource::new(0, stored).next(START);
        assert!(next > stored, "{next} after {stored}");
        assert_eq!(IdSource::new(0, i64::MIN).next(START), 1_000 << 22);
    }

    #[test]
    fn threads_never_share_an_id() {
        let ids = IdSource::new(1, 0);
        let mut all: Vec<i64> = std::thread::scope(|scope| {
            let take = || (0..2_000).map(|_| ids.next(START)).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 8_000);
    }

    proptest! {
        #[test]
        fn ids_only_grow_under_any_clock(
            node: u8,
            floor in 0..MS_MAX << 22,
            clock in prop::collection::vec(any::<i64>(), 1..300),
            near in prop::collection::vec(0..5_i64, 1..300),
        ) {
            let ids = IdSource::new(node, floor);
            let near = near.iter().map(|ms| EPOCH_MS * 1_000 + ms * 1_000);
            let mut last = floor;
            for micros in near.chain(clock) {
                let id = ids.next(Timestamp(micros));
                prop_assert!(id > last, "{} after {}", id, last);
                prop_assert_eq!((id & 0xff, id >> 16 & 0x3f), (0, i64::from(node & NODE_MASK)));
                last = id;
            }
        }
    }
}
