//! How often clients may call, and how many messages one number may get: token buckets of keys, accounts, groups of endpoints and
//! numbers.
//!
//! A call takes one token of each bucket that applies, or of none; whoever is refused is told when to come again.

mod destinations;
mod limits;

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::throughput::Throughput;
use smallvec::SmallVec;
use tokio::time::Instant;

pub(crate) use destinations::Destinations;
pub use limits::{NotRateLimits, RateLimits};

use crate::keyring::ClientKey;
use crate::refusal::Refusal;
use crate::token_bucket::TokenBucket;
use crate::{Caller, Engine};

/// A limit that says no burst lets a second's worth pass at once.
pub(crate) const BURST_MS: u64 = 1_000;

/// What kind of call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallGroup {
    /// It sends messages or codes.
    Send,
    /// It reads.
    Read,
    /// It changes something else.
    Manage,
}

/// The buckets of an account's calls.
pub(crate) struct CallLimits {
    calls: Arc<TokenBucket>,
    send: Arc<TokenBucket>,
    read: Arc<TokenBucket>,
    manage: Arc<TokenBucket>,
    pub(crate) destination: Throughput,
}

/// One limit as it is after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitLeft {
    /// `key`, `account`, or the group of endpoints.
    pub name: &'static str,
    /// How often it lets pass.
    pub throughput: Throughput,
    /// Calls that would pass now.
    pub remaining: u32,
    /// Until as many as ever would.
    pub full_in: Duration,
}

/// Those that apply to a call, the narrowest first.
pub type LimitsLeft = SmallVec<[LimitLeft; 3]>;

/// A call that comes too soon.
#[derive(Debug)]
pub struct TooOften {
    /// As it is answered.
    pub refusal: Refusal,
    /// What is left of each limit.
    pub left: LimitsLeft,
}

impl CallLimits {
    /// Full buckets.
    pub(crate) fn new(limits: &RateLimits) -> Self {
        let bucket = |throughput| Arc::new(TokenBucket::new(throughput, BURST_MS, Instant::now()));
        Self {
            calls: bucket(limits.calls),
            send: bucket(limits.send),
            read: bucket(limits.read),
            manage: bucket(limits.manage),
            destination: limits.destination,
        }
    }

    /// Goes on with the buckets of `before` that are the same.
    pub(crate) fn keep(&mut self, before: &Self) {
        for (own, earlier) in [
            (&mut self.calls, &before.calls),
            (&mut self.send, &before.send),
            (&mut self.read, &before.read),
            (&mut self.manage, &before.manage),
        ] {
            if own.throughput() == earlier.throughput() {
                *own = Arc::clone(earlier);
            }
        }
    }

    fn group(&self, group: CallGroup) -> (&'static str, &Arc<TokenBucket>) {
        match group {
            CallGroup::Send => ("send", &self.send),
            CallGroup::Read => ("read", &self.read),
            CallGroup::Manage => ("manage", &self.manage),
        }
    }
}

impl Engine {
    /// Lets a call pass, or says when to come again. Calls of an account that is gone do not pass.
    ///
    /// # Errors
    /// [`TooOften`]; nothing was taken of any limit then.
    pub fn admit(&self, caller: &Caller, group: CallGroup) -> Result<LimitsLeft, Box<TooOften>> {
        let snapshot = self.0.snapshot.load();
        let Some(account) = snapshot.account(caller.account_id) else {
            let refusal = ErrorCode::Unauthenticated.into();
            return Err(Box::new(TooOften { refusal, left: LimitsLeft::new() }));
        };
        admit(&caller.key, &account.calls, group, Instant::now())
    }
}

fn admit(key: &ClientKey, calls: &CallLimits, group: CallGroup, now: Instant) -> Result<LimitsLeft, Box<TooOften>> {
    let (name, of_group) = calls.group(group);
    let of_key = key.limit.as_ref().map(|limit| ("key", limit));
    let all = of_key.into_iter().chain([("account", &calls.calls), (name, of_group)]);
    let limited: SmallVec<[_; 3]> = all.filter(|(_, bucket)| !bucket.throughput().is_unlimited()).collect();
    for (place, (_, bucket)) in limited.iter().enumerate() {
        if let Err(at) = bucket.take(1, now) {
            limited.iter().take(place).for_each(|(_, taken)| taken.give_back(1));
            let left = limited.iter().map(|(name, bucket)| left(name, bucket, now)).collect();
            return Err(Box::new(TooOften { refusal: too_often(at.saturating_duration_since(now)), left }));
        }
    }
    Ok(limited.iter().map(|(name, bucket)| left(name, bucket, now)).collect())
}

fn left(name: &'static str, bucket: &TokenBucket, now: Instant) -> LimitLeft {
    let (remaining, full_in) = bucket.room(now);
    LimitLeft { name, throughput: bucket.throughput(), remaining, full_in }
}

/// The refusal of what would pass after `wait`.
pub(crate) fn too_often(wait: Duration) -> Refusal {
    let text = format!("the next one passes in {} ms", wait.as_millis().max(1));
    Refusal { retry_after: Some(wait), ..Refusal::new(ErrorCode::RateLimited, text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(rate: &str) -> ClientKey {
        ClientKey::for_tests(rate)
    }

    fn calls(json: &str) -> CallLimits {
        CallLimits::new(&RateLimits::from_json(json).expect("limits"))
    }

    /// Whoever is refused by one limit has taken nothing of the others, and is told when to come again.
    #[tokio::test(start_paused = true)]
    async fn a_call_takes_of_all_limits_or_of_none() {
        let (key, now) = (key("10/s burst 5"), Instant::now());
        let calls = calls(r#"{"calls":"100/s burst 100","send":"1/s burst 2"}"#);
        let names = |left: &LimitsLeft| left.iter().map(|one| (one.name, one.remaining)).collect::<Vec<_>>();
        let first = admit(&key, &calls, CallGroup::Send, now).expect("it passes");
        assert_eq!(names(&first), [("key", 4), ("account", 99), ("send", 1)]);
        admit(&key, &calls, CallGroup::Send, now).expect("it passes");
        for _ in 0..10 {
            let refused = admit(&key, &calls, CallGroup::Send, now).expect_err("the group is empty");
            assert_eq!(names(&refused.left), [("key", 3), ("account", 98), ("send", 0)]);
            assert_eq!(
                (refused.refusal.code, refused.refusal.retry_after),
                (ErrorCode::RateLimited, Some(Duration::from_secs(1)))
            );
        }
        let read = admit(&key, &calls, CallGroup::Read, now).expect("another group");
        assert_eq!(names(&read), [("key", 2), ("account", 97)]);
        tokio::time::advance(Duration::from_secs(1)).await;
        admit(&key, &calls, CallGroup::Send, Instant::now()).expect("as it was told");
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_nothing_is_told_and_everything_passes() {
        let (key, calls, now) = (key(""), calls(""), Instant::now());
        assert!((0..10_000).all(|_| admit(&key, &calls, CallGroup::Manage, now).is_ok_and(|left| left.is_empty())));
    }
}
