//! Persons at the door: who is logged in, by token or by cookie, and who wants to be.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use sambac_domain::error::ErrorCode;
use sambac_engine::Engine;
use sambac_engine::user::{From as Whence, Session, is_session_token};

use super::{Door, presented};
use crate::problem::Problem;

/// The cookie of a session. Its prefix has browsers send it back to us only, over TLS or to this machine.
pub(crate) const SESSION_COOKIE: &str = "__Host-sambac_session";

/// Somebody who is logged in, whatever the role.
pub(crate) struct Person {
    engine: Engine,
    session: Session,
}

/// Somebody who shows nothing yet.
pub(crate) struct Stranger {
    engine: Engine,
    from: Whence,
}

impl Person {
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }
}

impl Stranger {
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// From where it comes.
    pub(crate) fn from(&self) -> &Whence {
        &self.from
    }
}

impl FromRequestParts<Door> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let engine = door.0.engine.clone();
        let token = session_token(parts).ok_or(ErrorCode::Unauthenticated)?;
        let session = engine.session(token, door.0.proxies.origin(parts)).await;
        let session = session.map_err(|refusal| Problem::new(refusal.code))?;
        Ok(Self { engine, session })
    }
}

impl FromRequestParts<Door> for Stranger {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let from = Whence { address: door.0.proxies.origin(parts), agent: agent.to_owned() };
        Ok(Self { engine: door.0.engine.clone(), from })
    }
}

/// The token of a session that a request shows: as a key would be, else by cookie, where no other site's page can have sent it.
pub(super) fn session_token(parts: &Parts) -> Option<&str> {
    match presented(&parts.headers) {
        Some(shown) => Some(shown).filter(|shown| is_session_token(shown)),
        None => cookie(&parts.headers).filter(|_| is_own_page(parts)),
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut own = pairs.filter(|(name, _)| *name == SESSION_COOKIE);
    match (own.next(), own.next()) {
        (Some((_, token)), None) => Some(token),
        // Of two, one is somebody else's.
        _ => None,
    }
}

/// Whether a request that changes something, or whose answer any page could read (a WebSocket), was made by a page of ours: browsers say
/// so, by either header.
fn is_own_page(parts: &Parts) -> bool {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if reads && !parts.headers.contains_key(header::UPGRADE) {
        return true;
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text("host")
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn shown(method: &str, headers: &[(&str, &str)]) -> Option<String> {
        let request = headers
            .iter()
            .fold(Request::builder().method(method), |request, (name, value)| request.header(*name, *value));
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        session_token(&parts).map(str::to_owned)
    }

    const COOKIE: (&str, &str) = ("cookie", "a=1; __Host-sambac_session=sambac_session_x; b=2");

    /// A cookie is believed when it reads, and when it changes something only from a page of ours.
    #[test]
    fn a_cookie_is_no_other_sites_to_use() {
        let token = Some("sambac_session_x".to_owned());
        assert_eq!(shown("GET", &[COOKIE]), token);
        assert_eq!(shown("POST", &[COOKIE, ("sec-fetch-site", "same-origin")]), token);
        let socket = ("upgrade", "websocket");
        assert_eq!(shown("GET", &[COOKIE, socket, ("sec-fetch-site", "same-origin")]), token);
        for other in [("origin", "https://evil.example"), ("sec-fetch-site", "same-site"), ("host", "sms.example")] {
            assert_eq!(shown("GET", &[COOKIE, socket, other]), None, "{other:?}");
        }
        assert_eq!(shown("POST", &[COOKIE, ("host", "sms.example"), ("origin", "https://sms.example")]), token);
        for headers in [
            vec![COOKIE],
            vec![COOKIE, ("sec-fetch-site", "cross-site")],
            vec![COOKIE, ("sec-fetch-site", "same-site")],
            vec![COOKIE, ("sec-fetch-site", "none")],
            vec![COOKIE, ("sec-fetch-site", "cross-site"), ("host", "sms.example"), ("origin", "https://sms.example")],
            vec![COOKIE, ("host", "sms.example"), ("origin", "https://evil.example")],
            vec![COOKIE, ("host", "sms.example"), ("origin", "null")],
        ] {
            assert_eq!(shown("POST", &headers), None, "{headers:?}");
        }
        assert_eq!(shown("GET", &[COOKIE, ("authorization", "Bearer sambac_live_x")]), None, "a key goes before");
        assert_eq!(shown("GET", &[COOKIE, COOKIE]), None);
        assert_eq!(shown("GET", &[("authorization", "Bearer sambac_session_y")]).as_deref(), Some("sambac_session_y"));
    }
}
