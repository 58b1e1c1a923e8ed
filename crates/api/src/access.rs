//! Who calls and what they may do. The engine can be reached only through [`Authorised`], which checks key and scope
//! first: a handler that forgets to authenticate has nothing to call and does not compile.
//!
//! ```text
//! async fn handler(client: Authorised<scope::BalanceRead>) -> … { client.engine().balance(client.account_id()) }
//! ```

mod person;
mod signed_request;
mod test_key;
mod token_desk;

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use sambac_domain::error::ErrorCode;
use sambac_domain::{AccountId, ApiKeyId};
use sambac_engine::admin::{AdminScope, Administrator};
use sambac_engine::rate::CallGroup;
use sambac_engine::signing::PublicKey;
use sambac_engine::{Caller, Engine, Scope};

use crate::origin::Proxies;
use crate::problem::Problem;
use crate::witness::{self, Witness};

pub(crate) use person::{Person, SESSION_COOKIE, Stranger};
pub(crate) use token_desk::TokenDesk;

/// The state of the public router: the engine behind a door that only this file can open.
#[derive(Clone)]
pub(crate) struct Door(Arc<Behind>);

struct Behind {
    engine: Engine,
    proxies: Proxies,
}

/// A caller whose key, or token, is valid and has the scope `S`.
pub(crate) struct Authorised<S> {
    engine: Engine,
    caller: Caller,
    scope: PhantomData<S>,
}

/// An administrator whose key is valid and has the scope `S`. A client's key is no admin key, nor the reverse.
pub(crate) struct Admin<S> {
    engine: Engine,
    administrator: Administrator,
    scope: PhantomData<S>,
}

/// A scope of the admin API as a type.
pub(crate) trait AsksAdmin {
    /// The scope.
    const SCOPE: AdminScope;
}

/// The scopes of the admin API as types.
pub(crate) mod admin_scope {
    use super::{AdminScope, AsksAdmin};

    macro_rules! scopes {
        ($($name:ident)+) => {$(
            pub(crate) struct $name;

            impl AsksAdmin for $name {
                const SCOPE: AdminScope = AdminScope::$name;
            }
        )+};
    }

    scopes! {
        ConfigRead ConfigWrite Operations ChargesWrite TransfersWrite BalancesRead CdrRead NumbersErase AuditsRead
        UsersWrite
    }
}

/// A scope as a type, so that an endpoint's signature names what it asks for.
pub(crate) trait Asks {
    /// The scope.
    const SCOPE: Scope;
}

/// The scopes as types.
pub(crate) mod scope {
    use super::{Asks, Scope};

    macro_rules! scopes {
        ($($name:ident)+) => {$(
            pub(crate) struct $name;

            impl Asks for $name {
                const SCOPE: Scope = Scope::$name;
            }
        )+};
    }

    scopes! {
        SmsSend SmsRead BalanceRead PaymentsWrite WebhooksWrite EventsRead KeysWrite TeamWrite AuditRead TemplatesWrite
        TemplatesApprove OptOutsWrite OtpSend OtpCheck OtpRead OtpProfiles
    }
}

impl Door {
    pub(crate) fn new(engine: Engine, proxies: Proxies) -> Self {
        Self(Arc::new(Behind { engine, proxies }))
    }
}

impl<S> Authorised<S> {
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whose objects the call may see and whose money it spends.
    pub(crate) fn account_id(&self) -> AccountId {
        self.caller.account_id
    }

    /// Who calls.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The key that was used.
    pub(crate) fn api_key_id(&self) -> ApiKeyId {
        self.caller.api_key_id
    }
}

impl<S: Asks> FromRequestParts<Door> for Authorised<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let key = shown(parts).ok_or(ErrorCode::Unauthenticated)?;
        let Behind { engine, proxies } = &*door.0;
        let address = proxies.origin(parts);
        let caller = engine.authenticate_bearer(key, address).await.map_err(|refusal| Problem::new(refusal.code))?;
        Witness::saw_client(parts, engine, &caller, address);
        match engine.admit(&caller, group(parts)).await {
            Ok(left) => Witness::saw_limits(parts, left),
            Err(too_often) => {
                Witness::saw_limits(parts, too_often.left);
                return Err(too_often.refusal.into());
            }
        }
        caller.require(S::SCOPE)?;
        signed_request::check(parts, engine, &caller).await?;
        Ok(Self { engine: engine.clone(), caller, scope: PhantomData })
    }
}

impl<S> Admin<S> {
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Who calls.
    pub(crate) fn administrator(&self) -> &Administrator {
        &self.administrator
    }
}

impl<S: AsksAdmin> FromRequestParts<Door> for Admin<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let key = shown(parts).ok_or(ErrorCode::Unauthenticated)?;
        let Behind { engine, proxies } = &*door.0;
        let address = proxies.origin(parts);
        let administrator = engine.authenticate_administrator(key, address).await;
        let administrator = administrator.map_err(|refusal| Problem::new(refusal.code))?;
        Witness::saw_administrator(parts, engine, administrator.author(), address);
        administrator.require(S::SCOPE)?;
        Ok(Self { engine: engine.clone(), administrator, scope: PhantomData })
    }
}

/// Whoever tells something that is believed by its signature: a payment provider. It can do nothing else.
pub(crate) struct Teller(Engine);

impl Teller {
    /// Takes a payment provider's webhook. Answers whether it is new.
    pub(crate) async fn tell(&self, provider: &str, signature: &str, body: &[u8]) -> Result<bool, Problem> {
        Ok(self.0.payment_event(provider, signature, body).await?)
    }
}

impl FromRequestParts<Door> for Teller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_parts: &mut Parts, door: &Door) -> Result<Self, Self::Rejection> {
        Ok(Self(door.0.engine.clone()))
    }
}

/// Which of the account's limits apply to a call.
fn group(parts: &Parts) -> CallGroup {
    match (&parts.method, parts.uri.path()) {
        (&Method::GET, _) => CallGroup::Read,
        (_, path) if witness::is_traffic(path) => CallGroup::Send,
        _ => CallGroup::Manage,
    }
}

/// Whoever verifies what we signed: it may see the public halves of our keys, and nothing else.
pub(crate) struct Verifier(Engine);

impl Verifier {
    /// Where clients reach us.
    pub(crate) fn public_url(&self) -> String {
        self.0.public_url().to_owned()
    }

    /// The public halves of our signing keys.
    pub(crate) async fn public_keys(&self) -> Result<Vec<PublicKey>, Problem> {
        Ok(self.0.public_keys().await?)
    }
}

impl FromRequestParts<Door> for Verifier {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_parts: &mut Parts, door: &Door) -> Result<Self, Self::Rejection> {
        Ok(Self(door.0.engine.clone()))
    }
}

/// What a call shows: in a header, else a session by cookie.
fn shown(parts: &Parts) -> Option<&str> {
    presented(&parts.headers).or_else(|| person::session_token(parts))
}

/// The key of `Authorization: Bearer …`, or of `X-Api-Key`. Of two keys neither is taken: who looks at the one would not see what is
/// done with the other.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let (bearers, keys) = (headers.get_all(header::AUTHORIZATION).iter(), headers.get_all("x-api-key").iter());
    if bearers.count() + keys.count() > 1 {
        return None;
    }
    match headers.get(header::AUTHORIZATION) {
        Some(authorization) => {
            let (scheme, key) = authorization.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        }
        None => headers.get("x-api-key")?.to_str().ok(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn presented_by(name: &'static str, value: &'static str) -> Option<String> {
        let headers = HeaderMap::from_iter([(name.parse().expect("a name"), HeaderValue::from_static(value))]);
        presented(&headers).map(str::to_owned)
    }

    #[test]
    fn a_key_is_taken_from_either_header() {
        assert_eq!(presented_by("authorization", "Bearer abc").as_deref(), Some("abc"));
        assert_eq!(presented_by("authorization", "bearer  abc ").as_deref(), Some("abc"));
        assert_eq!(presented_by("x-api-key", "abc").as_deref(), Some("abc"));
    }

    #[test]
    fn anything_else_is_no_key() {
        assert_eq!(presented_by("authorization", "Basic abc"), None);
        assert_eq!(presented_by("authorization", "Bearer"), None);
        assert_eq!(presented_by("cookie", "key=abc"), None);
    }

    #[test]
    fn of_two_keys_neither_is_taken() {
        for (one, other) in
            [("authorization", "x-api-key"), ("authorization", "authorization"), ("x-api-key", "x-api-key")]
        {
            let mut headers = HeaderMap::new();
            for name in [one, other] {
                headers.append(
                    name.parse::<axum::http::HeaderName>().expect("a name"),
                    HeaderValue::from_static("Bearer abc"),
                );
            }
            assert_eq!(presented(&headers), None, "{one} {other}");
        }
    }
}
