//! Whether the body of a signed request is what its `Content-Digest` says (RFC 9530): found out before anybody reads the body, as the
//! door sees only the head.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sambac_domain::error::ErrorCode;
use sha2::{Digest as _, Sha256, Sha512};

use crate::problem::Problem;

/// What was found out of a signed request's body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignedBody {
    /// Whether there is one.
    pub(crate) is_there: bool,
    /// Whether it is what the header says; `None` without the header.
    pub(crate) is_right: Option<bool>,
}

/// Has a look at signed requests before their routes do. Others pass as they are.
pub(crate) fn around(routes: Router, body_octets_max: usize) -> Router {
    routes.layer(middleware::from_fn_with_state(body_octets_max, look))
}

async fn look(State(most): State<usize>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key("signature-input") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Ok(octets) = axum::body::to_bytes(body, most).await else {
        return Problem::new(ErrorCode::PayloadTooLarge).into_response();
    };
    let is_right = digest(&parts.headers, &octets);
    parts.extensions.insert(SignedBody { is_there: !octets.is_empty(), is_right });
    next.run(Request::from_parts(parts, Body::from(octets))).await
}

/// Of several digests each that we know has to be right, and one of them known.
fn digest(headers: &HeaderMap, octets: &Bytes) -> Option<bool> {
    let mut known = None;
    for value in headers.get_all("content-digest") {
        for entry in value.to_str().unwrap_or_default().split(',') {
            let Some((name, digest)) = entry.trim().split_once('=') else { return Some(false) };
            let digest = digest.trim_matches(':');
            let is_same = match name {
                "sha-256" => STANDARD.encode(Sha256::digest(octets)) == digest,
                "sha-512" => STANDARD.encode(Sha512::digest(octets)) == digest,
                _ => continue,
            };
            known = Some(known.unwrap_or(true) && is_same);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn found(value: &'static str) -> Option<bool> {
        let headers = HeaderMap::from_iter([("content-digest".parse().unwrap(), HeaderValue::from_static(value))]);
        digest(&headers, &Bytes::from_static(b"{\"hello\": \"world\"}"))
    }

    /// The digests of RFC 9421's example request; one that is wrong beside one that is right is wrong.
    #[test]
    fn a_digest_is_held_against_the_body() {
        const RIGHT: &str =
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
        assert_eq!(found(RIGHT), Some(true));
        assert_eq!(found("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"), Some(true));
        assert_eq!(found("md5=:AAAA:"), None);
        assert_eq!(found("sha-256=:AAAA:"), Some(false));
        assert_eq!(found("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:, sha-512=:AAAA:"), Some(false));
        assert_eq!(found("sha-256"), Some(false));
        assert_eq!(digest(&HeaderMap::new(), &Bytes::new()), None);
    }
}
