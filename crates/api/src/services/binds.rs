//! The services listener of a node that has operators' binds and nothing else.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use sambac_domain::error::ErrorCode;
use sambac_engine::work::node::BindsNode;
use serde_json::json;

use super::health;
use crate::answer::{self, Answering};
use crate::problem::Problem;
use crate::serve::Limits;

/// Health and metrics of such a node.
pub fn binds(node: BindsNode, limits: Limits) -> Router {
    let routes = Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics));
    answer::around(routes.with_state(node), &Answering::new(limits), limits.body_octets_max)
}

async fn ready(State(node): State<BindsNode>) -> Response {
    let reasons = node.reasons();
    if !reasons.is_empty() {
        return Problem::new(ErrorCode::ServiceUnavailable).detail(reasons.join("; ")).into_response();
    }
    let connectors: Vec<_> =
        node.connectors().into_iter().map(|(name, bound)| json!({ "name": name, "bound": bound })).collect();
    Json(json!({ "ready": true, "connectors": connectors })).into_response()
}

async fn metrics(State(node): State<BindsNode>) -> Response {
    super::metrics::answer(node.metrics_text())
}
