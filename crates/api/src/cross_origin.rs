//! Pages of other origins (CORS): none may call the API unless its origin is configured.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::CorsLayer;

/// How long a browser may remember what it was told.
const MAX_AGE: Duration = Duration::from_secs(600);

/// An origin, as browsers send it.
pub type Origin = HeaderValue;

/// An origin as browsers write it: `https://console.example.com`, with a port where it is not the scheme's own.
///
/// # Errors
/// What is wrong with the text.
pub fn origin(text: &str) -> Result<Origin, &'static str> {
    let (scheme, host) = text.split_once("://").ok_or("begins with https:// or http://")?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if !matches!(scheme, "https" | "http") || host.is_empty() || !host.chars().all(is_host) {
        return Err("is scheme, host and port, without a path, and never *");
    }
    HeaderValue::from_str(&text.to_ascii_lowercase()).map_err(|_| "is no origin")
}

/// Lets pages of `origins` call these routes; with none, no answer tells a browser that it may.
pub(crate) fn around(routes: Router, origins: &[Origin]) -> Router {
    if origins.is_empty() {
        return routes;
    }
    let may_send = [
        "authorization",
        "content-digest",
        "content-type",
        "idempotency-key",
        "if-match",
        "last-event-id",
        "signature",
        "signature-input",
        "x-api-key",
    ];
    let may_read =
        ["location", "retry-after", "etag", "x-request-id", "idempotent-replayed", "ratelimit", "ratelimit-policy"];
    routes.layer(
        CorsLayer::new()
            .allow_origin(origins.to_vec())
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers(may_send.map(HeaderName::from_static))
            .expose_headers(may_read.map(HeaderName::from_static))
            .max_age(MAX_AGE),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_one_and_never_everybody() {
        for text in ["https://console.example.com", "http://localhost:5173", "https://[::1]:8443"] {
            assert_eq!(origin(text).unwrap(), text);
        }
        for text in
            ["*", "null", "console.example.com", "https://", "https://a.example/", "https://*.example", "file://x"]
        {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
