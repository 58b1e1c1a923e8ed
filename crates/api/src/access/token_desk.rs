//! Whoever wants a token: it shows a key, in one of three ways, and can do nothing else.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sambac_domain::error::ErrorCode;
use sambac_engine::Engine;
use sambac_engine::rate::CallGroup;
use sambac_engine::token::{IssuedToken, TokenOrder};

use super::Door;
use crate::problem::Problem;
use crate::witness::Witness;

/// The desk with what the header shows.
pub(crate) struct TokenDesk {
    engine: Engine,
    address: Option<IpAddr>,
    witness: Witness,
    shown: Shown,
}

/// What the `Authorization` header shows.
#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    /// A key by itself.
    Key(String),
    /// A key's id with the key.
    Pair(String, String),
}

impl FromRequestParts<Door> for TokenDesk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let shown = shown(&parts.headers).ok_or(ErrorCode::Unauthenticated)?;
        let (engine, address) = (door.0.engine.clone(), door.0.proxies.origin(parts));
        let witness = parts.extensions.get::<Witness>().cloned().unwrap_or_default();
        Ok(Self { engine, address, witness, shown })
    }
}

impl TokenDesk {
    /// Makes a token for the key that was shown; `id` and `key` are those of the form.
    pub(crate) async fn make(
        self,
        id: Option<&str>,
        key: Option<&str>,
        order: TokenOrder,
    ) -> Result<IssuedToken, Problem> {
        let (id, key) = match (&self.shown, id, key) {
            (Shown::Nothing, Some(id), Some(key)) => (Some(id), key),
            (Shown::Pair(id, key), given, None) if given.is_none_or(|given| given == id) => (Some(&**id), &**key),
            (Shown::Key(key), id, None) => (id, &**key),
            (Shown::Nothing, _, None) => return Err(ErrorCode::Unauthenticated.into()),
            _ => return Err(Problem::new(ErrorCode::InvalidRequest).detail("show one key, in one way")),
        };
        let caller = self.engine.authenticate(key, self.address).map_err(|refusal| Problem::new(refusal.code))?;
        if id.is_some_and(|id| id != caller.api_key_id.to_string()) {
            return Err(ErrorCode::Unauthenticated.into());
        }
        match self.engine.admit(&caller, CallGroup::Manage).await {
            Ok(left) => self.witness.note_limits(left),
            Err(too_often) => {
                self.witness.note_limits(too_often.left);
                return Err(too_often.refusal.into());
            }
        }
        Ok(self.engine.issue_token(&caller, order).await?)
    }
}

/// `None`: there is a header, and nothing of ours in it.
fn shown(headers: &HeaderMap) -> Option<Shown> {
    let Some(authorization) = headers.get(header::AUTHORIZATION) else { return Some(Shown::Nothing) };
    let (scheme, rest) = authorization.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Shown::Key(rest.trim().to_owned()));
    }
    let pair = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok()).flatten()?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, key) = pair.split_once(':')?;
    Some(Shown::Pair(plain(id), plain(key)))
}

/// Both halves are written as in a form (RFC 6749, section 2.3.1).
fn plain(half: &str) -> String {
    form_urlencoded::parse(half.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(value: &str) -> Option<Shown> {
        shown(&HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).expect("ascii"))]))
    }

    /// A key is shown by itself, or with its id; what is neither is refused.
    #[test]
    fn a_key_is_shown_in_one_of_two_ways() {
        assert_eq!(shown(&HeaderMap::new()), Some(Shown::Nothing));
        assert_eq!(of("Bearer sambac_x"), Some(Shown::Key("sambac_x".to_owned())));
        let pair = STANDARD.encode("key%5F1:sambac_live_a.b%2Dc");
        assert_eq!(of(&format!("basic {pair}")), Some(Shown::Pair("key_1".to_owned(), "sambac_live_a.b-c".to_owned())));
        assert_eq!((of("Basic !"), of("Digest x"), of("Basic")), (None, None, None));
    }
}
