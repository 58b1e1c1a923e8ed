//! Challenges that wait for a device's answer, each good once and for five minutes. They are in memory only: who is interrupted by
//! a restart begins again.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quick_cache::sync::Cache;
use sambac_domain::Timestamp;

use crate::api_key::{NoRandomness, random_octets};
use crate::constant_time::same;

/// How long a challenge waits: as long as browsers are told to.
const WAITS_FOR: Duration = Duration::from_secs(300);
/// Challenges of one asker that wait at a time; another one takes the oldest one's place.
const SLOTS: u8 = 32;
/// Challenges that wait at a time.
const WAITING_MAX: usize = 16_384;
/// Octets of a name: who asked, which of his, and 128 bits that nobody guesses.
const ASKER_OCTETS: usize = 8;
const SECRET_OCTETS: usize = 16;

/// Challenges of one kind. Who asks for many loses his own, nobody else's.
pub(crate) struct Ceremonies<T> {
    hasher: RandomState,
    next: AtomicU8,
    waiting: Cache<(u64, u8), Waiting<T>>,
}

#[derive(Clone)]
struct Waiting<T> {
    secret: [u8; SECRET_OCTETS],
    begun_at: Timestamp,
    state: T,
}

impl<T: Clone> Default for Ceremonies<T> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), next: AtomicU8::new(0), waiting: Cache::new(WAITING_MAX) }
    }
}

impl<T: Clone> Ceremonies<T> {
    /// Keeps what a challenge needs until it is answered; gives the name to answer by.
    pub(super) fn begin(&self, asker: impl Hash, state: T, now: Timestamp) -> Result<String, NoRandomness> {
        let secret = random_octets::<SECRET_OCTETS>()?;
        let asker = self.hasher.hash_one(asker);
        let slot = self.next.fetch_add(1, Ordering::Relaxed) % SLOTS;
        self.waiting.insert((asker, slot), Waiting { secret, begun_at: now, state });
        let mut name = asker.to_be_bytes().to_vec();
        name.push(slot);
        name.extend(secret);
        Ok(URL_SAFE_NO_PAD.encode(name))
    }

    /// What was kept, once.
    pub(super) fn take(&self, name: &str, now: Timestamp) -> Option<T> {
        let name = URL_SAFE_NO_PAD.decode(name).ok()?;
        let (asker, rest) = name.split_first_chunk::<ASKER_OCTETS>()?;
        let (slot, secret) = rest.split_first()?;
        let key = (u64::from_be_bytes(*asker), *slot);
        if !same(&self.waiting.get(&key)?.secret, secret) {
            return None;
        }
        // Of two who answer at once, one finds it gone.
        let (_, waiting) = self.waiting.remove(&key)?;
        let is_in_time = now.since(waiting.begun_at) < WAITS_FOR;
        (is_in_time && same(&waiting.secret, secret)).then_some(waiting.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    /// A challenge is answered once, in time, and by its whole name.
    #[test]
    fn each_is_taken_once_and_in_time() {
        let ceremonies = Ceremonies::default();
        let name = ceremonies.begin("ada", 7, NOW).unwrap();
        let mut wrong = URL_SAFE_NO_PAD.decode(&name).unwrap();
        wrong[24] ^= 1;
        for wrong in [&*URL_SAFE_NO_PAD.encode(wrong), &name[..20], "", "?"] {
            assert_eq!(ceremonies.take(wrong, NOW), None, "{wrong}");
        }
        assert_eq!(ceremonies.take(&name, NOW), Some(7), "a wrong name took nothing away");
        assert_eq!(ceremonies.take(&name, NOW), None);
        let late = ceremonies.begin("ada", 8, NOW).unwrap();
        assert_eq!(ceremonies.take(&late, NOW.saturating_add(WAITS_FOR)), None);
    }

    /// Whoever asks for a great many takes no other's away.
    #[test]
    fn who_asks_for_many_loses_his_own() {
        let ceremonies = Ceremonies::default();
        let ada = ceremonies.begin("ada", 1, NOW).unwrap();
        let first = ceremonies.begin("eve", 2, NOW).unwrap();
        (0..100_000).for_each(|number| drop(ceremonies.begin("eve", number, NOW)));
        assert_eq!(ceremonies.take(&first, NOW), None);
        assert_eq!(ceremonies.take(&ada, NOW), Some(1));
    }
}
