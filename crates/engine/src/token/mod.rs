//! Access tokens: JSON Web Tokens (RFC 9068, RFC 8725) that stand for an API key for some minutes, or for whoever an issuer outside
//! says ([`crate::issuer`]).
//!
//! ```text
//! let issued = engine.issue_token(&caller, TokenOrder::default()).await?;
//! let caller = engine.authenticate_bearer(issued.text.expose_secret(), address).await?;
//! ```
//!
//! A token never does more than the key that it was made by does at that moment: with every call the key is looked at anew, so that
//! revoking it, or narrowing its scopes or networks, ends or narrows its tokens, too.

mod compact;
mod issue;
mod own;
mod verified;

pub(crate) use compact::Compact;
pub use issue::{IssuedToken, LIFE_DEFAULT_S, LIFE_MAX_S, LIFE_MIN_S, TokenOrder};
pub(crate) use verified::{Holder, Verified, VerifiedTokens};

use std::net::IpAddr;
use std::sync::Arc;

use sambac_domain::error::ErrorCode;

use crate::audit::Refused;
use crate::refusal::Refusal;
use crate::user::is_session_token;
use crate::{Caller, Engine};

/// The `typ` of our access tokens.
pub(crate) const KIND: &str = "at+jwt";

/// What every key of ours begins with, and no token.
const KEY_PREFIX: &str = "sambac_";

impl Engine {
    /// The caller that an API key, an access token or a session stands for. Every failure reads the same, so that none tells which part was right.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`]; [`ErrorCode::ServiceUnavailable`] when the keys that verify tokens cannot be read.
    pub async fn authenticate_bearer(&self, text: &str, address: Option<IpAddr>) -> Result<Caller, Refusal> {
        if is_session_token(text) {
            return self.session_caller(&self.session(text, address).await?);
        }
        if text.starts_with(KEY_PREFIX) || text.is_empty() {
            return self.authenticate(text, address);
        }
        let verified = self.verified_token(text).await?;
        let caller = verified.and_then(|verified| self.token_holder(&verified, address).transpose()).transpose()?;
        caller.ok_or_else(|| {
            self.audit_refusal(Refused::Token(address));
            ErrorCode::Unauthenticated.into()
        })
    }

    /// What a token says, its signature and times verified; `None` when it is none that we take.
    async fn verified_token(&self, text: &str) -> Result<Option<Arc<Verified>>, Refusal> {
        let now = self.0.clock.now();
        if let Some(verified) = self.0.callers.tokens.find(text, now) {
            return Ok(Some(verified));
        }
        let Some(token) = Compact::parse(text) else { return Ok(None) };
        let verified = match self.own_token(&token).await? {
            None => self.foreign_token(&token).await,
            own => own,
        };
        let verified = verified.map(Arc::new);
        if let Some(verified) = &verified {
            self.0.callers.tokens.keep(text, verified);
        }
        Ok(verified)
    }

    /// Who it stands for now; `None` when nobody any more.
    fn token_holder(&self, verified: &Verified, address: Option<IpAddr>) -> Result<Option<Caller>, Refusal> {
        let (snapshot, now) = (self.0.snapshot.load(), self.0.clock.now());
        let scopes = || Arc::clone(&verified.scopes);
        let (key, account, who): (_, _, Arc<str>) = match &verified.holder {
            Holder::Key { id, thumbprint } => {
                let key = snapshot.api_key(*id, now).filter(|key| key.has_thumbprint(thumbprint, now));
                let Some(key) = key else { return Ok(None) };
                (key, key.row.account_id, Arc::from(format!("api key {id}")))
            }
            Holder::Issuer { issuer, account, subject } => {
                // What an issuer may say can have changed since.
                let now = snapshot.issuers.get(&issuer.row.url).filter(|now| now.is_active() && now.row == issuer.row);
                let Some(issuer) = now else { return Ok(None) };
                (&issuer.key, *account, Arc::clone(subject))
            }
        };
        let Some(environment) = key.environment.filter(|_| key.limit.is_some()) else { return Ok(None) };
        self.enter(&snapshot, account, key, environment, address, Some((scopes(), who))).map(Some)
    }
}
