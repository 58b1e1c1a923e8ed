//! The services listener: health for supervisors, metrics for Prometheus. For the inside only, so without keys.

mod health;
mod metrics;

use axum::Router;
use axum::routing::get;
use sambac_engine::Engine;

use crate::traffic::Traffic;

/// All its routes.
pub(crate) fn routes(engine: &Engine, traffic: &Traffic) -> Router {
    let metrics = Router::new().route("/metrics", get(metrics::metrics)).with_state((engine.clone(), traffic.clone()));
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .with_state(engine.clone())
        .merge(metrics)
}
