//! What the services listener of a node says that waits for its turn, or hands its visitors to the one that works.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use sambac_domain::error::ErrorCode;
use serde_json::json;
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

/// Health of a node that hands its visitors to another one: ready while there is one, `places` being where.
pub fn front(places: watch::Receiver<Vec<String>>, limits: Limits) -> Router {
    let routes = Router::new().route("/health/live", get(health::live)).route("/health/ready", get(hands_over));
    answer::around(routes.with_state(places), &Answering::new(limits), limits.body_octets_max)
}

async fn hands_over(State(places): State<watch::Receiver<Vec<String>>>) -> Response {
    if places.borrow().is_empty() {
        let detail = "no node works at this moment: clients' connections are refused";
        return Problem::new(ErrorCode::ServiceUnavailable).detail(detail).into_response();
    }
    Json(json!({ "ready": true, "hands_over": true })).into_response()
}

async fn waits(State(holder): State<watch::Receiver<Arc<str>>>) -> Problem {
    let holder = Arc::clone(&holder.borrow());
    Problem::new(ErrorCode::ServiceUnavailable).detail(format!("standby: {holder} works, this node waits for its turn"))
}
