//! Signed requests at the door: what was signed, as it came.

use axum::http::header;
use axum::http::request::Parts;
use sambac_engine::request_signature::{NewNonce, SignedRequest};
use sambac_engine::{Caller, Engine};

use crate::problem::Problem;
use crate::signed_body::SignedBody;

/// Refuses a request whose signature does not hold, or that has to have one.
pub(super) async fn check(parts: &Parts, engine: &Engine, caller: &Caller) -> Result<(), Problem> {
    if let Some(nonce) = verified(parts, engine, caller)? {
        engine.keep_nonce(nonce).await?;
    }
    Ok(())
}

fn verified(parts: &Parts, engine: &Engine, caller: &Caller) -> Result<Option<NewNonce>, Problem> {
    let header = |name: &str| -> Vec<String> {
        let texts = parts.headers.get_all(name).iter().map(|value| value.to_str().map(|text| text.trim().to_owned()));
        // One that is not ASCII is covered by nobody.
        texts.collect::<Result<_, _>>().unwrap_or_default()
    };
    let body = parts.extensions.get::<SignedBody>();
    let request = SignedRequest {
        method: parts.method.as_str(),
        public_url: engine.public_url(),
        authority: parts.headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default(),
        path: parts.uri.path(),
        query: parts.uri.query(),
        header: &header,
        has_body: body.is_none_or(|body| body.is_there),
        is_digest_right: body.and_then(|body| body.is_right),
    };
    Ok(engine.check_signature(caller, &request)?)
}
