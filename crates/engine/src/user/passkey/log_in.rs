//! Logging in by a passkey alone. Whatever is wrong, the answer is the same.

use sambac_domain::error::ErrorCode;
use sambac_store::StoreError;
use sambac_store::rows::{AccessState, PasskeyRow, UserRow};
use serde::Deserialize as _;
use serde_json::Value;
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PublicKeyCredential, Webauthn, WebauthnError};

use super::add::handle;
use super::ceremony::{self, Ceremony, Purpose};
use super::{Challenge, options, written};
use crate::Engine;
use crate::audit::Event;
use crate::refusal::Refusal;
use crate::user::refused;
use crate::user::session::{Begun, From};

impl Engine {
    /// A challenge for whoever wants to log in. It tells nothing of anybody.
    ///
    /// # Errors
    /// [`ErrorCode::WrongState`] when the platform has no name of a site.
    pub fn passkey_challenge(&self) -> Result<Challenge, Refusal> {
        let begun = self.relying_party()?.start_discoverable_authentication();
        let (challenge, state) = begun.map_err(|_| ErrorCode::Internal)?;
        let ceremony = ceremony::sealed(self.seal(), Purpose::LogIn, state, self.0.clock.now());
        let ceremony = ceremony.map_err(|_| ErrorCode::Internal)?;
        Ok(Challenge { ceremony, options: options(&challenge)? })
    }

    /// Begins a session for whose device answers a challenge. It counts as both factors.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`], whatever was wrong; [`ErrorCode::RateLimited`] for an address that failed too often lately.
    pub async fn log_in_by_passkey(&self, ceremony: &str, credential: &Value, from: &From) -> Result<Begun, Refusal> {
        // Nobody is named before the signature is right: addresses are told apart, and each challenge is a login of its own.
        self.may_try(ceremony, from.address)?;
        let (site, now) = (self.relying_party()?, self.0.clock.now());
        let opened = ceremony::opened(self.seal(), Purpose::LogIn, ceremony, now);
        let credential = PublicKeyCredential::deserialize(credential).ok();
        let (Some(Ceremony { state, digest, ends_at }), Some(credential)) = (opened, credential) else {
            return Err(self.failed(ceremony, from.address));
        };
        let Some((user, row)) = self.holder(&credential).await? else {
            return Err(self.failed(ceremony, from.address));
        };
        let Some(passkey) = self.answered(&site, &credential, state, &user, &row).await else {
            return Err(self.failed(ceremony, from.address));
        };
        let passkey = serde_json::to_string(&passkey).map_err(|_| ErrorCode::Internal)?;
        let mut work = self.0.store.begin().await.map_err(refused)?;
        match work.answer_challenge(&digest, ends_at, now).await {
            Err(StoreError::Conflict("passkey_answers.digest")) => return Err(self.failed(ceremony, from.address)),
            answered => answered.map_err(refused)?,
        }
        if !work.use_passkey(&row, &passkey, now).await.map_err(refused)? {
            // Two answers with one count of the device: only one of them is believed.
            return Err(self.failed(ceremony, from.address));
        }
        work.commit().await.map_err(refused)?;
        self.begin_session(user, true, from, "user.log_in_by_passkey").await
    }

    /// Whose passkey a device names, if he may log in.
    async fn holder(&self, credential: &PublicKeyCredential) -> Result<Option<(UserRow, PasskeyRow)>, Refusal> {
        let id = written(credential.get_credential_id());
        let Some(row) = self.0.store.passkey_by_credential(&id).await.map_err(refused)? else { return Ok(None) };
        let user = self.0.store.user(row.user_id).await.map_err(refused)?;
        let is_his = credential.get_user_unique_id() == Some(handle(row.user_id).as_bytes());
        Ok(user.filter(|user| is_his && user.state == AccessState::Active).map(|user| (user, row)))
    }

    /// The passkey as it is after a right answer.
    async fn answered(
        &self,
        site: &Webauthn,
        credential: &PublicKeyCredential,
        state: DiscoverableAuthentication,
        user: &UserRow,
        row: &PasskeyRow,
    ) -> Option<Passkey> {
        let mut passkey: Passkey = serde_json::from_str(&row.credential).ok()?;
        match site.finish_discoverable_authentication_v2(credential, state, &passkey) {
            Ok(result) => {
                passkey.update_credential(&result);
                Some(passkey)
            }
            Err(error) => {
                // Its counter went backwards: somebody has a copy of the device's key.
                if matches!(error, WebauthnError::CredentialPossibleCompromise) {
                    let event = Event::new(format!("user {}", user.login), "user.passkey_copied", user.id.to_string());
                    self.audit(event.of(user.account_id).with("passkey", row.id.to_string())).await;
                }
                None
            }
        }
    }
}
