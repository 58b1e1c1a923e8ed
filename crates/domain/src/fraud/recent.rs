//! A map that forgets: bounded in entries, and what was not touched for long goes first.

use std::collections::HashMap;
use std::hash::Hash;

/// Two generations. When the younger one is full, the older one is dropped and it takes its place; what is touched moves to the
/// younger one. So at most twice `capacity` entries are kept, and always the `capacity` that were touched last.
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    capacity: usize,
}

impl<K: Hash + Eq + Copy, V> Recent<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), capacity: capacity.max(1) }
    }

    /// What is kept for the key, without touching it.
    pub(super) fn peek(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// What is kept for the key, made when there is nothing.
    pub(super) fn touch(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        if !self.young.contains_key(&key) && self.young.len() >= self.capacity {
            self.old = std::mem::take(&mut self.young);
        }
        let kept = self.old.remove(&key);
        self.young.entry(key).or_insert_with(|| kept.unwrap_or_else(new))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}
