//! One limit that applies to something, whatever it counts: where its bucket is here, and what it is called in Redis.

use std::time::Duration;

use sambac_bus::redis::Ask;
use sambac_domain::id::AccountId;
use sambac_domain::number::Msisdn;
use sambac_domain::throughput::Throughput;
use smallvec::SmallVec;
use tokio::time::Instant;

use super::{BURST_MS, Destinations, LimitLeft, SharedLimits};
use crate::token_bucket::{Share, TokenBucket};

/// A limit, and how much is asked of it.
pub(crate) struct Limit<'a> {
    pub(super) name: &'static str,
    /// Whose it is: the number of a key or an account.
    of: i64,
    bucket: Bucket<'a>,
    count: u8,
}

/// Those that apply to one thing.
pub(crate) type Limits<'a> = SmallVec<[Limit<'a>; 3]>;

enum Bucket<'a> {
    Own(&'a TokenBucket),
    Number(&'a Destinations, (AccountId, Msisdn), Throughput),
}

impl<'a> Limit<'a> {
    /// Of a bucket; `None` when it limits nothing.
    pub(crate) fn of(name: &'static str, of: i64, bucket: &'a TokenBucket, count: u8) -> Option<Self> {
        (!bucket.throughput().is_unlimited()).then_some(Self { name, of, bucket: Bucket::Own(bucket), count })
    }

    /// Of messages to a number; `None` when they are not limited.
    pub(crate) fn of_number(
        destinations: &'a Destinations,
        account: AccountId,
        number: Msisdn,
        limit: Throughput,
    ) -> Option<Self> {
        let bucket = Bucket::Number(destinations, (account, number), limit);
        (!limit.is_unlimited()).then_some(Self { name: "to", of: account.raw(), bucket, count: 1 })
    }

    /// Whether it counts messages to a number.
    pub(crate) fn is_of_number(&self) -> bool {
        matches!(self.bucket, Bucket::Number(..))
    }

    fn throughput(&self) -> Throughput {
        match self.bucket {
            Bucket::Own(bucket) => bucket.throughput(),
            Bucket::Number(_, _, limit) => limit,
        }
    }

    /// Takes here.
    ///
    /// # Errors
    /// How long until it would pass.
    pub(super) fn take(&self, share: Share, now: Instant) -> Result<(), Duration> {
        match self.bucket {
            Bucket::Own(bucket) => {
                bucket.take_of(share, self.count, now).map_err(|at| at.saturating_duration_since(now))
            }
            Bucket::Number(destinations, to, limit) => destinations.take(to, limit, share, now),
        }
    }

    pub(super) fn give_back(&self, share: Share) {
        match self.bucket {
            Bucket::Own(bucket) => bucket.give_back_of(share, self.count),
            Bucket::Number(destinations, to, limit) => destinations.give_back(to, limit, share),
        }
    }

    /// What is left of it here. How full a number's bucket is, nobody is told.
    pub(super) fn left(&self, share: Share, now: Instant) -> LimitLeft {
        let (remaining, full_in) = match self.bucket {
            Bucket::Own(bucket) => bucket.room_of(share, now),
            Bucket::Number(..) => (0, Duration::ZERO),
        };
        self.left_with(remaining, full_in)
    }

    pub(super) fn left_with(&self, remaining: u32, full_in: Duration) -> LimitLeft {
        LimitLeft { name: self.name, throughput: self.throughput(), remaining, full_in }
    }

    /// What Redis is asked.
    pub(super) fn ask(&self, shared: &SharedLimits) -> Ask {
        let whose = match self.bucket {
            Bucket::Own(_) => self.of.to_string(),
            Bucket::Number(_, (account, number), _) => shared.digest(account, number),
        };
        let throughput = self.throughput();
        Ask {
            counter: format!("{}:{whose}", self.name),
            interval_ns: throughput.interval_ns(),
            burst: throughput.burst_or(BURST_MS),
            count: self.count,
        }
    }
}
