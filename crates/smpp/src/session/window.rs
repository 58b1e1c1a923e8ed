//! The requests that wait for their answer, by sequence number and in the order of their sending.
//!
//! Slots are kept in one vector of the window's size, linked oldest first, so that adding, answering and timing out
//! are O(1) and nothing is allocated per request.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use tokio::time::Instant;

const NONE: u16 = u16::MAX;

/// A request that waits for its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    pub(crate) sequence: u32,
    pub(crate) token: u64,
    pub(crate) sent_at: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    pending: Pending,
    older: u16,
    newer: u16,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Window {
    slots: Vec<Slot>,
    free: Vec<u16>,
    oldest: u16,
    newest: u16,
    by_sequence: HashMap<u32, u16, BuildHasherDefault<SequenceHasher>>,
}

impl Window {
    pub(crate) fn new(size: u16) -> Self {
        let size = usize::from(size);
        Self {
            slots: Vec::with_capacity(size),
            free: Vec::with_capacity(size),
            oldest: NONE,
            newest: NONE,
            by_sequence: HashMap::with_capacity_and_hasher(size, BuildHasherDefault::default()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_sequence.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_sequence.is_empty()
    }

    pub(crate) fn contains(&self, sequence: u32) -> bool {
        self.by_sequence.contains_key(&sequence)
    }

    /// What the open request with this sequence number was sent with.
    pub(crate) fn token(&self, sequence: u32) -> Option<u64> {
        let at = *self.by_sequence.get(&sequence)?;
        Some(self.slots[usize::from(at)].pending.token)
    }

    /// Adds a request as the newest. The caller keeps to the size and never reuses an open sequence number.
    pub(crate) fn insert(&mut self, pending: Pending) {
        let slot = Slot { pending, older: self.newest, newer: NONE };
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[usize::from(at)] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u16
            }
        };
        match self.newest {
            NONE => self.oldest = at,
            newest => self.slots[usize::from(newest)].newer = at,
        }
        self.newest = at;
        self.by_sequence.insert(pending.sequence, at);
    }

    /// Takes out the request with this sequence number.
    pub(crate) fn remove(&mut self, sequence: u32) -> Option<Pending> {
        let at = self.by_sequence.remove(&sequence)?;
        let slot = self.slots[usize::from(at)];
        match slot.older {
            NONE => self.oldest = slot.newer,
            older => self.slots[usize::from(older)].newer = slot.newer,
        }
        match slot.newer {
            NONE => self.newest = slot.older,
            newer => self.slots[usize::from(newer)].older = slot.older,
        }
        self.free.push(at);
        Some(slot.pending)
    }

    /// The request that has waited longest.
    pub(crate) fn oldest(&self) -> Option<Pending> {
        self.slots.get(usize::from(self.oldest)).map(|slot| slot.pending)
    }

    /// Takes out all, oldest first.
    pub(crate) fn drain_tokens(&mut self) -> Vec<u64> {
        let mut tokens = Vec::with_capacity(self.len());
        while let Some(pending) = self.oldest().and_then(|oldest| self.remove(oldest.sequence)) {
            tokens.push(pending.token);
        }
        tokens
    }
}

/// Sequence numbers are ours and consecutive: one multiplication spreads them well enough.
#[derive(Debug, Default)]
struct SequenceHasher(u64);

impl Hasher for SequenceHasher {
    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.write_u32(u32::from(*octet));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0 ^ u64::from(value)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(sequence: u32) -> Pending {
        Pending { sequence, token: u64::from(sequence) * 10, sent_at: Instant::now() }
    }

    #[test]
    fn order_of_sending_survives_removal_anywhere() {
        let mut window = Window::new(5);
        for sequence in 1..=5 {
            window.insert(pending(sequence));
        }
        for sequence in [3, 1, 5] {
            assert_eq!(window.remove(sequence).map(|p| p.token), Some(u64::from(sequence) * 10));
        }
        window.insert(pending(6));
        assert_eq!(window.oldest().map(|p| p.sequence), Some(2));
        assert_eq!(window.drain_tokens(), [20, 40, 60]);
        assert!(window.is_empty() && window.oldest().is_none());
    }

    #[test]
    fn slots_are_reused() {
        let mut window = Window::new(2);
        for sequence in 1..=1000 {
            window.insert(pending(sequence));
            assert!(window.contains(sequence));
            if sequence > 1 {
                assert!(window.remove(sequence - 1).is_some());
            }
            assert!(window.remove(sequence + 1).is_none());
        }
        assert_eq!((window.len(), window.slots.len()), (1, 2));
    }
}
