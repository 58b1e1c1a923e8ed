//! `POST /v1/payments/webhooks/{provider}`: what a payment provider tells. It is no call of a client and not in the OpenAPI
//! document; see `docs/reference/payments.md`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use crate::access::{Door, Teller};
use crate::problem::Problem;

/// Where the signature is.
const SIGNATURE: &str = "stripe-signature";

/// The route.
pub(crate) fn routes(door: Door) -> Router {
    Router::new().route("/v1/payments/webhooks/{provider}", post(payment_webhook)).with_state(door)
}

/// The body is taken as it came: its octets are what is signed.
async fn payment_webhook(
    teller: Teller,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // One that came before is answered like a new one, so that it comes no more.
    teller.tell(&provider, signature, &body).await?;
    Ok(StatusCode::OK)
}
