//! The services listener: health for supervisors, metrics for Prometheus, the log of PDUs for engineers. For the inside
//! only, so without keys.

mod health;
mod metrics;
mod pdus;

use axum::Router;
use axum::routing::{get, post};
use sambac_engine::Engine;

use crate::traffic::Traffic;

/// All its routes.
pub(crate) fn routes(engine: &Engine, traffic: &Traffic) -> Router {
    let metrics = Router::new().route("/metrics", get(metrics::metrics)).with_state((engine.clone(), traffic.clone()));
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/pdus", get(pdus::search))
        .route("/pdus/tail", get(pdus::tail))
        .route("/pdus/capture", get(pdus::capture))
        .route("/pdus/reveal", post(pdus::reveal))
        .with_state(engine.clone())
        .merge(metrics)
}
