//! Tokens are made: for a key, with its scopes or fewer, for some minutes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sambac_domain::ApiKeyId;
use sambac_domain::error::ErrorCode;
use secrecy::SecretString;
use serde::Serialize;

use super::KIND;
use crate::api_key::random_octets;
use crate::audit::Event;
use crate::refusal::Refusal;
use crate::{Caller, Engine, Scope};

/// Seconds that a token holds when nothing is said.
pub const LIFE_DEFAULT_S: u32 = 600;
/// And at least.
pub const LIFE_MIN_S: u32 = 10;
/// And at most.
pub const LIFE_MAX_S: u32 = 3_600;

/// A token to make.
#[derive(Clone, Debug, Default)]
pub struct TokenOrder {
    /// Words of scopes, separated by spaces; all that the key has if none is given.
    pub scope: String,
    /// Seconds that it is to hold.
    pub life_s: Option<u32>,
}

/// A token with what it is told with.
pub struct IssuedToken {
    /// The token itself.
    pub text: SecretString,
    /// Seconds that it holds.
    pub life_s: u32,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: ApiKeyId,
    aud: &'a str,
    client_id: ApiKeyId,
    account: sambac_domain::AccountId,
    scope: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    /// Of the key's secret: a token ends with it.
    key_thumbprint: String,
}

impl Engine {
    /// Makes a token for who calls.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidScope`] for what the key may not do itself, [`ErrorCode::InvalidRequest`] for a life that is not possible,
    /// [`ErrorCode::Forbidden`] when who calls has a token itself, [`ErrorCode::ServiceUnavailable`] when no signing key can be had.
    pub async fn issue_token(&self, caller: &Caller, order: TokenOrder) -> Result<IssuedToken, Refusal> {
        if !caller.is_by_key() {
            return Err(Refusal::new(ErrorCode::Forbidden, "tokens are made with the API key itself"));
        }
        let life_s = order.life_s.unwrap_or(LIFE_DEFAULT_S);
        if !(LIFE_MIN_S..=LIFE_MAX_S).contains(&life_s) {
            let why = format!("must be from {LIFE_MIN_S} to {LIFE_MAX_S}");
            return Err(Refusal::new(ErrorCode::InvalidRequest, why).at("/expires_in"));
        }
        let scopes = granted(caller, &order.scope)?;
        let now = self.0.clock.now();
        let jti = URL_SAFE_NO_PAD.encode(random_octets::<16>().map_err(|_| ErrorCode::Internal)?);
        let scope = scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
        let issuer = &*self.0.settings.public_url;
        let claims = Claims {
            iss: issuer,
            sub: caller.api_key_id,
            aud: issuer,
            client_id: caller.api_key_id,
            account: caller.account_id,
            scope,
            iat: now.as_secs(),
            nbf: now.as_secs(),
            exp: now.as_secs() + i64::from(life_s),
            jti,
            key_thumbprint: caller.key.thumbprint(),
        };
        let text = SecretString::from(self.sign(KIND, &claims).await?);
        let event = Event::new(caller.actor(), "token.issue", &*claims.jti).of(caller.account_id).from(caller.address);
        self.audit(event.with("scope", claims.scope).with("life_s", life_s)).await;
        Ok(IssuedToken { text, life_s, scopes })
    }
}

/// What is asked for, each once; refused as soon as one is not the key's.
fn granted(caller: &Caller, wanted: &str) -> Result<Vec<Scope>, Refusal> {
    let mut scopes = Vec::new();
    for word in wanted.split(' ').filter(|word| !word.is_empty()) {
        let held = Scope::parse(word).filter(|scope| caller.has(*scope));
        let scope = held.ok_or_else(|| {
            let known = if Scope::parse(word).is_some() { "the API key lacks it" } else { "there is no such scope" };
            Refusal::new(ErrorCode::InvalidScope, known).at("/scope")
        })?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    if scopes.is_empty() {
        scopes = caller.scopes();
    }
    if scopes.is_empty() { Err(Refusal::new(ErrorCode::InvalidScope, "the API key has no scope")) } else { Ok(scopes) }
}
