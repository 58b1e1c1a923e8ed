//! Looks after Redis: connects, tells that this node is there, hears which others are, and says so when it is away.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sambac_bus::redis::RedisError;
use tokio::time::Instant;

use super::SharedLimits;
use crate::Inner;
use crate::alert::AlertKind;

/// How often this node tells that it is there.
const BEAT: Duration = Duration::from_secs(1);
/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// How long it may be away before a person is told.
const ALERT_AFTER: Duration = Duration::from_secs(3);
/// For how many beats the most nodes that were heard count: one that is not heard once, as after a flush, still has its part.
const REMEMBERED: usize = 10;
/// Whom the alert is of.
const SUBJECT: &str = "redis";

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let Some(shared) = &inner.shared_limits else {
        return inner.alerts.clear_kind(AlertKind::SharedLimits, "limits are not shared");
    };
    let keeping = async {
        let mut keeper = Keeper { inner: &inner, shared, away_since: None, heard: VecDeque::new() };
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
    heard: VecDeque<u32>,
}

impl Keeper<'_> {
    /// Connects and beats until something fails.
    async fn keep(&mut self) -> RedisError {
        match self.shared.redis.connect(&self.shared.node).await {
            Ok(nodes) => self.is_there(nodes.len()),
            Err(error) => return error,
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(BEAT) => {}
                () = self.shared.redis.until_lost() => return RedisError::Away,
            }
            match self.shared.redis.beat(&self.shared.node).await {
                Ok(nodes) => self.is_there(nodes.len()),
                Err(error) => return error,
            }
        }
    }

    fn is_there(&mut self, nodes: usize) {
        self.heard.push_back(u32::try_from(nodes).unwrap_or(u32::MAX));
        if self.heard.len() > REMEMBERED {
            self.heard.pop_front();
        }
        self.shared.heard(self.heard.iter().copied().max().unwrap_or(1));
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
        if since.elapsed() >= ALERT_AFTER {
            let text = format!("{url}: {error}. Each node lets pass a part of each limit, 1 in {nodes}");
            self.inner.alerts.holds(AlertKind::SharedLimits, SUBJECT, text);
        }
    }
}
