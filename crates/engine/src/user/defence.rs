//! Who failed to log in lately, and how long he waits for the next try. Nobody is locked out: whoever guesses from elsewhere makes
//! only himself wait, and a person who logged in from an address before is not kept waiting there by others.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::places::source;

/// Failures are forgotten when none followed for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(900);
/// The wait after the first failure that is not free; each one doubles it.
const WAIT: Duration = Duration::from_secs(1);
/// And at most.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Failures without a wait: of a login from one source, of a source, and of a login from anywhere new.
const FREE: [u32; 3] = [3, 20, 30];
/// What is remembered of each.
const REMEMBERED: usize = 16_384;

/// Failures of the last minutes.
pub(crate) struct Defence {
    hasher: RandomState,
    failures: Cache<u64, Failures>,
    /// Logins at sources where they were right before.
    known: Cache<u64, ()>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Default for Defence {
    fn default() -> Self {
        Self { hasher: RandomState::new(), failures: Cache::new(REMEMBERED), known: Cache::new(REMEMBERED) }
    }
}

impl Defence {
    /// How long this login has to wait at this address; `None`: it may try.
    pub(super) fn wait(&self, login: &str, address: Option<IpAddr>) -> Option<Duration> {
        let keys = self.keys(login, address);
        let is_known = self.known.get(&keys[0]).is_some();
        let counted = if is_known { &keys[..2] } else { &keys[..] };
        counted.iter().zip(FREE).filter_map(|(key, free)| self.wait_of(*key, free)).max()
    }

    fn wait_of(&self, key: u64, free: u32) -> Option<Duration> {
        let Failures { count, last } = self.failures.get(&key)?;
        let beyond = count.checked_sub(free)?;
        let wait = WAIT.saturating_mul(1 << beyond.min(16)).min(WAIT_MAX);
        wait.checked_sub(last.elapsed()).filter(|left| !left.is_zero())
    }

    /// It failed.
    pub(super) fn failed(&self, login: &str, address: Option<IpAddr>) {
        for key in self.keys(login, address) {
            let before = self.failures.get(&key).filter(|failures| failures.last.elapsed() < FORGOTTEN_AFTER);
            let count = before.map_or(0, |failures| failures.count).saturating_add(1);
            self.failures.insert(key, Failures { count, last: Instant::now() });
        }
    }

    /// It was right.
    pub(super) fn was_right(&self, login: &str, address: Option<IpAddr>) {
        let [pair, ..] = self.keys(login, address);
        self.failures.remove(&pair);
        self.known.insert(pair, ());
    }

    /// The login at the source, the source, the login.
    fn keys(&self, login: &str, address: Option<IpAddr>) -> [u64; 3] {
        let source = source(address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)));
        [self.hasher.hash_one((login, source)), self.hasher.hash_one(source), self.hasher.hash_one(login)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("an address"))
    }

    /// Each failure makes the next try wait longer, there and for that login only.
    #[tokio::test(start_paused = true)]
    async fn whoever_fails_waits_longer_each_time() {
        let defence = Defence::default();
        let here = address("192.0.2.1");
        let mut waits = Vec::new();
        for _ in 0..12 {
            defence.failed("ada", here);
            waits.push(defence.wait("ada", here).map_or(0, |wait| wait.as_secs()));
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        assert_eq!(defence.wait("ben", here), None);
        assert_eq!(defence.wait("ada", address("198.51.100.1")), None);
        tokio::time::advance(WAIT_MAX).await;
        assert_eq!(defence.wait("ada", here), None, "nobody is locked out");
    }

    /// Many who guess one login from everywhere make those wait who come from where it never logged in, not the person herself.
    #[tokio::test(start_paused = true)]
    async fn a_person_is_not_kept_out_by_others() {
        let defence = Defence::default();
        defence.was_right("ada", address("192.0.2.1"));
        for number in 0..200_u8 {
            defence.failed("ada", address(&format!("198.51.100.{number}")));
        }
        assert_eq!(defence.wait("ada", address("192.0.2.1")), None);
        assert_eq!(defence.wait("ada", address("203.0.113.9")), Some(WAIT_MAX));
    }

    /// One source that tries many logins waits, too.
    #[tokio::test(start_paused = true)]
    async fn one_source_cannot_try_everybody() {
        let defence = Defence::default();
        (0..40).for_each(|number| defence.failed(&format!("user{number}"), address("2001:db8::1")));
        assert_eq!(defence.wait("ada", address("2001:db8::2")), Some(WAIT_MAX), "its whole network is one source");
    }
}
