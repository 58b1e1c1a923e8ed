//! `GET /.well-known/oauth-authorization-server`: where tokens are made and verified (RFC 8414), for clients that find out by
//! themselves. It needs no key and is no call of a client: it is not in the OpenAPI document.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use sambac_engine::Scope;
use serde::Serialize;

use crate::access::{Door, Verifier};

/// It changes with the configuration only.
const CACHED: &str = "public, max-age=3600";

#[derive(Serialize)]
struct Metadata {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    response_types_supported: [&'static str; 0],
    scopes_supported: Vec<&'static str>,
    service_documentation: String,
}

/// The route.
pub(crate) fn routes(door: Door) -> Router {
    Router::new().route("/.well-known/oauth-authorization-server", get(metadata)).with_state(door)
}

async fn metadata(verifier: Verifier) -> impl IntoResponse {
    let issuer = verifier.public_url();
    let metadata = Metadata {
        token_endpoint: format!("{issuer}/v1/token"),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        service_documentation: format!("{issuer}/docs"),
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        response_types_supported: [],
        scopes_supported: Scope::ALL.into_iter().map(Scope::as_str).collect(),
        issuer,
    };
    ([(header::CACHE_CONTROL, CACHED)], axum::Json(metadata))
}
