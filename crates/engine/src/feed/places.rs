//! How many streams there may be, of one key and in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sambac_domain::ApiKeyId;

/// The places that are taken.
#[derive(Clone, Default)]
pub(crate) struct Places(Arc<Mutex<HashMap<ApiKeyId, usize>>>);

/// A place, free again when this is dropped.
pub(super) struct Place {
    key: ApiKeyId,
    places: Places,
}

impl Places {
    /// A place for a stream of this key; `None` when it has as many as it may, or there are as many as there may be.
    pub(super) fn take(&self, key: ApiKeyId, per_key_max: usize, all_max: usize) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (own, all) = (taken.get(&key).copied().unwrap_or_default(), taken.values().sum::<usize>());
        if own >= per_key_max || all >= all_max {
            return None;
        }
        taken.insert(key, own + 1);
        Some(Place { key, places: self.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key has its own bound, all have one together, and what ends makes room.
    #[test]
    fn places_are_bounded_and_come_back() {
        let (places, [one, other]) = (Places::default(), [1, 2].map(ApiKeyId::from_raw));
        let first = places.take(one, 2, 3).expect("room");
        let _second = places.take(one, 2, 3).expect("room");
        assert!(places.take(one, 2, 3).is_none(), "the key has two");
        let _third = places.take(other, 2, 3).expect("room");
        assert!(places.take(other, 2, 3).is_none(), "there are three");
        drop(first);
        assert!(places.take(one, 2, 3).is_some());
    }
}
