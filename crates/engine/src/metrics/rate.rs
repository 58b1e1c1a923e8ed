//! What is counted of limits that several nodes share.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::{Label, gauge, label};

/// Cheap handles.
#[derive(Clone)]
pub(crate) struct RateMetrics {
    shared: Counter,
    alone: Counter,
    seconds: Histogram,
    redis_up: Gauge,
    nodes: Gauge,
}

impl RateMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let (decisions, seconds) =
            (Family::<Label, Counter>::default(), Histogram::new(exponential_buckets(0.000_1, 2.0, 12)));
        let (redis_up, nodes) = (Gauge::default(), Gauge::default());
        registry.register(
            "rate_decisions",
            "Decisions by limits that nodes share, by where they were made",
            decisions.clone(),
        );
        registry.register("rate_decision_seconds", "Time of one that Redis made", seconds.clone());
        registry.register("redis_up", "1 while limits are counted in Redis", redis_up.clone());
        registry.register("redis_nodes", "Nodes that share the limits, as Redis last told", nodes.clone());
        let counter = |name| decisions.get_or_create_owned(&label(name));
        Self { shared: counter("redis"), alone: counter("alone"), seconds, redis_up, nodes }
    }

    /// Redis decided.
    pub(crate) fn shared(&self, took: Duration) {
        self.shared.inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// This node decided by its part.
    pub(crate) fn alone(&self) {
        self.alone.inc();
    }

    /// Whether Redis is there, and how many nodes it told of; 0 while it is not.
    pub(crate) fn is_there(&self, up: bool, nodes: usize) {
        self.redis_up.set(i64::from(up));
        self.nodes.set(gauge(nodes));
    }
}
