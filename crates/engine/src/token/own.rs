//! Tokens that we have made ourselves.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use sambac_domain::ApiKeyId;

use super::compact::Compact;
use super::verified::{Holder, Verified};
use super::{KIND, LIFE_MAX_S};
use crate::refusal::Refusal;
use crate::{Engine, Scope};

impl Engine {
    /// What a token of ours says; `None` when it is none, or does not hold now.
    pub(super) async fn own_token(&self, token: &Compact<'_>) -> Result<Option<Verified>, Refusal> {
        let own = &*self.0.settings.public_url;
        let is_ours = token.algorithm == Algorithm::EdDSA && token.kind == KIND && token.text("iss") == Some(own);
        if !is_ours || !token.is_for(own) {
            return Ok(None);
        }
        // Our own clock wrote its times.
        let Some(times) = token.times(self.0.clock.now(), 0) else { return Ok(None) };
        let Some(key) = self.token_key(&token.kid, std::time::Duration::from_secs(LIFE_MAX_S.into())).await? else {
            return Ok(None);
        };
        if !token.is_signed_by(&key) {
            return Ok(None);
        }
        let told = || {
            let key: ApiKeyId = token.text("sub")?.parse().ok()?;
            let scopes = token.text("scope")?.split(' ').map(Scope::parse).collect::<Option<Arc<[_]>>>()?;
            let thumbprint = token.text("key_thumbprint")?.to_owned();
            let holder = Holder::Key { id: key, thumbprint };
            Some(Verified { holder, scopes, expires_at: times.expires_at })
        };
        Ok(told())
    }
}
