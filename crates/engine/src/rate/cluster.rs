//! Limits that several nodes keep together: counted in Redis, and, while that is away, by each node for its part of them.
//!
//! A node asks its own buckets first: whoever has more from it alone than all nodes may give him needs nobody to be asked, and what was taken here is known
//! here when Redis is emptied or goes.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sambac_bus::redis::{Ask, Binds, Counted, NODES_MAX, Redis, RedisError, RedisSettings};
use sambac_domain::id::AccountId;
use sambac_domain::number::Msisdn;
use sha2::{Digest as _, Sha256};
use smallvec::SmallVec;
use tokio::time::Instant;

use super::limit::Limit;
use super::{LimitsLeft, Taken};
use crate::Settings;
use crate::api_key::random_octets;
use crate::metrics::{Metrics, RateMetrics};
use crate::seal::Seal;
use crate::token_bucket::Share;

/// An id that no row has: what is sealed under it is a key of its own.
const KEY_ID: i64 = -5;
/// Octets of a number's digest: with a million numbers, two are the same with a chance below 2^-80.
const DIGEST_OCTETS: usize = 15;

/// How limits are shared.
#[derive(Clone, Debug)]
pub struct SharedLimitSettings {
    /// Where they are counted.
    pub redis: RedisSettings,
    /// Nodes that there are at least, whoever was heard of.
    pub nodes_min: u32,
}

/// What is shared, and what is known of who shares it.
pub(crate) struct SharedLimits {
    pub(super) redis: Redis,
    /// What this process is called there: its node number, and what tells it from the one before it.
    pub(super) node: String,
    key: Hmac<Sha256>,
    /// As many as were there when Redis was last heard.
    nodes: AtomicU32,
    nodes_min: u32,
    /// The nodes that are there, with the binds at each, as they were last told.
    told: ArcSwap<Vec<(String, Binds)>>,
    metrics: RateMetrics,
}

impl SharedLimits {
    /// Where the settings say so.
    ///
    /// # Errors
    /// As [`SharedLimits::new`].
    pub(crate) fn of(settings: &Settings, metrics: &Metrics) -> Result<Option<Self>, RedisError> {
        let Some(shared) = &settings.shared_limits else { return Ok(None) };
        Self::new(shared, &settings.seal, settings.node, metrics.rate().clone()).map(Some)
    }

    /// Not connected yet. All nodes of a platform have its master key, by which they find each other.
    ///
    /// # Errors
    /// [`RedisError`] when the settings cannot be used.
    pub(crate) fn new(
        settings: &SharedLimitSettings,
        seal: &Seal,
        node: u8,
        metrics: RateMetrics,
    ) -> Result<Self, RedisError> {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&Sha256::digest(seal.seal_once(KEY_ID, b"shared limits")));
        let key = Hmac::<Sha256>::new(&block.into());
        let platform = hex(&mac(&key, &[b"platform"])[..6]);
        let instance = random_octets::<4>().map_err(|error| RedisError::Refused(error.to_string()))?;
        Ok(Self {
            redis: Redis::new(&settings.redis, &platform)?,
            node: format!("{node}/{}", hex(&instance)),
            key,
            nodes: AtomicU32::new(1),
            nodes_min: settings.nodes_min.clamp(1, NODES_MAX),
            told: ArcSwap::default(),
            metrics,
        })
    }

    /// This node's part while Redis is away.
    pub(crate) fn share(&self) -> Share {
        Share::of(self.nodes())
    }

    /// Nodes that share the limits.
    pub(crate) fn nodes(&self) -> u32 {
        self.nodes.load(Ordering::Relaxed).max(self.nodes_min)
    }

    /// So many are there.
    pub(super) fn heard(&self, nodes: u32) {
        self.nodes.store(nodes.clamp(1, NODES_MAX), Ordering::Relaxed);
    }

    /// These nodes are there, with these binds.
    pub(super) fn learn<'a>(&self, nodes: impl Iterator<Item = (&'a str, &'a Binds)>) {
        let nodes = nodes.map(|(node, binds)| (node.to_owned(), binds.clone())).collect();
        self.told.store(Arc::new(nodes));
    }

    /// The nodes that were there, with the binds at each.
    pub(crate) fn told(&self) -> Arc<Vec<(String, Binds)>> {
        self.told.load_full()
    }

    /// What this process is called.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// Whether Redis is asked now.
    pub(crate) fn is_there(&self) -> bool {
        self.redis.is_there()
    }

    pub(super) fn metrics(&self) -> &RateMetrics {
        &self.metrics
    }

    /// What a number is counted by: nobody finds it out who has not the master key.
    pub(super) fn digest(&self, account: AccountId, number: Msisdn) -> String {
        let digest = mac(&self.key, &[b"to", &account.raw().to_be_bytes(), &number.as_u64().to_be_bytes()]);
        URL_SAFE_NO_PAD.encode(&digest[..DIGEST_OCTETS])
    }

    /// Takes of all limits or of none: of those of all nodes, or, when Redis does not answer in its time, of this node's part.
    pub(super) async fn take(&self, limits: &[Limit<'_>], now: Instant) -> Taken {
        let here = Taken::here(limits, Share::WHOLE, now);
        if here.refused.is_some() || limits.is_empty() {
            return here;
        }
        let asks: SmallVec<[Ask; 4]> = limits.iter().map(|limit| limit.ask(self)).collect();
        let answer = self.redis.decide(&asks).await;
        let took = now.elapsed();
        if let Ok(decided) = answer {
            self.metrics.shared(took);
            let refused = decided.refused.map(|refused| (refused.place, refused.wait));
            if refused.is_some() {
                limits.iter().for_each(|limit| limit.give_back(Share::WHOLE));
            }
            return Taken { refused, left: left(limits, &decided.counted) };
        }
        self.metrics.alone();
        limits.iter().for_each(|limit| limit.give_back(Share::WHOLE));
        Taken::here(limits, self.share(), now + took)
    }
}

fn left(limits: &[Limit<'_>], counted: &[Counted]) -> LimitsLeft {
    limits.iter().zip(counted).map(|(limit, counted)| limit.left_with(counted.remaining, counted.full_in)).collect()
}

fn mac(key: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // A text takes whatever is written.
        let _ = write!(text, "{octet:02x}");
        text
    })
}
