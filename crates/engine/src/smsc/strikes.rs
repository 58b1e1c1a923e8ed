//! Who failed to bind lately, by source and system_id, and what follows: he is told later and later, and his passwords are
//! hashed when nobody else's are to be. Nobody is locked out: the right password is right, whoever failed before.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::Instant;

use super::watch::Watch;
use crate::places::source;

/// Failures are forgotten when none followed for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(300);
/// Failures of one system_id from one source, after which it is suspect there.
const PAIR_SUSPECT: u32 = 3;
/// Failures from one source, after which all that comes from there is suspect.
const SOURCE_SUSPECT: u32 = 20;
/// Every so many failures, the refusal comes one more base delay later.
const FAILURES_PER_STEP: u32 = 5;
/// At most so many base delays.
const STEPS_MAX: u32 = 4;
/// Pairs and sources that are remembered.
const REMEMBERED: usize = 16_384;

/// Failures of the last minutes.
pub(crate) struct Strikes {
    hasher: RandomState,
    pairs: Cache<(IpAddr, u64), Count>,
    sources: Cache<IpAddr, Count>,
    watch: Watch,
}

#[derive(Clone, Copy)]
struct Count {
    count: u32,
    last: Instant,
}

/// A failure that was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Noted {
    /// How often its source has failed lately, to say so not every time.
    pub(super) times: u32,
    /// Whether it is the beginning of an attack.
    pub(super) begins_attack: bool,
}

/// What is known of one who binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pair: u32,
    source: u32,
}

impl Default for Strikes {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            pairs: Cache::new(REMEMBERED),
            sources: Cache::new(REMEMBERED),
            watch: Watch::default(),
        }
    }
}

impl Strikes {
    /// What is known of this system_id from this address.
    pub(super) fn of(&self, address: IpAddr, system_id: &[u8]) -> Record {
        let source = source(address);
        let fresh = |count: Option<Count>| count.filter(|count| count.last.elapsed() < FORGOTTEN_AFTER);
        Record {
            pair: fresh(self.pairs.get(&self.pair(source, system_id))).map_or(0, |count| count.count),
            source: fresh(self.sources.get(&source)).map_or(0, |count| count.count),
        }
    }

    /// It failed again.
    pub(super) fn note(&self, address: IpAddr, system_id: &[u8]) -> Noted {
        let (source, record) = (source(address), self.of(address, system_id));
        let count = |count: u32| Count { count: count.saturating_add(1), last: Instant::now() };
        self.pairs.insert(self.pair(source, system_id), count(record.pair));
        self.sources.insert(source, count(record.source));
        Noted { times: record.source.saturating_add(1), begins_attack: self.watch.failed(source, system_id) }
    }

    /// It was refused because nobody had the time to verify it, which happens when many guess. That it was wrong is not known:
    /// this system_id is suspect at this address, so that it waits apart the next time, and not all that comes from there. True
    /// when it is the beginning of an attack.
    pub(super) fn note_unverified(&self, address: IpAddr, system_id: &[u8]) -> bool {
        let (source, record) = (source(address), self.of(address, system_id));
        let count = Count { count: record.pair.saturating_add(1).max(PAIR_SUSPECT), last: Instant::now() };
        self.pairs.insert(self.pair(source, system_id), count);
        self.watch.turned_away(source)
    }

    /// A connection was turned away before anybody knew who it was. True when it is the beginning of an attack.
    pub(super) fn note_turned_away(&self, address: IpAddr) -> bool {
        self.watch.turned_away(source(address))
    }

    /// It gave the right password.
    pub(super) fn forgive(&self, address: IpAddr, system_id: &[u8]) {
        self.pairs.remove(&self.pair(source(address), system_id));
    }

    /// The attacks that are going on, in words; `None` when there is none.
    pub(super) fn attack(&self) -> Option<String> {
        self.watch.told()
    }

    /// Names of strangers may be long: their digest is kept.
    fn pair(&self, source: IpAddr, system_id: &[u8]) -> (IpAddr, u64) {
        (source, self.hasher.hash_one(system_id))
    }
}

impl Record {
    /// Whether its password is hashed after everybody else's.
    pub(super) fn is_suspect(self) -> bool {
        self.is_pair_suspect() || self.source >= SOURCE_SUSPECT
    }

    /// Whether it is itself to blame, not others at its source.
    pub(super) fn is_pair_suspect(self) -> bool {
        self.pair >= PAIR_SUSPECT
    }

    /// How long after its bind it is refused, when it is.
    pub(super) fn delay(self, base: Duration) -> Duration {
        base * (1 + self.pair / FAILURES_PER_STEP).min(STEPS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));
    const BASE: Duration = Duration::from_secs(3);

    fn fail(strikes: &Strikes, times: u32) {
        for _ in 0..times {
            strikes.note(HERE, b"esme");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_fails_often_is_suspect_and_waits_longer_until_it_is_forgotten() {
        let strikes = Strikes::default();
        for _ in 0..PAIR_SUSPECT {
            assert!(!strikes.of(HERE, b"esme").is_suspect());
            strikes.note(HERE, b"esme");
        }
        assert!(strikes.of(HERE, b"esme").is_suspect());
        assert!(!strikes.of(HERE, b"other").is_suspect() && !strikes.of(THERE, b"esme").is_suspect());
        fail(&strikes, 100);
        assert_eq!(strikes.of(HERE, b"esme").delay(BASE), STEPS_MAX * BASE);
        assert!(strikes.of(HERE, b"other").is_suspect(), "the whole source is");
        assert_eq!(strikes.of(HERE, b"other").delay(BASE), BASE, "and is told no later for another's failures");
        tokio::time::advance(FORGOTTEN_AFTER).await;
        assert!(!strikes.of(HERE, b"esme").is_suspect());
    }

    #[tokio::test(start_paused = true)]
    async fn the_right_password_clears_its_name() {
        let strikes = Strikes::default();
        fail(&strikes, PAIR_SUSPECT);
        strikes.forgive(HERE, b"esme");
        assert!(!strikes.of(HERE, b"esme").is_suspect());
    }
}
