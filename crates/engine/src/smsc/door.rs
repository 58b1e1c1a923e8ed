//! The places of the listeners: few for those that have not bound, and of these few for each source, so that strangers
//! cannot keep clients out; some for those that wait for their refusal; and the rest for those that are bound.
//!
//! When the unbound have no place left, the longest of the source that holds most gives way: who is alone at its source
//! stays, however many come from elsewhere.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sambac_domain::error::ErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::places::{Place, Places, source};
use crate::settings::Settings;

/// The places of all listeners.
#[derive(Clone)]
pub(crate) struct Door(Arc<Shared>);

struct Shared {
    unbound: Mutex<UnboundPlaces>,
    unbound_max: usize,
    unbound_per_source_max: usize,
    refused: Arc<Semaphore>,
    refused_by_source: Places,
    bound: Arc<Semaphore>,
    bound_by_source: Places,
}

#[derive(Default)]
struct UnboundPlaces {
    count: usize,
    next: u64,
    by_source: HashMap<IpAddr, VecDeque<(u64, CancellationToken)>>,
}

/// The place of a connection that has not bound; given back when dropped.
pub(super) struct Unbound {
    door: Door,
    source: IpAddr,
    number: u64,
    /// Cancelled when it has to give way.
    pub(super) evicted: CancellationToken,
}

/// The place of a connection that is told late that it is refused.
pub(super) struct Refused {
    _any: OwnedSemaphorePermit,
    _of_source: Place,
}

/// The place of a bound connection.
pub(super) struct Bound {
    _any: OwnedSemaphorePermit,
    _of_source: Place,
}

impl Door {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self(Arc::new(Shared {
            unbound: Mutex::default(),
            unbound_max: settings.smpp_unbound_max,
            unbound_per_source_max: settings.smpp_unbound_per_source_max,
            refused: Arc::new(Semaphore::new(settings.smpp_refused_max)),
            refused_by_source: Places::new(settings.smpp_unbound_per_source_max),
            bound: Arc::new(Semaphore::new(settings.smpp_connections_max)),
            bound_by_source: Places::new(settings.smpp_connections_per_source_max),
        }))
    }

    /// A place for a new connection: that of the oldest of its source, when the source has as many as it may.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Unbound> {
        let source = source(address);
        let mut places = self.unbound();
        let own = places.by_source.get(&source).map_or(0, VecDeque::len);
        if own >= self.0.unbound_per_source_max {
            // Whoever binds does so at once: those that only stand there are the oldest.
            places.evict_oldest(source);
        } else if places.count >= self.0.unbound_max && !places.evict(own) {
            return None;
        }
        let (number, evicted) = (places.next, CancellationToken::new());
        places.next += 1;
        places.count += 1;
        places.by_source.entry(source).or_default().push_back((number, evicted.clone()));
        Some(Unbound { door: self.clone(), source, number, evicted })
    }

    /// A place for one that is going to be refused, or may be; `None` when enough of them wait already.
    pub(super) fn refuse(&self, address: IpAddr) -> Option<Refused> {
        let of_source = self.0.refused_by_source.take(address)?;
        Some(Refused { _any: Arc::clone(&self.0.refused).try_acquire_owned().ok()?, _of_source: of_source })
    }

    /// A place for one that is bound.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyBinds`] when there is none, or none for its source.
    pub(super) fn bind(&self, address: IpAddr) -> Result<Bound, ErrorCode> {
        let of_source = self.0.bound_by_source.take(address).ok_or(ErrorCode::TooManyBinds)?;
        let any = Arc::clone(&self.0.bound).try_acquire_owned().map_err(|_| ErrorCode::TooManyBinds)?;
        Ok(Bound { _any: any, _of_source: of_source })
    }

    fn unbound(&self) -> MutexGuard<'_, UnboundPlaces> {
        self.0.unbound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnboundPlaces {
    /// The oldest of a source gives way.
    fn evict_oldest(&mut self, source: IpAddr) {
        if let Some((_, evicted)) = self.by_source.get_mut(&source).and_then(VecDeque::pop_front) {
            self.count -= 1;
            evicted.cancel();
        }
    }

    /// Takes a place from the source that has most, unless that is no more than one above `own`.
    fn evict(&mut self, own: usize) -> bool {
        let Some(most) = self.by_source.values_mut().max_by_key(|waiting| waiting.len()) else { return false };
        if most.len() <= own + 1 {
            return false;
        }
        let Some((_, evicted)) = most.pop_front() else { return false };
        self.count -= 1;
        evicted.cancel();
        true
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        let mut places = self.door.unbound();
        let Some(waiting) = places.by_source.get_mut(&self.source) else { return };
        let place = waiting.iter().position(|(number, _)| *number == self.number);
        let was_there = place.map(|place| waiting.remove(place)).is_some();
        if waiting.is_empty() {
            places.by_source.remove(&self.source);
        }
        // One that had to give way is not counted any more.
        places.count -= usize::from(was_there);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Seal;

    fn door(unbound_max: usize, per_source: usize) -> Door {
        let seal = Seal::from_base64(&"A".repeat(43)).expect("a key");
        let settings =
            Settings { smpp_unbound_max: unbound_max, smpp_unbound_per_source_max: per_source, ..Settings::new(seal) };
        Door::new(&settings)
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_source_with_most_gives_way() {
        let door = door(4, 3);
        let crowd: Vec<_> = (0..3).map(|_| door.enter(ip(1)).expect("a place")).collect();
        let alone = door.enter(ip(2)).expect("a place");
        let third = door.enter(ip(3)).expect("the crowd gives way");
        assert!(crowd[0].evicted.is_cancelled() && !crowd[1].evicted.is_cancelled());
        assert!(!alone.evicted.is_cancelled() && !third.evicted.is_cancelled());
        drop(crowd);
        assert_eq!(door.unbound().count, 2, "who gave way is not counted twice");
    }

    /// Who stands there for longest gives way to the next of the same source, and to nobody else's.
    #[test]
    fn the_oldest_of_a_source_gives_way_to_the_next_of_it() {
        let door = door(8, 2);
        let alone = door.enter(ip(2)).expect("a place");
        let idle = [door.enter(ip(1)).expect("a place"), door.enter(ip(1)).expect("a place")];
        let next = door.enter(ip(1)).expect("the oldest gives way");
        let evicted = [&idle[0], &idle[1], &next, &alone].map(|place| place.evicted.is_cancelled());
        assert_eq!(evicted, [true, false, false, false]);
        drop(idle);
        assert_eq!(door.unbound().count, 2);
        drop((next, alone));
        let left = door.unbound();
        assert_eq!((left.count, left.by_source.len()), (0, 0));
    }

    #[test]
    fn nobody_gives_way_to_the_like_of_him() {
        let door = door(2, 2);
        let places = [door.enter(ip(1)).expect("a place"), door.enter(ip(2)).expect("a place")];
        assert!(door.enter(ip(3)).is_none());
        drop(places);
        assert!(door.unbound().by_source.is_empty() && door.enter(ip(3)).is_some());
    }
}
