//! Connections counted by where they come from, so that one source cannot take the places of all.
//!
//! ```
//! let places = sambac_engine::places::Places::new(1);
//! let source = [192, 0, 2, 1].into();
//! let place = places.take(source);
//! assert!(place.is_some() && places.take(source).is_none());
//! drop(place);
//! assert!(places.take(source).is_some());
//! ```

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places per source. As many sources are remembered as hold places; a limit of all connections bounds them.
#[derive(Clone, Debug)]
pub struct Places {
    per_source_max: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    source: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Places {
    /// With this many places for each source.
    pub fn new(per_source_max: usize) -> Self {
        Self { per_source_max, taken: Arc::default() }
    }

    /// A place for a connection from `address`; `None` when its source has all of its own.
    pub fn take(&self, address: IpAddr) -> Option<Place> {
        let source = source(address);
        let mut counts = counts(&self.taken);
        let count = counts.entry(source).or_default();
        if *count >= self.per_source_max {
            if *count == 0 {
                counts.remove(&source);
            }
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Place { source, taken: Arc::clone(&self.taken) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = counts(&self.taken);
        let Some(count) = counts.get_mut(&self.source) else { return };
        *count -= 1;
        if *count == 0 {
            counts.remove(&self.source);
        }
    }
}

/// Whoever has one IPv6 address has its whole /64, so that is one source.
pub(crate) fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

fn counts(taken: &Mutex<HashMap<IpAddr, usize>>) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn each_source_has_its_own_places_and_gets_them_back() {
        let places = Places::new(2);
        let first = places.take(ip("192.0.2.1"));
        let second = places.take(ip("192.0.2.1"));
        assert!(first.is_some() && second.is_some() && places.take(ip("192.0.2.1")).is_none());
        assert!(places.take(ip("192.0.2.2")).is_some());
        drop(first);
        assert!(places.take(ip("192.0.2.1")).is_some());
        drop(second);
        assert!(counts(&places.taken).is_empty(), "nothing is remembered of those that left");
    }

    #[test]
    fn a_network_of_ipv6_is_one_source_and_ipv4_stays_itself_inside_ipv6() {
        let places = Places::new(1);
        let _first = places.take(ip("2001:db8::1"));
        assert!(places.take(ip("2001:db8::2")).is_none());
        assert!(places.take(ip("2001:db8:0:1::1")).is_some());
        let _mapped = places.take(ip("::ffff:192.0.2.1"));
        assert!(places.take(ip("192.0.2.1")).is_none());
        assert!(places.take(ip("::ffff:192.0.2.2")).is_some());
    }
}
