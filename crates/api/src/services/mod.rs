//! The services listener: health for supervisors, metrics for Prometheus, the log of PDUs for engineers, which are for the
//! inside only and without keys; and charges, balances and CDRs for other services, each call of which needs an admin key with
//! the scope for it.

mod balances;
mod binds;
mod cdr;
mod charges;
mod health;
mod ledger;
mod metrics;
mod pdus;
mod reconcile;
mod standby;

use axum::Router;
use axum::routing::{get, post};
use sambac_engine::Engine;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Door;
use crate::openapi;
use crate::origin::Proxies;
use crate::traffic::Traffic;

pub use binds::binds;
pub use standby::{front, standby};

/// All its routes.
pub(crate) fn routes(engine: &Engine, traffic: &Traffic) -> Router {
    let metrics = Router::new().route("/metrics", get(metrics::metrics)).with_state((engine.clone(), traffic.clone()));
    let (money, document) = openapi::described_services().split_for_parts();
    let document = openapi::linked(document);
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/pdus", get(pdus::search))
        .route("/pdus/tail", get(pdus::tail))
        .route("/pdus/capture", get(pdus::capture))
        .route("/pdus/reveal", post(pdus::reveal))
        .with_state(engine.clone())
        .merge(metrics)
        .merge(money.with_state(Door::new(engine.clone(), Proxies::default())))
        .route("/openapi.json", get(move || std::future::ready(axum::Json(document.clone()))))
}

/// Those that move or show money.
pub(crate) fn money() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(charges::charge))
        .routes(routes!(charges::charge_batch))
        .routes(routes!(charges::price))
        .routes(routes!(balances::show_account_balance))
        .routes(routes!(cdr::list_cdrs))
        .routes(routes!(ledger::show_statement))
        .routes(routes!(ledger::show_trial_balance))
        .routes(routes!(reconcile::list_breaks))
        .routes(routes!(reconcile::explain_break))
        .routes(routes!(reconcile::reconcile))
}
