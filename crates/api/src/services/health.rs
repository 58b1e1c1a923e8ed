//! `GET /health/live`: the process runs. `GET /health/ready`: it takes messages.
//!
//! Ready asks for the whole of it, so that a load balancer sends no traffic that would be refused; live asks for nothing,
//! because a supervisor that restarts a process over a lost database makes it worse.

use axum::Json;
use axum::extract::State;
use sambac_domain::error::ErrorCode;
use sambac_engine::{ConnectorHealth, Engine};
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
    Ok(Json(Ready { status: "ready", connectors: health.connectors.into_iter().map(Connector::from).collect() }))
}

impl From<ConnectorHealth> for Connector {
    fn from(health: ConnectorHealth) -> Self {
        let ConnectorHealth { id, name, enabled, bound, binds } = health;
        Self { id: id.to_string(), name, enabled, bound, binds }
    }
}
