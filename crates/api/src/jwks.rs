//! `GET /.well-known/jwks.json`: the public halves of our signing keys, for whoever verifies what we signed. It needs no key and is no
//! call of a client: it is not in the OpenAPI document.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use sambac_engine::signing::PublicKey;
use serde::Serialize;

use crate::access::{Door, Verifier};
use crate::problem::Problem;

/// For how long it may be kept: a new key signs at once, and a verifier that does not know it asks again.
const CACHED: &str = "public, max-age=300";

#[derive(Serialize)]
struct KeySet {
    keys: Vec<PublicKey>,
}

/// The route, also under the API's own prefix.
pub(crate) fn routes(door: Door) -> Router {
    let paths = ["/.well-known/jwks.json", "/v1/.well-known/jwks.json"];
    paths.into_iter().fold(Router::new(), |router, path| router.route(path, get(jwks))).with_state(door)
}

async fn jwks(verifier: Verifier) -> Result<impl IntoResponse, Problem> {
    let keys = verifier.public_keys().await?;
    Ok(([(header::CACHE_CONTROL, CACHED)], axum::Json(KeySet { keys })))
}
