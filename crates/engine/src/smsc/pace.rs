//! How fast a client may submit: over all its binds, on each of them, and with each sender.
//!
//! Who is too fast is first answered late, as long as its profile allows, and then throttled: a client that waits for its
//! answers slows down by itself, and never sees a refusal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;
use sambac_domain::error::ErrorCode;
use sambac_domain::number::Sender;
use sambac_domain::profile::ClientLimits;
use tokio::time::Instant;

use crate::token_bucket::{Share, TokenBucket};

/// A throughput that does not say its burst lets through what passes in a second.
const BURST_MS: u64 = 1_000;
/// Senders of one client that are remembered; one that is forgotten has its burst again.
const SENDERS_MAX: usize = 1_024;

/// What all binds of an SMPP account share.
pub(super) struct Pace {
    limits: ClientLimits,
    all: TokenBucket,
    /// Nodes among which it is parted.
    parts: AtomicU32,
    senders: Cache<Sender, Arc<TokenBucket>>,
}

/// One bind's share.
pub(super) struct BindPace {
    shared: Arc<Pace>,
    own: TokenBucket,
}

impl Pace {
    pub(super) fn new(limits: &ClientLimits) -> Self {
        let all = TokenBucket::new(limits.throughput, BURST_MS, Instant::now());
        Self { limits: limits.clone(), all, parts: AtomicU32::new(1), senders: Cache::new(SENDERS_MAX) }
    }

    /// Whether it is still what the account is set to.
    pub(super) fn is_of(&self, limits: &ClientLimits) -> bool {
        self.limits == *limits
    }

    /// It is parted among so many nodes from now on.
    pub(super) fn part(&self, nodes: u32) {
        self.parts.store(nodes, Ordering::Relaxed);
    }

    fn share(&self) -> Share {
        Share::of(self.parts.load(Ordering::Relaxed))
    }

    fn of_sender(&self, sender: &Sender) -> Arc<TokenBucket> {
        let new = || Ok::<_, std::convert::Infallible>(Arc::new(self.bucket_of_a_sender()));
        self.senders.get_or_insert_with(sender, new).unwrap_or_else(|never| match never {})
    }

    fn bucket_of_a_sender(&self) -> TokenBucket {
        TokenBucket::new(self.limits.throughput_per_sender, BURST_MS, Instant::now())
    }
}

impl BindPace {
    pub(super) fn new(shared: Arc<Pace>) -> Self {
        let own = TokenBucket::new(shared.limits.throughput_per_bind, BURST_MS, Instant::now());
        Self { shared, own }
    }

    /// Lets so many segments pass, now or after a bounded wait.
    ///
    /// # Errors
    /// [`ErrorCode::RateLimited`] when they would have to wait longer than the client's answers may be held back.
    pub(super) async fn pass(&self, segments: u8, sender: &Sender) -> Result<(), ErrorCode> {
        let Pace { limits, all, .. } = &*self.shared;
        let due = Instant::now() + Duration::from_millis(limits.answer_delay_max_ms);
        wait_for(&self.own, || Share::WHOLE, segments, due).await?;
        wait_for(all, || self.shared.share(), segments, due).await?;
        if limits.throughput_per_sender.is_unlimited() {
            return Ok(());
        }
        wait_for(&self.shared.of_sender(sender), || self.shared.share(), segments, due).await
    }
}

async fn wait_for(
    bucket: &TokenBucket,
    share: impl Fn() -> Share,
    segments: u8,
    due: Instant,
) -> Result<(), ErrorCode> {
    while let Err(passes_at) = bucket.take_of(share(), segments, Instant::now()) {
        if passes_at > due {
            return Err(ErrorCode::RateLimited);
        }
        tokio::time::sleep_until(passes_at).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(limits: &ClientLimits) -> BindPace {
        BindPace::new(Arc::new(Pace::new(limits)))
    }

    fn sender(text: &str) -> Sender {
        text.parse().expect("a sender")
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_too_fast_is_answered_late_and_then_throttled() {
        let throughput = "10/s burst 1".parse().expect("a throughput");
        let pace = pace(&ClientLimits { throughput, answer_delay_max_ms: 150, ..ClientLimits::default() });
        let began = Instant::now();
        pace.pass(1, &sender("Bank")).await.expect("the burst");
        pace.pass(1, &sender("Bank")).await.expect("late");
        assert_eq!(began.elapsed().as_millis() / 10, 10, "a tenth of a second");
        pace.pass(5, &sender("Bank")).await.expect("late, and paid for afterwards");
        assert_eq!(pace.pass(1, &sender("Bank")).await, Err(ErrorCode::RateLimited), "half a second is too long");
    }

    #[tokio::test(start_paused = true)]
    async fn each_sender_and_each_bind_has_its_own() {
        let one = "1/s burst 1".parse().expect("a throughput");
        let limits = ClientLimits { throughput_per_sender: one, ..ClientLimits::default() };
        let of_senders = pace(&limits);
        for name in ["Bank", "Shop"] {
            of_senders.pass(1, &sender(name)).await.expect("its first");
            assert_eq!(of_senders.pass(1, &sender(name)).await, Err(ErrorCode::RateLimited));
        }
        let shared = Arc::new(Pace::new(&ClientLimits { throughput_per_bind: one, ..ClientLimits::default() }));
        let (first, second) = (BindPace::new(Arc::clone(&shared)), BindPace::new(shared));
        first.pass(1, &sender("Bank")).await.expect("its first");
        second.pass(1, &sender("Bank")).await.expect("its first");
        assert_eq!(first.pass(1, &sender("Bank")).await, Err(ErrorCode::RateLimited));
    }
}
