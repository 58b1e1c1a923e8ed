//! Places for new messages in the group commit's queue: half of what it holds, so that answers and receipts of what is on
//! its way never wait behind what is only coming in.
//!
//! A place is held until the group commit has taken the message up; how many are held is how congested we are.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A place, given back when dropped.
pub(crate) type Place = OwnedSemaphorePermit;

/// All places.
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    capacity: usize,
}

impl Admission {
    /// For a queue that holds this many writes.
    pub(crate) fn new(writes_capacity: usize) -> Self {
        let capacity = (writes_capacity / 2).max(1);
        Self { places: Arc::new(Semaphore::new(capacity)), capacity }
    }

    /// A place, if one is free now.
    pub(crate) fn try_take(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// A place, waiting for one no longer than `limit`.
    pub(crate) async fn take(&self, limit: Duration) -> Option<Place> {
        if let Some(place) = self.try_take() {
            return Some(place);
        }
        let place = tokio::time::timeout(limit, Arc::clone(&self.places).acquire_owned()).await;
        place.ok()?.ok()
    }

    /// How many of the places are taken, in percent.
    pub(crate) fn fill_percent(&self) -> usize {
        let taken = self.capacity.saturating_sub(self.places.available_permits());
        taken * 100 / self.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_is_waited_for_a_bounded_time() {
        let admission = Admission::new(4);
        let first = admission.try_take().expect("a place");
        assert_eq!(admission.fill_percent(), 50);
        let _second = admission.try_take().expect("a place");
        assert!(admission.try_take().is_none() && admission.fill_percent() == 100);
        assert!(admission.take(Duration::from_secs(5)).await.is_none(), "nobody gives one back");
        let waiting = tokio::spawn(async move { admission.take(Duration::from_secs(5)).await.is_some() });
        drop(first);
        assert!(waiting.await.expect("it ends"));
    }
}
