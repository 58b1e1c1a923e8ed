//! What the services listener of a node says that waits for its turn: it lives, and takes nothing.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use sambac_domain::error::ErrorCode;
use tokio::sync::watch;

use super::health;
use crate::problem::Problem;

/// Health of a node that waits; `holder` is who works meanwhile.
pub fn standby(holder: watch::Receiver<Arc<str>>) -> Router {
    Router::new().route("/health/live", get(health::live)).route("/health/ready", get(waits)).with_state(holder)
}

async fn waits(State(holder): State<watch::Receiver<Arc<str>>>) -> Problem {
    let holder = Arc::clone(&holder.borrow());
    Problem::new(ErrorCode::ServiceUnavailable).detail(format!("standby: {holder} works, this node waits for its turn"))
}
