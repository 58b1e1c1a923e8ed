//! How often clients may call, how much an account may submit, and how many messages one number may get: token buckets of keys, accounts,
//! groups of endpoints and numbers.
//!
//! A call takes one token of each bucket that applies, or of none; whoever is refused is told when to come again. The buckets are in this process, or, where
//! several nodes share them, in Redis as well (`cluster`, `docs/operations/redis.md`).

pub(crate) mod cluster;
mod destinations;
pub(crate) mod keeper;
mod limit;
mod limits;
mod message;

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::throughput::Throughput;
use smallvec::SmallVec;
use tokio::time::Instant;

pub use cluster::SharedLimitSettings;
pub(crate) use cluster::SharedLimits;
pub(crate) use destinations::Destinations;
pub(crate) use limit::{Limit, Limits};
pub use limits::{NotRateLimits, RateLimits};

use crate::keyring::ClientKey;
use crate::refusal::Refusal;
use crate::token_bucket::{Share, TokenBucket};
use crate::{Caller, Engine, Inner};

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

/// What came of taking.
pub(crate) struct Taken {
    /// The place of the limit that refuses, and how long until it would not; nothing was taken then.
    pub(crate) refused: Option<(usize, Duration)>,
    /// What is left of each.
    left: LimitsLeft,
}

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
    pub async fn admit(&self, caller: &Caller, group: CallGroup) -> Result<LimitsLeft, Box<TooOften>> {
        let snapshot = self.snapshot();
        let Some(account) = snapshot.account(caller.account_id) else {
            let refusal = ErrorCode::Unauthenticated.into();
            return Err(Box::new(TooOften { refusal, left: LimitsLeft::new() }));
        };
        let limits = of_call(&caller.key, &account.calls, group);
        let Taken { refused, left } = self.0.take(&limits, Instant::now()).await;
        match refused {
            None => Ok(left),
            Some((_, wait)) => Err(Box::new(TooOften { refusal: too_often(wait), left })),
        }
    }
}

impl Inner {
    /// Takes of all these limits, or of none: here, or, where they are shared, of those of all nodes.
    pub(crate) async fn take(&self, limits: &[Limit<'_>], now: Instant) -> Taken {
        match &self.shared_limits {
            None => Taken::here(limits, Share::WHOLE, now),
            Some(shared) => shared.take(limits, now).await,
        }
    }
}

impl Taken {
    /// Takes of a part of each limit here.
    fn here(limits: &[Limit<'_>], share: Share, now: Instant) -> Self {
        let mut refused = None;
        for (place, limit) in limits.iter().enumerate() {
            if let Err(wait) = limit.take(share, now) {
                limits.iter().take(place).for_each(|taken| taken.give_back(share));
                refused = Some((place, wait));
                break;
            }
        }
        Self { refused, left: limits.iter().map(|limit| limit.left(share, now)).collect() }
    }
}

/// The limits of a call, the narrowest first.
fn of_call<'a>(key: &'a ClientKey, calls: &'a CallLimits, group: CallGroup) -> Limits<'a> {
    let account = key.row.account_id.raw();
    let (name, of_group) = calls.group(group);
    let of_key = key.limit.as_ref().and_then(|limit| Limit::of("key", key.row.id.raw(), limit, 1));
    let of_account = [("account", &calls.calls), (name, of_group)];
    let of_account = of_account.into_iter().filter_map(|(name, bucket)| Limit::of(name, account, bucket, 1));
    of_key.into_iter().chain(of_account).collect()
}

/// The refusal of what would pass after `wait`.
pub(crate) fn too_often(wait: Duration) -> Refusal {
    let text = format!("the next one passes in {} ms", wait.as_millis().max(1));
    Refusal { retry_after: Some(wait), ..Refusal::new(ErrorCode::RateLimited, text) }
}

#[cfg(test)]
mod tests;
