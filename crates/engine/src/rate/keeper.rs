//! Looks after Redis: connects, tells that this node is there, hears which others are, and says so when it is away.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use sambac_bus::redis::{Presence, RedisError};
use sambac_domain::id::SmppAccountId;
use tokio::time::Instant;

use super::SharedLimits;
use crate::Inner;
use crate::alert::AlertKind;
use crate::smsc::{BoundThere, Elsewhere};

/// How often this node tells that it is there.
const BEAT: Duration = Duration::from_secs(1);
/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// How long it may be away before a person is told.
const ALERT_AFTER: Duration = Duration::from_secs(3);
/// How long binds are gathered before other nodes are told of them.
const GATHER: Duration = Duration::from_millis(100);
/// For how long the most nodes that were heard count: one that is not heard once, as after a flush, still has its part.
const REMEMBERED: Duration = Duration::from_secs(10);
/// Whom the alert is of.
const SUBJECT: &str = "redis";

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let Some(shared) = &inner.shared_limits else {
        return inner.alerts.clear_kind(AlertKind::SharedLimits, "limits are not shared");
    };
    inner.smpp_sessions.hear(Elsewhere::Untold(shared.nodes()));
    let keeping = async {
        let presence = Presence::default();
        let mut keeper = Keeper { inner: &inner, shared, away_since: None, heard: VecDeque::new(), presence };
        loop {
            let error = keeper.keep().await;
            keeper.fails(&error);
            tokio::time::sleep(RETRY).await;
        }
    };
    tokio::select! {
        () = inner.stopping.cancelled() => {}
        never = keeping => never,
    }
    if let Err(error) = shared.redis.leave(&shared.node).await {
        tracing::debug!(%error, "Redis was not told that this node goes");
    }
}

struct Keeper<'a> {
    inner: &'a Inner,
    shared: &'a SharedLimits,
    away_since: Option<Instant>,
    heard: VecDeque<(Instant, u32)>,
    presence: Presence,
}

impl Keeper<'_> {
    /// Connects and beats until something fails.
    async fn keep(&mut self) -> RedisError {
        if let Err(error) = self.shared.redis.connect(&self.shared.node).await {
            return error;
        }
        loop {
            if let Err(error) = self.beat().await {
                return error;
            }
            tokio::select! {
                () = tokio::time::sleep(BEAT) => {}
                () = self.binds_changed() => {}
                () = self.shared.redis.until_lost() => return RedisError::Away,
            }
        }
    }

    async fn binds_changed(&self) {
        self.inner.smpp_sessions.until_changed().await;
        tokio::time::sleep(GATHER).await;
    }

    async fn beat(&mut self) -> Result<(), RedisError> {
        let binds = self.inner.smpp_sessions.binds();
        self.shared.redis.beat(&self.shared.node, &binds, &mut self.presence).await?;
        self.is_there(self.presence.nodes().count());
        let mut elsewhere: HashMap<SmppAccountId, BoundThere> = HashMap::new();
        let others = self.presence.nodes().filter(|(node, _)| *node != self.shared.node);
        for (account, count) in others.flat_map(|(_, binds)| binds) {
            elsewhere.entry(SmppAccountId::from_raw(*account)).or_default().add(*count);
        }
        self.inner.smpp_sessions.hear(Elsewhere::Told(elsewhere));
        self.shared.learn(self.presence.nodes());
        Ok(())
    }

    fn is_there(&mut self, nodes: usize) {
        self.heard.push_back((Instant::now(), u32::try_from(nodes).unwrap_or(u32::MAX)));
        self.heard.retain(|(at, _)| at.elapsed() < REMEMBERED);
        self.shared.heard(self.heard.iter().map(|(_, nodes)| *nodes).max().unwrap_or(1));
        self.shared.metrics().is_there(true, nodes);
        if self.away_since.take().is_some() {
            tracing::info!(redis = %self.shared.redis.url(), nodes, "limits are counted in Redis again");
        }
        self.inner.alerts.clear(AlertKind::SharedLimits, SUBJECT, "limits are counted in Redis");
    }

    fn fails(&mut self, error: &RedisError) {
        let (url, nodes) = (self.shared.redis.url(), self.shared.nodes());
        let since = *self.away_since.get_or_insert_with(|| {
            tracing::warn!(redis = %url, %error, nodes, "Redis is away: this node keeps to its part of each limit");
            Instant::now()
        });
        self.shared.metrics().is_there(false, 0);
        self.inner.smpp_sessions.hear(Elsewhere::Untold(nodes));
        if since.elapsed() >= ALERT_AFTER {
            let text = format!("{url}: {error}. Each node lets pass a part of each limit, 1 in {nodes}");
            self.inner.alerts.holds(AlertKind::SharedLimits, SUBJECT, text);
        }
    }
}
