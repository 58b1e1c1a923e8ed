//! What people and programs read: `/docs`, `/docs/guides/…`, `/docs/errors/…`, `/docs/search`, `/openapi.json`. Everything comes from the binary:
//! the pages' policy allows no other origin, no inline script and no inline style.

mod catalogue;
mod example;
mod guide;
mod html;
mod nav;
mod operation;
mod page;
mod search;

use std::sync::Arc;

use axum::Router;
use axum::extract::RawQuery;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use sambac_domain::error::ErrorCode;
use serde_json::Value;

/// What a page may load: only what this server serves.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const CACHED: &str = "public, max-age=300";
const HTML: &str = "text/html; charset=utf-8";

/// The routes that serve the reference of `document`.
pub(crate) fn routes(document: &utoipa::openapi::OpenApi) -> Router {
    // A document of plain structs and maps always serialises.
    let json = serde_json::to_string_pretty(document).unwrap_or_default();
    let value: Value = serde_json::from_str(&json).unwrap_or_default();
    let index = Arc::new(search::Index::new(&value));
    let search =
        async move |RawQuery(query): RawQuery| (headers(HTML), index.page(&query.unwrap_or_default())).into_response();
    let fixed_pages = Router::new()
        .route("/", get(async || Redirect::temporary("/docs")))
        .route("/openapi.json", fixed("application/json", json))
        .route("/docs/", get(async || Redirect::permanent("/docs")))
        .route("/docs", fixed(HTML, page::render(&value)))
        .route("/docs/errors", fixed(HTML, catalogue::render()))
        .route("/docs/style.css", fixed("text/css; charset=utf-8", include_str!("style.css").to_owned()))
        .route("/docs/try.js", fixed("text/javascript; charset=utf-8", include_str!("try.js").to_owned()))
        .route("/docs/search", get(search));
    let errors = ErrorCode::ALL.iter().map(|&code| (catalogue::path(code), catalogue::render_code(&value, code)));
    let guides = guide::GUIDES.iter().map(|guide| (guide.path(), guide.render()));
    errors.chain(guides).fold(fixed_pages, |router, (path, page)| router.route(&path, fixed(HTML, page)))
}

/// A route that always answers the same text.
fn fixed(content_type: &'static str, text: String) -> axum::routing::MethodRouter {
    let text = axum::body::Bytes::from(text);
    get(async move || (headers(content_type), text.clone()).into_response())
}

fn headers(content_type: &'static str) -> [(HeaderName, HeaderValue); 4] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHED)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]
}
