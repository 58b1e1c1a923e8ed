//! `GET /metrics`: the engine's counters and the listeners' own, in the OpenMetrics format.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sambac_engine::Engine;

use crate::traffic::Traffic;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn metrics(State((engine, traffic)): State<(Engine, Traffic)>) -> Response {
    let mut text = engine.metrics_text();
    traffic.append_to(&mut text);
    answer(text)
}

/// Metrics as they are scraped.
pub(super) fn answer(text: String) -> Response {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response()
}
