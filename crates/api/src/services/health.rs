//! `GET /health/live`: the process runs. `GET /health/ready`: it takes messages.
//!
//! Ready asks for the whole of it, so that a load balancer sends no traffic that would be refused; live asks for nothing,
//! because a supervisor that restarts a process over a lost database makes it worse.

use axum::Json;
use axum::extract::State;
use sambac_domain::error::ErrorCode;
use sambac_engine::{ConnectorHealth, Engine, SharedLimitsHealth};
use serde::Serialize;

use crate::problem::Problem;

#[derive(Serialize)]
pub(crate) struct Live {
    status: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Ready {
    status: &'static str,
    connectors: Vec<Connector>,
    /// Where limits are shared with other nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_limits: Option<SharedLimits>,
}

#[derive(Serialize)]
struct SharedLimits {
    /// `redis`, or `alone` while Redis is away: each node lets pass one part in so many as there are nodes.
    counted: &'static str,
    nodes: u32,
}

#[derive(Serialize)]
struct Connector {
    id: String,
    name: String,
    enabled: bool,
    /// Binds that are up, and that are meant to be.
    bound: usize,
    binds: usize,
}

pub(crate) async fn live() -> Json<Live> {
    Json(Live { status: "live", version: env!("CARGO_PKG_VERSION") })
}

pub(crate) async fn ready(State(engine): State<Engine>) -> Result<Json<Ready>, Problem> {
    let health = engine.health();
    if !health.accepting {
        return Err(Problem::new(ErrorCode::ServiceUnavailable).detail(health.reasons.join("; ")));
    }
    Ok(Json(Ready {
        status: "ready",
        connectors: health.connectors.into_iter().map(Connector::from).collect(),
        shared_limits: health.shared_limits.map(SharedLimits::from),
    }))
}

impl From<SharedLimitsHealth> for SharedLimits {
    fn from(health: SharedLimitsHealth) -> Self {
        Self { counted: if health.redis_up { "redis" } else { "alone" }, nodes: health.nodes }
    }
}

impl From<ConnectorHealth> for Connector {
    fn from(health: ConnectorHealth) -> Self {
        let ConnectorHealth { id, name, enabled, bound, binds } = health;
        Self { id: id.to_string(), name, enabled, bound, binds }
    }
}
