//! How many messages one number may get from an account: a token bucket for each, of which only those are remembered that are not
//! full, and never more than a bound.
//!
//! A bucket is the moment at which it is full again. One that is full is as good as none and is forgotten. When there is no room for
//! another one, its message is refused: a limit that could be passed by sending to many would be none.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sambac_domain::AccountId;
use sambac_domain::number::Msisdn;
use sambac_domain::throughput::Throughput;
use tokio::time::Instant;

use super::BURST_MS;
use crate::token_bucket::Share;

/// Parts with a lock each: messages to different numbers seldom meet.
const PARTS: usize = 64;
/// Numbers that are remembered in one part; all together a million.
const NUMBERS_MAX: usize = 16_384;
/// Of these, at most so many of one account, so that none leaves others without room.
const OF_ACCOUNT_MAX: usize = NUMBERS_MAX / 2;
/// How long a part that is full is not looked through again.
const PAUSE: Duration = Duration::from_secs(1);

/// The buckets of all numbers.
pub(crate) struct Destinations {
    begun: Instant,
    parts: Vec<Mutex<Part>>,
}

#[derive(Default)]
struct Part {
    /// Nanoseconds after the beginning at which each bucket is full.
    full_at_ns: HashMap<(AccountId, u64), u64>,
    of_account: HashMap<AccountId, usize>,
    looked_through_ns: Option<u64>,
}

impl Destinations {
    /// All full.
    pub(crate) fn new(now: Instant) -> Self {
        Self { begun: now, parts: (0..PARTS).map(|_| Mutex::default()).collect() }
    }

    /// Takes one message to a number, of a part of the limit.
    ///
    /// # Errors
    /// How long until it would pass.
    pub(super) fn take(
        &self,
        (account, number): (AccountId, Msisdn),
        limit: Throughput,
        share: Share,
        now: Instant,
    ) -> Result<(), Duration> {
        if limit.is_unlimited() {
            return Ok(());
        }
        let now_ns = u64::try_from(now.saturating_duration_since(self.begun).as_nanos()).unwrap_or(u64::MAX);
        let Some(mut part) = self.part_of(number) else { return Err(PAUSE) };
        part.take((account, number.as_u64()), limit, share, now_ns).map_err(Duration::from_nanos)
    }

    /// Gives back what was taken a moment ago and not used.
    pub(super) fn give_back(&self, (account, number): (AccountId, Msisdn), limit: Throughput, share: Share) {
        let Some(mut part) = self.part_of(number) else { return };
        if let Some(full_at) = part.full_at_ns.get_mut(&(account, number.as_u64())) {
            let (interval, _) = share.part(limit.interval_ns(), 0);
            *full_at = full_at.saturating_sub(interval);
        }
    }

    fn part_of(&self, number: Msisdn) -> Option<MutexGuard<'_, Part>> {
        // Numbers of a range lie side by side: the last digits choose the part.
        let place = usize::try_from(number.as_u64() % PARTS as u64).unwrap_or_default();
        self.parts.get(place).map(|part| part.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Part {
    fn take(&mut self, key: (AccountId, u64), limit: Throughput, share: Share, now_ns: u64) -> Result<(), u64> {
        let interval = limit.interval_ns();
        let (interval, burst) = share.part(interval, interval.saturating_mul(u64::from(limit.burst_or(BURST_MS))));
        match self.full_at_ns.get_mut(&key) {
            Some(full_at) => {
                let after = (*full_at).max(now_ns).saturating_add(interval);
                let passes_at = after.saturating_sub(burst);
                if passes_at > now_ns {
                    return Err(passes_at - now_ns);
                }
                *full_at = after;
            }
            None => {
                self.make_room(key.0, now_ns)?;
                self.full_at_ns.insert(key, now_ns.saturating_add(interval));
                *self.of_account.entry(key.0).or_default() += 1;
            }
        }
        Ok(())
    }

    fn make_room(&mut self, account: AccountId, now_ns: u64) -> Result<(), u64> {
        if self.has_room(account) {
            return Ok(());
        }
        let pause = u64::try_from(PAUSE.as_nanos()).unwrap_or(u64::MAX);
        if self.looked_through_ns.is_none_or(|last| now_ns.saturating_sub(last) >= pause) {
            self.looked_through_ns = Some(now_ns);
            self.full_at_ns.retain(|_, full_at| *full_at > now_ns);
            self.of_account.clear();
            for (account, _) in self.full_at_ns.keys() {
                *self.of_account.entry(*account).or_default() += 1;
            }
        }
        if self.has_room(account) { Ok(()) } else { Err(pause) }
    }

    fn has_room(&self, account: AccountId) -> bool {
        let of_account = self.of_account.get(&account).copied().unwrap_or_default();
        self.full_at_ns.len() < NUMBERS_MAX && of_account < OF_ACCOUNT_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANK: AccountId = AccountId::from_raw(256);
    const SHOP: AccountId = AccountId::from_raw(512);

    fn number(last: u64) -> Msisdn {
        Msisdn::from_u64(447_700_900_000 + last).expect("a number")
    }

    #[test]
    fn each_number_of_each_account_has_its_own_bucket() {
        let now = Instant::now();
        let (all, limit) = (Destinations::new(now), "1/min burst 2".parse().expect("a throughput"));
        let take = |account, last, after_s| {
            all.take((account, number(last)), limit, Share::WHOLE, now + Duration::from_secs(after_s))
        };
        assert_eq!((take(BANK, 1, 0), take(BANK, 1, 0)), (Ok(()), Ok(())));
        assert_eq!(take(BANK, 1, 0), Err(Duration::from_secs(60)));
        assert_eq!(take(BANK, 1, 20), Err(Duration::from_secs(40)));
        assert_eq!((take(BANK, 2, 20), take(SHOP, 1, 20)), (Ok(()), Ok(())));
        assert_eq!((take(BANK, 1, 60), take(BANK, 1, 60)), (Ok(()), Err(Duration::from_secs(60))));
    }

    #[test]
    fn what_was_given_back_can_be_taken_again_and_a_part_is_less() {
        let now = Instant::now();
        let (all, limit) = (Destinations::new(now), "6/min burst 6".parse().expect("a throughput"));
        let to = (BANK, number(1));
        let passing =
            |share| std::iter::repeat_with(|| all.take(to, limit, share, now)).take_while(Result::is_ok).count();
        assert_eq!(passing(Share::WHOLE), 6);
        all.give_back(to, limit, Share::WHOLE);
        all.give_back((SHOP, number(1)), limit, Share::WHOLE);
        assert_eq!(passing(Share::WHOLE), 1);
        let to = (BANK, number(2));
        let passing = std::iter::repeat_with(|| all.take(to, limit, Share::of(3), now)).take_while(Result::is_ok);
        assert_eq!(passing.count(), 2);
    }

    /// However many numbers there are, memory stays bounded, what does not fit is refused, one account leaves room for others, and
    /// what is full again is forgotten.
    #[test]
    fn many_numbers_do_not_fill_the_memory_nor_pass_unlimited() {
        let now = Instant::now();
        let (all, limit) = (Destinations::new(now), "1/min burst 1".parse().expect("a throughput"));
        let send = |account, count: usize, now| {
            (0..count as u64)
                .filter(|last| all.take((account, number(last * PARTS as u64)), limit, Share::WHOLE, now).is_ok())
                .count()
        };
        assert_eq!(send(BANK, 2 * NUMBERS_MAX, now), OF_ACCOUNT_MAX);
        assert_eq!(send(SHOP, 100, now), 100, "another account has room");
        let part = usize::try_from(number(0).as_u64() % PARTS as u64).expect("a part");
        let remembered = || all.parts[part].lock().expect("a lock").full_at_ns.len();
        assert_eq!(remembered(), OF_ACCOUNT_MAX + 100);
        let later = now + Duration::from_secs(61);
        assert_eq!(all.take((BANK, number(PARTS as u64 * 1_000_000)), limit, Share::WHOLE, later), Ok(()));
        assert_eq!(remembered(), 1);
    }
}
