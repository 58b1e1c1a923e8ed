//! What the services listener of a node says that waits for its turn: it lives, and takes nothing.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use sambac_domain::error::ErrorCode;
use tokio::sync::watch;

use super::health;
use crate::answer::{self, Answering};
use crate::problem::Problem;
use crate::serve::Limits;

/// Health of a node that waits; `holder` is who works meanwhile.
pub fn standby(holder: watch::Receiver<Arc<str>>, limits: Limits) -> Router {
    let routes = Router::new().route("/health/live", get(health::live)).route("/health/ready", get(waits));
    answer::around(routes.with_state(holder), &Answering::new(limits), limits.body_octets_max)
}

async fn waits(State(holder): State<watch::Receiver<Arc<str>>>) -> Problem {
    let holder = Arc::clone(&holder.borrow());
    Problem::new(ErrorCode::ServiceUnavailable).detail(format!("standby: {holder} works, this node waits for its turn"))
}
